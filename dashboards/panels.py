"""grafanalib's panels with the options that Grafana 11 and later read.

grafanalib 0.7.1 writes options of Grafana 6 to 9: string thresholds, ``fieldOptions``, ``displayMode``, reducer mean.
The classes here keep its skeleton of a panel and replace what is inside; ``normalise`` drops its dead keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from grafanalib import core

from dashboards.fields import Json, empty_cells

PROMETHEUS: Json = {"type": "prometheus", "uid": "${datasource}"}
_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_TOOLTIP: Json = {"mode": "multi", "sort": "desc"}
_LAST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}


class Panel(core.Panel):  # type: ignore[misc] # grafanalib ships no types
    """A panel with a stable ``key``, from which its id comes (``dashboards.ids``)."""

    kind: ClassVar[str]
    options: ClassVar[Json]

    def __init__(
        self,
        key: str,
        title: str,
        description: str,
        targets: Sequence[core.Target] = (),
        *,
        field: Json | None = None,
        overrides: Sequence[Json] = (),
        transformations: Sequence[Json] = (),
        source: Json = PROMETHEUS,
        **options: Any,
    ) -> None:
        """``field`` is ``fieldConfig.defaults``; ``options`` replace the kind's own, key by key."""
        super().__init__(
            title=title,
            description=description,
            dataSource=source if targets else None,
            targets=list(targets),
            transformations=list(transformations),
        )
        self.key = key
        self._model = {
            "type": self.kind,
            "options": {**self.options, **options},
            "fieldConfig": {"defaults": field or {}, "overrides": [*self.common(), *overrides]},
        }

    def common(self) -> list[Json]:
        """Overrides that all panels of the kind have, before their own."""
        return []

    def to_json_data(self) -> Json:
        """The panel as grafanalib writes it, with our model on top."""
        model: Json = self.panel_json(self._model)
        return model


class Stat(Panel):
    """One number on its colour."""

    kind = "stat"
    options: ClassVar[Json] = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": _LAST,
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    }


class Table(Panel):
    """Rows of instant queries. Its ``noValue`` stands for the whole panel, not in each empty cell."""

    kind = "table"
    options: ClassVar[Json] = {"cellHeight": "sm", "showHeader": True, "sortBy": []}

    def common(self) -> list[Json]:
        """Empty cells."""
        return empty_cells()


class TimeSeries(Panel):
    """Lines over time; a gap in the data stays a gap."""

    kind = "timeseries"
    options: ClassVar[Json] = {"legend": _LEGEND, "tooltip": _TOOLTIP}


class StateTimeline(Panel):
    """One band per entity, coloured by state."""

    kind = "state-timeline"
    options: ClassVar[Json] = {
        "alignValue": "left",
        "legend": _LEGEND,
        "mergeValues": True,
        "perPage": 20,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }


class BarGauge(Panel):
    """One bar per entity, for comparison now."""

    kind = "bargauge"
    options: ClassVar[Json] = {
        "displayMode": "basic",
        "legend": {**_LEGEND, "showLegend": False},
        "maxVizHeight": 40,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": _LAST,
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "text",
    }


class Text(Panel):
    """Markdown."""

    kind = "text"
    options: ClassVar[Json] = {"mode": "markdown"}


def repeated(panel: Panel, variable: str) -> Panel:
    """The panel once for each chosen value of the variable, at most three side by side."""
    panel.repeat = core.Repeat(direction="h", variable=variable, maxPerRow=3)
    return panel


def line(*, style: str = "off", scale: Json | None = None, axis: str = "") -> Json:
    """``custom`` of a time series: plain lines; ``style`` of the threshold lines, ``scale`` of the axis."""
    return {
        "axisLabel": axis,
        "drawStyle": "line",
        "fillOpacity": 0,
        "lineInterpolation": "linear",
        "lineWidth": 2,
        "scaleDistribution": scale or {"type": "linear"},
        "showPoints": "auto",
        "spanNulls": False,
        "thresholdsStyle": {"mode": style},
    }


def now(ref: str, expr: str, legend: str = "", *, table: bool = False) -> core.Target:
    """A query for this instant."""
    return core.Target(
        refId=ref, expr=expr, legendFormat=legend, instant=True, format="table" if table else "time_series"
    )


def over_time(ref: str, expr: str, legend: str = "", *, interval: str = "") -> core.Target:
    """A query over the chosen range; ``interval`` is its finest step where that is not the panel's."""
    return core.Target(refId=ref, expr=expr, legendFormat=legend, interval=interval)


def columns(key: str, names: dict[str, str], *, trend: str | None = None, first: Sequence[Json] = ()) -> list[Json]:
    """Transformations that make one table of several queries.

    Joins them by the label ``key``, keeps the fields in ``names`` in that order under their new names, drops the rest
    (``key`` too, unless it is named). ``trend`` is the query whose series become small graphs: the filter matters,
    because timeSeriesTable takes any table of one row for a series and swallows its columns. ``first`` are done before
    columns are dropped: a table can be sorted by what it does not show.
    """
    organise = {
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": names,
        "includeByName": dict.fromkeys(names, True),
    }
    steps: list[Json] = [
        {"id": "joinByField", "options": {"byField": key, "mode": "outer"}},
        *first,
        {"id": "organize", "options": organise},
    ]
    if trend:
        graphs = {"id": "timeSeriesTable", "options": {trend: {"stat": "lastNotNull"}}}
        steps.insert(0, {**graphs, "filter": {"id": "byRefId", "options": trend}})
    return steps


def sort(name: str, *, descending: bool = False) -> Json:
    """Sort rows by a column; Grafana's sort is stable, so the last one given is the first key.

    The column needs a value in every row. Grafana subtracts, and next to a cell without a value every order is right to
    it: one gap, and the other rows are not sorted either.
    """
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": name, "desc": descending}]}}
