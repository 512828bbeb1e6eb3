"""Field configuration as plain values: units, thresholds, value mappings, table columns, data links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Steps = Sequence[tuple[float | None, str]]

NO_DATA = "no data yet"
GREY = "#808080"
"""Unknown: neither good nor bad. Grafana's palette has no grey with a name."""

CELLS: Json = {"align": "auto", "inspect": False, "filterable": True}
"""``custom`` of a table: a reader can filter by names and states; a filter on numbers only costs room."""

TREND_COLUMN = "Trend #Trend"
"""The field that Grafana's timeSeriesTable makes of the query called Trend."""


def thresholds(steps: Steps) -> Json:
    """Absolute thresholds; the first step's value is None (from minus infinity on)."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def words(meaning: Mapping[str, tuple[str, str]]) -> Json:
    """Value -> (word, colour): a state is always said in both."""
    options = {
        value: {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(meaning.items())
    }
    return {"type": "value", "options": options}


def fixed(color: str) -> Json:
    """One colour, whatever the value."""
    return {"mode": "fixed", "fixedColor": color}


def absent(text: str = NO_DATA) -> Json:
    """Says in a word, on grey, that there is no value; without it a threshold's base colour would judge it."""
    return {"type": "special", "options": {"match": "null+nan", "result": {"text": text, "color": GREY, "index": 99}}}


EMPTY: Json = {"type": "special", "options": {"match": "null+nan", "result": {"text": "", "color": "transparent"}}}
"""A cell without an answer stays empty: neither a word of the panel nor a threshold's base colour fills it."""


def field(
    unit: str = "none",
    *,
    steps: Steps = ((None, "text"),),
    mappings: Sequence[Json] = (),
    span: tuple[float | None, float | None] = (None, None),
    decimals: int | None = None,
    no_value: str = NO_DATA,
    color: str = "thresholds",
    custom: Json | None = None,
) -> Json:
    """A panel's ``fieldConfig.defaults``; ``span`` is (min, max) of gauges and axes."""
    return {
        "unit": unit,
        "thresholds": thresholds(steps),
        "mappings": list(mappings),
        "min": span[0],
        "max": span[1],
        "decimals": decimals,
        "noValue": no_value,
        "color": {"mode": color},
        "custom": custom or {},
    }


def link(title: str, url: str, *, new_tab: bool = False) -> Json:
    """A data link of a cell."""
    return {"title": title, "url": url, "targetBlank": new_tab}


def override(matcher: str, options: str, properties: Mapping[str, Any]) -> Json:
    """Properties of the fields that the matcher (``byName``, ``byRegexp``, ``byType``) finds, if they are not None."""
    chosen = [{"id": key, "value": value} for key, value in properties.items() if value is not None]
    return {"matcher": {"id": matcher, "options": options}, "properties": chosen}


def empty_cells() -> list[Json]:
    """What a table shows where there is nothing, before any column has its say.

    A label that an entity has not stays empty: else Grafana would write the panel's ``noValue`` there, which is about
    the whole table, and links would carry it as if it were the label. A number that is not known is a grey dash, which
    fits the narrowest column: thresholds would judge it.
    """
    return [
        override("byType", "string", {"noValue": ""}),
        # Said twice, for in Grafana 11 the mappings of a column replace these.
        override("byType", "number", {"noValue": "–", "mappings": [absent("–")]}),
    ]


def column(name: str, width: int | None = None, **properties: Any) -> Json:
    """How a table shows the column called ``name``. Keywords are property ids, a dot written as two underscores.

    Columns without a ``width`` share what the others leave, at least 150 pixels each: that of the names, so that a wall
    shows long ones in whole and a phone has room for a state beside them.
    """
    named = {key.replace("__", "."): value for key, value in properties.items()}
    return override("byName", name, {"custom.width": width, **named})


def hidden_column(name: str) -> Json:
    """A column for links only. Grafana 11 knows the first property, 12 and 13 the second; each ignores the other."""
    return column(name, custom__hidden=True, custom__hideFrom={"viz": True, "legend": False, "tooltip": False})


def word_column(name: str, width: int, meaning: Mapping[str, tuple[str, str]]) -> Json:
    """A column of states: the word on its colour."""
    return column(
        name,
        width,
        mappings=[words(meaning), EMPTY],
        custom__align="center",
        custom__cellOptions={"type": "color-background", "mode": "basic"},
    )


def number_column(name: str, width: int, unit: str, steps: Steps | None = None, decimals: int | None = None) -> Json:
    """A column of numbers, coloured as text where ``steps`` are given."""
    return column(
        name,
        width,
        unit=unit,
        decimals=decimals,
        thresholds=thresholds(steps) if steps else None,
        custom__cellOptions={"type": "color-text"} if steps else None,
        custom__filterable=False,
    )


def gauge_column(name: str, width: int | None, steps: Steps) -> Json:
    """A column of ratios 0..1 as a bar with the percentage beside it."""
    return column(
        name,
        width,
        unit="percentunit",
        decimals=1,
        min=0,
        max=1,
        thresholds=thresholds(steps),
        custom__cellOptions={"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
        custom__filterable=False,
    )


def sparkline_column(name: str, width: int | None = None) -> Json:
    """A column of small graphs."""
    return column(
        name,
        width,
        custom__cellOptions={"type": "sparkline", "hideValue": True, "lineWidth": 1, "fillOpacity": 10},
        custom__filterable=False,
    )
