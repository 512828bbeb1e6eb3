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
    r"|custom\.(width|cellOptions|align|hidden|hideFrom|filterable|fillBelowTo|lineStyle|lineWidth|fillOpacity|axisPlacement))$"
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
            if matcher["id"] not in {"byName", "byRegexp", "byType"}:
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
            if kind == "sortBy" and options["sort"][0]["field"] not in columns(panel) | {
                f"Value #{ref}" for ref in refs
            }:
                yield f"{panel['title']}: sorts by {options['sort'][0]['field']}, which it has not"
            if kind == "organize":
                for name in options["renameByName"]:
                    if "#" in name and name.split("#")[1] not in refs:
                        yield f"{panel['title']}: renames {name}, which no query gives"


def reducers(dashboard: Json) -> Iterator[str]:
    """Known reducers only, and one at least where a panel reduces."""
    for panel in dashboard["panels"]:
        options = panel.get("options", {})
        if panel["type"] in {"stat", "bargauge"} and not options.get("reduceOptions", {}).get("calcs"):
            yield f"{panel['title']}: no reducer"
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
        reduced = [step["options"] for step in panel["transformations"] if step["id"] == "reduce"]
        if any(options["reducers"] != ["last"] for options in reduced):
            yield f"{panel['title']}: keeps rows that are gone"
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


def units(dashboard: Json) -> Iterator[str]:
    """Ratios are 0..1 and shown as such; seconds are no other unit; dates are milliseconds."""
    for title, unit, expr in _shown(dashboard):
        if unit == "percent":
            yield f"{title}: percent, but ratios are 0..1"
        (family,) = named(expr) if len(named(expr)) == 1 else ("",)
        bare = not re.search(r"log10|[-+/]|clamp|\bbool\b", expr)
        if bare and family.endswith("_ratio") and unit != "percentunit":
            yield f"{title}: {family} in {unit}"
        if expr.startswith("time() -") and unit != "s":
            yield f"{title}: an age in {unit}"
        if unit.startswith("dateTime") and not expr.startswith(("1000 *", "max by (alert, acknowledged_by)")):
            yield f"{title}: a date that is not in milliseconds"


def _shown(dashboard: Json) -> Iterator[tuple[str, str, str]]:
    """Where, unit and query of every number: of a table's columns by their names."""
    for panel in dashboard["panels"]:
        exprs = {target["refId"]: target["expr"] for target in panel.get("targets", []) if "expr" in target}
        config = panel["fieldConfig"]
        if panel["type"] != "table":
            yield from ((panel["title"], config["defaults"].get("unit", "none"), expr) for expr in exprs.values())
            continue
        renamed = {new: old for step in panel["transformations"] if step["id"] == "organize"
                   for old, new in step["options"]["renameByName"].items()}  # fmt: skip
        for override in config["overrides"]:
            old = renamed.get(override["matcher"]["options"], "")
            ref = old.removeprefix("Value #") if "#" in old else next(iter(exprs), "") if old == "Value" else ""
            unit = next((item["value"] for item in override["properties"] if item["id"] == "unit"), None)
            if ref in exprs and unit:
                yield f"{panel['title']}, {override['matcher']['options']}", unit, exprs[ref]


def formats(dashboard: Json) -> Iterator[str]:
    """Tables ask for now and get tables (but for small graphs); graphs ask over time and get series."""
    graphs = {"timeseries", "state-timeline"}
    for panel, target in targets(dashboard):
        small = any(step["id"] == "timeSeriesTable" and step.get("filter", {}).get("options") == target["refId"]
                    for step in panel.get("transformations", []))  # fmt: skip
        over_time = panel["type"] in graphs or small
        if target["instant"] is over_time or target["range"] is not over_time:
            yield f"{panel['title']} {target['refId']}: {'not ' if over_time else ''}over time"
        if (target["format"] == "table") is not (panel["type"] == "table" and not small):
            yield f"{panel['title']} {target['refId']}: format {target['format']}"


def phone(dashboard: Json) -> Iterator[str]:
    """The page that is for phones has six panels at most."""
    if dashboard["uid"] == "winburn-variants-live" and len(dashboard["panels"]) > 6:
        yield f"{len(dashboard['panels'])} panels"


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
    aggregation, units, formats, phone,
)  # fmt: skip


def lint(dashboard: Json) -> list[str]:
    """What is wrong with the dashboard, each with the name of the check that found it."""
    return [f"{check.__name__}: {found}" for check in CHECKS for found in check(dashboard)]
