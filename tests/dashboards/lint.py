"""Our lint of dashboard JSON: the mistakes that no schema sees. Each check yields sentences; none is good."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import get_args, get_type_hints

from grafana_foundation_sdk.models import units

from exporter.contract import FAMILIES, LATENCY_SERIES, PROCESS_SERIES
from exporter.notify.grafana import STREAM
from exporter.notify.lines import MEASUREMENTS
from tests.dashboards.documents import Json, columns, queries, targets

UNITS = {get_args(hint)[0] for hint in get_type_hints(units).values()}
REDUCERS = {"lastNotNull", "last", "first", "firstNotNull", "min", "max", "mean", "sum", "count"}
TRANSFORMATIONS = {"joinByField", "organize", "sortBy", "timeSeriesTable", "filterByValue", "reduce", "calculateField"}
TRANSFORMATIONS |= {"groupingToMatrix"}
MAPPINGS = {"value", "range", "regex", "special"}
PROPERTIES = re.compile(
    r"^(unit|decimals|min|max|noValue|displayName|color|links|mappings|thresholds"
    r"|custom\.(width|cellOptions|align|hidden|filterable|fillBelowTo|lineStyle|lineWidth|fillOpacity|axisPlacement))$"
)
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
LIVE = {"type": "datasource", "uid": "grafana"}
BUILT_IN_VARIABLES = {"__all", "__range", "__interval", "__rate_interval", "__url_time_range", "__data", "__value"}
SERIES = FAMILIES.keys() | PROCESS_SERIES | LATENCY_SERIES
SERIES |= {"ALERTS", "ALERTS_FOR_STATE", "up", "scrape_duration_seconds", "scrape_samples_scraped"}

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?:[.:][^}]*)?\}|([A-Za-z_]\w*))")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_METRIC = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*(?=[{\[])")
_WORD = re.compile(r"(?<![\w$.])([a-zA-Z_:][\w:]*)")
_GROUPING = re.compile(r"\b(?:by|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_FUNCTIONS = {
    "max", "min", "sum", "count", "topk", "bottomk", "time", "label_join", "label_replace", "clamp", "clamp_min",
    "log10", "max_over_time", "min_over_time", "end", "and", "or", "unless", "bool", "by", "on", "ignoring",
    "group_left", "delta", "increase", "abs", "rate", "histogram_quantile", "last_over_time",
}  # fmt: skip


def layout(dashboard: Json) -> Iterator[str]:
    """Panels lie inside of the 24 columns, do not overlap, and are 4 to 8 high, for a phone keeps heights."""
    places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    for title, place in places:
        if place["x"] < 0 or place["x"] + place["w"] > 24:
            yield f"{title}: x + w > 24"
        if not 4 <= place["h"] <= 8:
            yield f"{title}: height {place['h']}"
    for (one, a), (other, b) in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        if not beside and not (a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]):
            yield f"{one} overlaps {other}"


def identity(dashboard: Json) -> Iterator[str]:
    """Panel ids and the queries' refIds are unique."""
    for number, times in Counter(panel["id"] for panel in dashboard["panels"]).items():
        if times > 1:
            yield f"id {number} is given {times} times"
    for panel in dashboard["panels"]:
        refs = [target["refId"] for target in panel.get("targets", [])]
        if len(set(refs)) < len(refs) or "" in refs:
            yield f"{panel['title']}: refIds {refs}"


def words(dashboard: Json) -> Iterator[str]:
    """Everything has a title and a description."""
    for panel in dashboard["panels"]:
        for key in ("title", "description"):
            if not panel.get(key, "").strip():
                yield f"panel {panel['id']} has no {key}"
    for variable in dashboard["templating"]["list"]:
        if not variable.get("label"):
            yield f"variable {variable['name']} has no label"


def _fields(dashboard: Json) -> Iterator[tuple[str, Json]]:
    """Every panel's defaults, and every override as if it were defaults."""
    for panel in dashboard["panels"]:
        config = panel["fieldConfig"]
        yield panel["title"], config["defaults"]
        for override in config["overrides"]:
            yield panel["title"], {item["id"]: item["value"] for item in override["properties"]}


def fields(dashboard: Json) -> Iterator[str]:
    """Units, thresholds and mappings are what Grafana knows."""
    for title, field in _fields(dashboard):
        if field.get("unit", "none") not in UNITS:
            yield f"{title}: unknown unit {field['unit']}"
        steps = [step["value"] for step in field.get("thresholds", {"steps": []})["steps"]]
        if steps and (steps[0] is not None or None in steps[1:] or any(a >= b for a, b in pairwise(steps[1:]))):
            yield f"{title}: thresholds {steps}"
        for mapping in field.get("mappings", []):
            if mapping["type"] not in MAPPINGS:
                yield f"{title}: mapping type {mapping['type']}"
            elif mapping["type"] == "value" and not all(item.get("text") for item in mapping["options"].values()):
                yield f"{title}: a colour without a word"


def overrides(dashboard: Json) -> Iterator[str]:
    """Overrides have matchers and properties that exist, and name columns that the table has."""
    for panel in dashboard["panels"]:
        known = columns(panel)
        for override in panel["fieldConfig"]["overrides"]:
            matcher = override["matcher"]
            if matcher["id"] not in {"byName", "byRegexp"}:
                yield f"{panel['title']}: matcher {matcher['id']}"
            elif matcher["id"] == "byName" and matcher["options"] not in known:
                yield f"{panel['title']}: no column {matcher['options']}"
            for item in override["properties"]:
                if not PROPERTIES.match(item["id"]):
                    yield f"{panel['title']}: property {item['id']}"


def transformations(dashboard: Json) -> Iterator[str]:
    """Known transformations over fields and queries that exist, and the filter without which one row is swallowed."""
    for panel in dashboard["panels"]:
        refs = {target["refId"] for target in panel.get("targets", [])}
        for step in panel.get("transformations", []):
            kind, options = step["id"], step["options"]
            if kind not in TRANSFORMATIONS:
                yield f"{panel['title']}: transformation {kind}"
            if kind == "timeSeriesTable" and step.get("filter", {}).get("options") not in refs:
                yield f"{panel['title']}: timeSeriesTable without a filter on one query"
            if kind == "sortBy" and options["sort"][0]["field"] not in columns(panel):
                yield f"{panel['title']}: sorts by {options['sort'][0]['field']}, which it has not"
            if kind == "organize":
                for name in options["renameByName"]:
                    if "#" in name and name.split("#")[1] not in refs:
                        yield f"{panel['title']}: renames {name}, which no query gives"


def reducers(dashboard: Json) -> Iterator[str]:
    """Known reducers only."""
    for panel in dashboard["panels"]:
        options = panel.get("options", {})
        for name in (*options.get("reduceOptions", {}).get("calcs", ()), *options.get("legend", {}).get("calcs", ())):
            if name not in REDUCERS:
                yield f"{panel['title']}: reducer {name}"
        for step in panel.get("transformations", []):
            for name in step["options"].get("reducers", ()):
                if name not in REDUCERS:
                    yield f"{panel['title']}: reducer {name}"


def variables(dashboard: Json) -> Iterator[str]:
    """Every variable that is used is defined, and every one that is defined is used."""
    defined = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = {a or b for a, b in _VARIABLE.findall(str({**dashboard, "description": ""}))}
    yield from (f"${name} is not defined" for name in sorted(used - defined - BUILT_IN_VARIABLES))
    yield from (f"${name} is not used" for name in sorted(defined - used))


def datasources(dashboard: Json) -> Iterator[str]:
    """Whatever asks, asks ``${datasource}``; what follows a channel, Grafana itself."""
    for panel, target in queries(dashboard):
        wanted = LIVE if "channel" in target else DATASOURCE
        if panel.get("datasource") != wanted or target.get("datasource") != wanted:
            yield f"{panel['title']} {target['refId']}: data source"
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query" and variable.get("datasource") != DATASOURCE:
            yield f"variable {variable['name']}: data source"


def live(dashboard: Json) -> Iterator[str]:
    """Channels and fields are among those that winburn pushes; queries have one or ask; Prometheus says the same."""
    for panel, target in queries(dashboard):
        if "expr" in target:
            continue
        match = re.fullmatch(rf"stream/{STREAM}/(\w+)", target.get("channel", ""))
        pushed = MEASUREMENTS.get(match[1]) if match else None
        if pushed is None:
            yield f"{panel['title']} {target['refId']}: channel {target.get('channel')}"
            continue
        for field in set(target["filter"]["fields"]) - {"time", *pushed.values()}:
            yield f"{panel['title']} {target['refId']}: {field} is not pushed"
        twins = [shown for shown in dashboard["panels"] if shown is not panel and columns(panel) <= columns(shown)]
        if not twins:
            yield f"{panel['title']}: no panel shows the same from Prometheus"


def series(dashboard: Json) -> Iterator[str]:
    """Every series that a query names is in the contract."""
    queries = [(panel["title"], target["expr"]) for panel, target in targets(dashboard)]
    queries += [(v["name"], v["definition"]) for v in dashboard["templating"]["list"] if v["type"] == "query"]
    queries += [(each["name"], each["expr"]) for each in dashboard["annotations"]["list"] if "expr" in each]
    for title, expr in queries:
        for name in named(expr) - SERIES:
            yield f"{title}: unknown series {name}"


def named(expr: str) -> set[str]:
    """Series that a query names, with a selector or without."""
    bare = re.sub(r"\{[^}]*\}", "{}", _STRING.sub('""', expr))
    if inner := re.match(r"label_values\((.*), \w+\)$", bare):
        bare = inner[1]
    loose = _WORD.findall(_GROUPING.sub("", re.sub(r"\[[^]]*\]", "", bare)))
    return set(_METRIC.findall(bare)) | (set(loose) - _FUNCTIONS)


def aggregation(dashboard: Json) -> Iterator[str]:
    """Every selector stands inside of an aggregation that keeps neither instance nor job: replicas show once. Only the
    page of winburn's own health shows each process."""
    hidden = {"job"} if dashboard["uid"] == "winburn-health" else {"instance", "job"}
    for panel, target in targets(dashboard):
        expr = _STRING.sub('""', target["expr"])
        kept = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", expr) for label in labels.split(",")}
        if kept & hidden:
            yield f"{panel['title']} {target['refId']}: keeps {sorted(kept & hidden)}"
        for match in re.finditer(r"\b([a-z_A-Z:]\w*)\{", expr):
            if match[1] in SERIES and not _inside_aggregation(expr, match.start()):
                yield f"{panel['title']} {target['refId']}: {match[1]} is not aggregated"


def _inside_aggregation(expr: str, at: int) -> bool:
    opened: list[int] = []
    for index, letter in enumerate(expr[:at]):
        if letter == "(":
            opened.append(index)
        elif letter == ")":
            opened.pop()
    return any(re.search(r"\b(max|min|sum|count)( by \([^)]*\))? ?$", expr[:index]) for index in opened)


CHECKS: tuple[Callable[[Json], Iterator[str]], ...] = (
    layout, identity, words, fields, overrides, transformations, reducers, variables, datasources, live, series,
    aggregation,
)  # fmt: skip


def lint(dashboard: Json) -> list[str]:
    """What is wrong with the dashboard, each with the name of the check that found it."""
    return [f"{check.__name__}: {found}" for check in CHECKS for found in check(dashboard)]
