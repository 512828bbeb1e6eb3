"""Grafana Live in a table: what winburn pushes at every refresh, without asking Prometheus.

https://grafana.com/docs/grafana/latest/setup-grafana/set-up-grafana-live/ describes channels and pushes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dashboards.fields import Json

GRAFANA: Json = {"type": "datasource", "uid": "grafana"}
"""Grafana itself, which is where its channels are."""
STREAM = "winburn"
"""As exporter.notify.grafana pushes it; a test compares them."""
BUFFER_MS = 60_000
"""How much of a channel a page keeps: only the last push is shown, and pushes may be a minute apart."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A query for the rows of one measurement that :mod:`exporter.notify.lines` pushes."""

    refId: str  # noqa: N815 - as in grafanalib, whose targets stand beside it
    measurement: str
    fields: tuple[str, ...]
    instant: ClassVar[bool] = True

    def to_json_data(self) -> Json:
        """The query as Grafana's own data source has it."""
        return {
            "buffer": BUFFER_MS,
            "channel": f"stream/{STREAM}/{self.measurement}",
            "datasource": GRAFANA,
            "filter": {"fields": ["time", *self.fields]},
            "queryType": "measurements",
            "refId": self.refId,
        }


def rows_of(tag: str) -> tuple[list[Json], str]:
    """Transformations that make one row for each value of ``tag`` with a column for each field; the tag's column.

    Grafana gives one field for each (field, labels). The reducer is ``last`` and rows of null are taken out, because
    every push has all that lives: with lastNotNull what is gone would stay for ever.
    """
    gone = {"fieldName": "Last", "config": {"id": "isNull", "options": {}}}
    matrix = {"rowField": tag, "columnField": "Field", "valueField": "Last", "emptyValue": "null"}
    return [
        {"id": "reduce", "options": {"mode": "seriesToRows", "reducers": ["last"], "labelsToFields": True}},
        {"id": "filterByValue", "options": {"type": "exclude", "match": "any", "filters": [gone]}},
        {"id": "groupingToMatrix", "options": matrix},
    ], f"{tag}\\Field"


def computed(name: str, left: str, operator: str, right: str) -> Json:
    """A transformation that adds a column from two others; by the names that they have before ``organised``."""
    binary = {"left": left, "operator": operator, "right": right}
    return {"id": "calculateField", "options": {"alias": name, "mode": "binary", "binary": binary}}


def organised(names: dict[str, str]) -> Json:
    """A transformation that keeps the columns in ``names``, in that order and under their new names."""
    options: Json = {
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": names,
        "includeByName": dict.fromkeys(names, True),
    }
    return {"id": "organize", "options": options}
