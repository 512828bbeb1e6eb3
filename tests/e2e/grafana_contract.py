"""What a panel must look like once Grafana's own code has been over it, as sentences; none is good.

A panel is proved with ``size`` entities of each kind: none, one, two, many. tests/grafana/prove.cjs gives what is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from math import inf
from typing import Any
from urllib.parse import quote

from tests.dashboards.documents import Json

Answers = Mapping[str, Json]
"""refId -> ``data`` of Prometheus' answer."""

NOTHING, NO_DATA, GREY = "–", "no data yet", "#808080"
CLEAR = "#00000000"
PLAIN = {GREY, "#ccccdc", CLEAR, None}
"""Colours that judge nothing: grey, the theme's text, none."""
NEVER = "Last success"
"""Without a value here something never succeeded, which is longer ago than anything."""
ORDER: dict[str, tuple[tuple[str, bool], ...]] = {
    # columns, and whether what is more comes first
    "SLOs, worst first": (("Status", True), ("Budget left", False)),
    "Each group": (("Status", True), ("Budget left", False)),
    "Firing alerts": (("Since", True),),
    "Firing alerts of experiments": (("Since", True),),
    "Running experiments of these services": (("Experiment", False),),
    "Health before results": (("Split", True), ("Arrivals", True)),
    "What next": (("Experiment", False), ("Variant", False)),
    "Side by side": (("Win ratio of best", True),),
    "Traffic against plan": (("Experiment", False), ("Variant", False)),
    "Results": (("Experiment", False), ("Role", True), ("Variant", False)),
    "Results of each metric": (("Experiment", False), ("Role", True), ("Variant", False)),
    "Guardrail SLOs": (("State", True), ("Variant", False)),
    "Cost, worth and return": (("Experiment", False), ("Variant", False)),
    "Segments": (("Segment", False), ("Variant", False)),
    "Sources": (("State", False),),
    "Collectors": (("State", False), (NEVER, True)),
    "Processes": (("Process", False),),
    "Monitoring sessions of content": (("Persona", False),),
    "Variants, as they change (Grafana Live)": (("Engagement", True),),
    "Variants now": (("Engagement", True),),
    "Kill feed": (("Killed", True),),
    "Suggestions": (("Do", False),),
    "Fatigue of patterns": (("State", True), ("Freshness", False)),
}
"""The first rows of a table are the ones to look at first: each table, and how it is meant to be sorted."""

SOMETIMES = {
    "SLOs, worst first": {"Group"},
    "Each group": {"Group"},
    "Firing alerts": {"Group", "Tier", "Source", "Collector", "Family", "Acknowledged by", "Until"},
    "Firing alerts of experiments": {"Variant", "Metric", "Guardrail", "Currency"},
}
"""Columns that are there only while an alert or an SLO has the label; MANY entities have them all."""
MANY = 5

_FIELD = re.compile(r"\$\{__data\.fields\.([^}:.]+)(?::(\w+))?\}")


def problems(panel: Json, proof: Json, answers: Answers, size: int) -> list[str]:
    """All that is wrong, each with the name of the check that found it."""
    if proof["error"]:
        return [f"error: {proof['error'].splitlines()[0]}"]
    found = [f"warning: {text}" for text in proof["warnings"]]
    found += [f"unknown: {name}" for name in proof["unknown"]]
    checks = CHECKS[panel["type"] if panel["type"] in CHECKS else "graph"]
    if size and not all(answer["result"] for answer in answers.values()):
        # A query without an answer brings no column and no line: what is left can still be wrong.
        checks = tuple(check for check in checks if check not in {steps, overrides, columns, lines})
    return found + [f"{check.__name__}: {text}" for check in checks for text in check(panel, proof, answers, size)]


def steps(panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """Every field that a transformation names is there when its turn comes.

    A column may have several sources of which one is enough ("Value" and "Value #A": the name depends on how many
    queries answer).
    """
    for step in proof["steps"] if size else ():
        names, options = {name for frame in step["names"] for name in frame}, step["options"]
        if step["id"] == "organize":
            sources: dict[str, set[str]] = {}
            for old, new in options["renameByName"].items():
                sources.setdefault(new, set()).add(old)
            absent = [new for new, old in sorted(sources.items()) if not old & names]
            yield from (f"no field for {new}" for new in absent if new not in _may_lack(panel, size))
            wanted = set(options["indexByName"]) | set(options["includeByName"])
            yield from (f"{name} is not renamed" for name in sorted(wanted - set(options["renameByName"])))
        for name in _named(step["id"], options):
            if name not in names:
                yield f"{step['id']}: no field {name}"
        if step["gaps"]:
            yield f"sorts by {_named(step['id'], options)}, which {step['gaps']} rows have not"
        if step["id"] == "joinByField":
            key = options.get("byField")
            without = [frame for frame in step["names"] if frame and key not in frame]
            yield from (f"joinByField: a table without {key}: {frame}" for frame in without)
        if len(step["names"]) > 1 and step["id"] in {"organize", "sortBy"}:
            yield f"{step['id']}: {len(step['names'])} tables where one is shown"


def _may_lack(panel: Json, size: int) -> set[str]:
    return SOMETIMES.get(panel["title"], set()) if size < MANY else set()


def _named(kind: str, options: Json) -> list[str]:
    if kind == "sortBy":
        return [each["field"] for each in options["sort"]]
    if kind == "filterByValue":
        return [each["fieldName"] for each in options["filters"]]
    if kind == "groupingToMatrix":
        return [options["rowField"], options["columnField"], options["valueField"]]
    if kind == "calculateField":
        return [options["binary"]["left"], options["binary"]["right"]]
    return []


def overrides(panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """Every override hits a field; those by type are for whatever there is."""
    for override, hits in zip(panel["fieldConfig"]["overrides"], proof["hits"], strict=True):
        kind, options = override["matcher"]["id"], override["matcher"]["options"]
        if size and hits < 1 and kind != "byType" and options not in _may_lack(panel, size):
            yield f"{kind} {options} hits nothing"


def columns(panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """The columns are those that are wanted, in the order that is wanted."""
    if not size:
        return
    organise = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
    sources = sorted(organise["indexByName"], key=organise["indexByName"].__getitem__)
    wanted = list(dict.fromkeys(organise["renameByName"][name] for name in sources))
    shown = [name for name, _ in _columns(proof)]
    wanted = [name for name in wanted if name in shown or name not in _may_lack(panel, size)]
    if shown != wanted:
        yield f"shows {shown}, wanted {wanted}"


def rows(panel: Json, proof: Json, answers: Answers, size: int) -> Iterator[str]:
    """One row for each entity that Prometheus knows: no query adds some, one row does not collapse, none is none."""
    shown = proof["frames"][0]["length"] if proof["frames"] else 0
    keys = [step["options"].get("byField") for step in panel["transformations"] if step["id"] == "joinByField"]
    if keys:
        series = [one["metric"] for answer in answers.values() for one in answer["result"]]
        wanted = len({metric.get(keys[0], "") for metric in series})
    else:
        wanted = sum(len(answer["result"]) for answer in answers.values())
    if shown != wanted:
        yield f"{shown} rows, wanted {wanted}"
    if size in {0, 1} and shown != size:
        yield f"{shown} rows of {size}"


def order(panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """The rows stand as ORDER says; a cell without a number counts as 0, as Grafana has it."""
    if size < 2:
        return
    shown, length = dict(_columns(proof)), proof["frames"][0]["length"] if proof["frames"] else 0
    keys = []
    for name, descending in ORDER[panel["title"]]:
        values = shown[name]["values"] if name in shown else [0] * length
        texts = any(isinstance(value, str) for value in values)
        numbers = (
            [(not value, str(value).casefold()) for value in values]
            if texts
            else [value or (inf if name == NEVER else 0) for value in values]
        )
        keys.append([-value for value in numbers] if descending and not texts else numbers)
    found = list(zip(*keys, strict=True))
    if found != sorted(found):
        yield f"rows stand as {found}"


def cells(panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """A label that is not there is empty, a number a dash or no data in no colour that judges; states are words.

    A state that is not there is an empty cell, whose colour is none at all.
    """
    worded = {
        override["matcher"]["options"]: {item["text"] for mapping in each["value"] for item in _words(mapping)}
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "mappings" and any(mapping["type"] == "value" for mapping in each["value"])
    }
    for name, field in _columns(proof) if size else ():
        for value, text, color in zip(field["values"], field["texts"], field["colors"], strict=True):
            blank = field["type"] != "number" or color == CLEAR
            if value in {None, ""} and text not in ({""} if blank else {NOTHING, NO_DATA}):
                yield f"{name}: {text!r} where there is nothing"
            if value is None and color not in PLAIN:
                yield f"{name}: nothing is {color}"
            if value not in {None, ""} and name in worded and text not in worded[name]:
                yield f"{name}: {value} is said as {text!r}"
            if "NaN" in text or text == "undefined":
                yield f"{name}: {text}"


def _words(mapping: Json) -> list[Json]:
    options = mapping["options"]
    return list(options.values()) if mapping["type"] == "value" else [options["result"]]


def links(_panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """A link carries the values of its row, and nothing for what the row has not: not the words that a cell shows."""
    shown = dict(_columns(proof))
    links = [(name, link) for name, field in _columns(proof) for link in field["links"]]
    for name, link in links if size else ():
        for row, found in enumerate(link["filled"]):
            wanted = _FIELD.sub(partial(_raw, shown, row), link["url"])
            wanted = wanted.replace("${__value.raw}", str(shown[name]["values"][row] or ""))
            if found != wanted:
                yield f"{name}: leads to {found}, wanted {wanted}"
                break


def _raw(shown: Mapping[str, Json], row: int, match: re.Match[str]) -> str:
    text = str(shown[match[1]]["values"][row] or "") if match[1] in shown else ""
    return quote(text, safe="!*'()") if match[2] == "percentencode" else text


def told(panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """A number where there is something; where there is nothing, no data or the panel's own word, and never a 0 that
    nobody has counted."""
    defaults = panel["fieldConfig"]["defaults"]
    nothing = {defaults.get("noValue", ""), NO_DATA}
    nothing |= {
        item["text"] for mapping in defaults["mappings"] if mapping["type"] == "special" for item in _words(mapping)
    }
    for each in proof["said"]:
        if size and not re.search(r"\w", each["text"]):
            yield f"says {each['text']!r}"
        if not size and each["text"] not in nothing:
            yield f"says {each['text']!r} where there is nothing"
        if not size and each["color"] not in PLAIN:
            yield f"nothing is {each['color']}"
    if size and {each["text"] for each in proof["said"]} <= nothing:
        yield "says nothing"


def lines(_panel: Json, proof: Json, _answers: Answers, size: int) -> Iterator[str]:
    """Lines have names of their own, by which a person can tell them apart."""
    names = [
        field["name"]
        for frame in proof["frames"]
        for field in frame["fields"]
        if field["type"] not in {"time", "string"}
    ]
    if size and not names:
        yield "no line"
    if not size and names:
        yield f"lines of nothing: {names}"
    yield from (f"the line {name} is there twice" for name in sorted({name for name in names if names.count(name) > 1}))
    yield from (f"a line is called {name!r}" for name in names if not name.strip() or re.search(r"[{}]|^Value", name))


def _columns(proof: Json) -> list[tuple[str, Json]]:
    frame: dict[str, Any] = proof["frames"][0] if proof["frames"] else {"fields": []}
    return [(field["name"], field) for field in frame["fields"]]


CHECKS = {
    "table": (steps, overrides, columns, rows, order, cells, links),
    "stat": (steps, overrides, told),
    "graph": (steps, overrides, lines),
}
"""Panel type -> what is checked; the others are graphs."""
