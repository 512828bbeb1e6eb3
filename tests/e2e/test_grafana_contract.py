"""The contract of the dashboards: every family of winburn in a real Prometheus, every query of every panel, and from
there on Grafana's own code, with no, one, two and many entities of each kind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import requests

from exporter.contract import FAMILIES
from exporter.notify.lines import lines
from tests.dashboards import lint, sdk
from tests.dashboards.documents import Json, dashboards, panel
from tests.e2e.dashboard_world import END, STEP, World, exposition, samples
from tests.e2e.grafana_contract import ORDER, problems
from tests.e2e.test_dashboard_queries import filled
from tests.grafana_npm import installed_or_skip, run
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import Servers

pytestmark = pytest.mark.xdist_group("grafana")  # one Prometheus and one set of answers for all of this file

DAY = 86400
LABELS = {"kind": "ab", "reason": "early_kill", "action": "kill", "status": "running", "source": "prom"}
CONTENT = (
    {"variant": "v1", "persona": "p1", "pattern": "hook"},
    {"variant": "v2", "persona": "p2", "pattern": "list"},
    {"variant": "v3", "persona": "", "pattern": ""},
    {"variant": "v4", "persona": "p1", "pattern": "hook"},
)
ROWS = {
    *("slo_info", "slo_status", "winburn_collector_success"),
    *("experiment_info", "experiment_status", "experiment_variant_traffic_planned_ratio"),
    *("experiment_variant_metric_value", "experiment_variant_slo_breach", "experiment_segment_verdict"),
    *("variant_impressions", "variant_killed_timestamp_seconds", "pattern_fatigued", "variant_sessions"),
    "pattern_freshness_ratio",
}
"""What makes the rows of the tables, and is there wherever the entity is; all else may be missing of one."""

ONE = World(
    slos={("checkout", "zone=eu"): 2},
    experiments=("button",),
    variants=("green",),
    metrics=("conversion",),
    content=CONTENT[:1],
    collectors=("slo:prod",),
    instances=("a:10345",),
    alerts=(
        {"alertname": "SLOErrorBudgetBurn", "alertstate": "firing", "slo": "checkout", "slo_group": "zone=eu"},
        {"alertname": "ExperimentEarlyKill", "alertstate": "firing", "experiment": "button", "variant": "green"},
    ),
    acknowledged=(
        {"alertname": "SLOErrorBudgetBurn", "acknowledged_by": "anna", "slo": "checkout", "slo_group": "zone=eu"},
        {"alertname": "ExperimentEarlyKill", "acknowledged_by": "anna", "experiment": "button", "variant": "green"},
    ),
    labels=LABELS,
    spread=True,
    end=END - 10 * DAY,
)
TWO = replace(
    ONE,
    slos={("checkout", "zone=eu"): 2, ("checkout", "zone=us"): 0},
    experiments=("button", "copy"),
    content=CONTENT[:2],
    collectors=("slo:prod", "experiment:shop"),
    instances=("a:10345", "b:10345"),
    alerts=(
        *ONE.alerts,
        {"alertname": "WinburnSourceDown", "alertstate": "firing", "source": "prom"},
        {"alertname": "ExperimentDecided", "alertstate": "firing", "experiment": "copy", "variant": "green"},
    ),
    end=END - 5 * DAY,
)
MANY = replace(
    TWO,
    slos={("checkout", "zone=eu"): 1, ("checkout", "zone=us"): 2, ("search", ""): 0, ("login", ""): 3, ("cart", ""): 2},
    experiments=("button", "copy", "price"),
    variants=("blue", "green"),
    metrics=("conversion", "signup"),
    content=CONTENT,
    collectors=("slo:prod", "experiment:shop", "engagement"),
    alerts=(
        *TWO.alerts,
        {"alertname": "SLONoData", "alertstate": "firing", "slo": "login"},
        {"alertname": "SLOErrorBudgetBurn", "alertstate": "firing", "slo": "cart", "tier": "fast"},
        {"alertname": "WinburnCollectorFailing", "alertstate": "firing", "collector": "slo:prod"},
        {"alertname": "WinburnSeriesDropped", "alertstate": "firing", "family": "slo_status"},
        {"alertname": "ExperimentGuardrailHarmed", "alertstate": "firing", "experiment": "button", "metric": "signup"},
        {
            "alertname": "ExperimentGuardrailHarmed",
            "alertstate": "firing",
            "experiment": "button",
            "guardrail": "search",
        },
        {"alertname": "ExperimentCostOverrun", "alertstate": "firing", "experiment": "button", "currency": "EUR"},
    ),
    acknowledged=(*ONE.acknowledged, {"alertname": "WinburnSourceDown", "acknowledged_by": "bert", "source": "prom"}),
    gaps=frozenset(FAMILIES) - ROWS,
    end=END,
)
"""With gaps: of the last of each kind nothing is known but that it is there."""
EMPTY = replace(ONE, end=END + 10 * DAY)
"""A time of which Prometheus knows nothing."""
WORLDS = {0: EMPTY, 1: ONE, 2: TWO, 5: MANY}
CHOSEN = {"winburn-experiment-detail": {"slo": ".*", "experiment": "button"}}
"""What is chosen on a page, if not all. Of variants always (green): the panels that ask for one are there for each."""

SILENT = {
    ("winburn-experiments, Age of the data", 1): ["told: says nothing"],
    ("winburn-experiment-detail, Age of the data", 1): ["told: says nothing"],
}
"""Rightly so: the one collector there is collects SLOs."""

OVERVIEW, PHONE = "winburn-slo-overview", "winburn-variants-live"
TABLE, BURN, LIVE = "SLOs, worst first", "Burn rate over time (1h)", "Variants, as they change (Grafana Live)"
Key = tuple[str, int]
"""A name of the panel, and how many entities there are."""


@pytest.fixture(scope="module")
def ask(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Json]]:
    """Ask a query at the end of a world as a panel does: ``data`` of the answer."""
    installed_or_skip()
    folder = tmp_path_factory.mktemp("contract")
    scraped = folder / "scraped.om"
    scraped.write_text(exposition([ONE, TWO, MANY]), encoding="utf-8")
    make = [servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", scraped, folder / "data"]
    subprocess.run(make, capture_output=True, check=True)
    port = free_port()
    with Group() as group, requests.Session() as session:
        session.trust_env = False
        text = "scrape_configs: []\n"
        process = group.add(start_prometheus(servers, folder, text, port, folder / "log", "3650d", []))
        url = f"http://{LOOPBACK}:{port}"
        wait_http(f"{url}/-/ready", 60, process)

        def query(expr: str, world: World, *, instant: bool, **chosen: str) -> Json:
            end = world.end
            when = {"time": end} if instant else {"start": end - 300, "end": end, "step": STEP}
            address = f"{url}/api/v1/query{'' if instant else '_range'}"
            answer = session.post(address, data={"query": filled(expr, **chosen), **when}, timeout=60).json()
            assert answer["status"] == "success", f"{expr}: {answer}"
            assert not answer.get("warnings"), f"{expr}: {answer['warnings']}"
            found: Json = answer["data"]
            return found

        yield query


def _answers(uid: str, shown: Json, world: World, ask: Callable[..., Json]) -> Json:
    """refId -> ``data``; of a channel, which rows there are."""
    if "channel" in shown["targets"][0]:
        return {"Variants": {"result": [{"metric": each} for each in _rows(world)]}}
    chosen = CHOSEN.get(uid, {"slo": ".*"})
    found: Json = {}
    for each in shown["targets"]:
        found[each["refId"]] = ask(each["expr"], world, instant=each["instant"], **chosen)
    return found


def _panels() -> Iterator[tuple[str, Json]]:
    """Uid and panel, of all that ask."""
    for uid, page in dashboards().items():
        yield from ((uid, each) for each in page["panels"] if each["type"] != "text")


def _rows(world: World) -> tuple[Mapping[str, str], ...]:
    return () if world is EMPTY else world.content


def _pushes(world: World) -> list[Json]:
    """What Grafana's server makes of two pushes of winburn's own lines; a variant of the first has left since."""
    if not _rows(world):
        return []
    gone = {"variant": "gone", "persona": "p1", "pattern": "hook"}
    second = _push(world, 0)
    del second["schema"]  # Grafana's server sends it again only where it has changed
    return [_push(replace(world, content=(*world.content, gone)), -10), second]


def _push(world: World, after: float) -> Json:
    """One frame with a column of labels, which is what an empty ``gf_live_frame_format`` stands for."""
    text = lines(sorted(samples(replace(world, gaps=frozenset()))), 0)
    rows = [line.rsplit(" ", 2) for line in text.splitlines() if line.startswith("variant,")]
    fields = [dict(pair.split("=") for pair in values.split(",")) for _, values, _ in rows]
    names = sorted(fields[0])
    schema = [{"name": "labels", "type": "string"}, {"name": "time", "type": "time"}]
    labels = [tags.partition(",")[2].replace(",", ", ") for tags, *_ in rows]
    times = [1000 * (world.end + after)] * len(rows)
    return {
        "schema": {"fields": [*schema, *({"name": name, "type": "number"} for name in names)]},
        "data": {"values": [labels, times, *([float(row[name]) for row in fields] for name in names)]},
    }


def _jobs(panels: Mapping[str, tuple[str, Json]], ask: Callable[..., Json]) -> list[Json]:
    return [
        {
            "key": (name, size),
            "panel": shown,
            "answers": _answers(uid, shown, world, ask),
            "pushes": _pushes(world) if "channel" in shown["targets"][0] else None,
        }
        for name, (uid, shown) in panels.items()
        for size, world in WORLDS.items()
    ]


def _proved(jobs: list[Json]) -> dict[Key, list[str]]:
    """What Grafana's code shows to be wrong."""
    return {
        job["key"]: problems(job["panel"], proof, job["answers"], job["key"][1])
        for job, proof in zip(jobs, run("prove.cjs", jobs), strict=True)
    }


@pytest.fixture(scope="module")
def jobs(ask: Callable[..., Json]) -> list[Json]:
    """Every panel in every world, with its answers."""
    return _jobs({f"{uid}, {each['title']}": (uid, each) for uid, each in _panels()}, ask)


def test_every_panel_shows_what_it_should(jobs: list[Json]) -> None:
    (alerts,) = (job for job in jobs if job["key"] == (f"{OVERVIEW}, Firing alerts", 2))
    nobody = {**alerts["answers"], "Until": {"resultType": "vector", "result": []}}
    found = _proved([*jobs, alerts | {"key": ("nobody has acknowledged", 2), "answers": nobody}])
    assert len(found) > 400
    assert {key: wrong for key, wrong in found.items() if wrong} == SILENT


def test_every_query_answers_where_there_is_somebody(jobs: list[Json]) -> None:
    """Else the one before would let columns be missing."""
    for job in jobs:
        empty = [ref for ref, answer in job["answers"].items() if not answer["result"]]
        if job["key"][1] and job["key"] not in SILENT:
            assert not empty, (job["key"], empty)
        elif not job["key"][1]:
            assert len(empty) == len(job["answers"]), job["key"]


def test_every_table_has_an_order() -> None:
    assert {each["title"] for _, each in _panels() if each["type"] == "table"} == ORDER.keys()


def _at(*path: str | int, value: object) -> Callable[[Json], None]:
    """Put a value at a place of a panel."""

    def spoil(panel: Json) -> None:
        place: Any = panel
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return spoil


def _expr(ref: str, old: str, new: str) -> Callable[[Json], None]:
    def spoil(panel: Json) -> None:
        (target,) = (each for each in panel["targets"] if each["refId"] == ref)
        assert old in target["expr"]
        target["expr"] = target["expr"].replace(old, new)

    return spoil


def _other_field(old: str, new: str) -> Callable[[Json], None]:
    """Organise a field that is not there."""

    def spoil(panel: Json) -> None:
        (step,) = (step for step in panel["transformations"] if step["id"] == "organize")
        for options in step["options"].values():
            options[new] = options.pop(old)

    return spoil


def _word(state: str) -> Callable[[Json], None]:
    """Leave a state without a word."""

    def spoil(panel: Json) -> None:
        (override,) = (each for each in panel["fieldConfig"]["overrides"] if each["matcher"]["options"] == "Status")
        (mappings,) = (each["value"] for each in override["properties"] if each["id"] == "mappings")
        del mappings[0]["options"][state]

    return spoil


STEPS, RULES = "transformations", ("fieldConfig", "overrides")
NOWHERE = {"id": "byRegexp", "options": "/^calibrated for/"}
MISTAKES: dict[str, tuple[str, str, str, Callable[[Json], None]]] = {
    # what is wrong: page, panel, who finds it, and how it is made
    "a rename of a field that is not there": (OVERVIEW, TABLE, "steps", _other_field("slo_group", "slogroup")),
    "a field that no channel has": (PHONE, LIVE, "steps", _at(STEPS, 3, "options", "binary", "left", value="now")),
    "a join by a label that queries have not": (
        OVERVIEW,
        TABLE,
        "steps",
        _at(STEPS, 1, "options", "byField", value="n"),
    ),
    "a misspelt option of a join": (OVERVIEW, TABLE, "rows", _at(STEPS, 1, "options", value={"field": "name"})),
    "a join that loses who has no budget": (OVERVIEW, TABLE, "rows", _at(STEPS, 1, "options", "mode", value="inner")),
    "an order that has gaps": (
        OVERVIEW,
        TABLE,
        "steps",
        _at(STEPS, 2, "options", "sort", 0, "field", value="Value #Gone"),
    ),
    "the best first": (OVERVIEW, TABLE, "order", _at(STEPS, 4, "options", "sort", 0, "desc", value=False)),
    "a misspelt option of a sort": (
        OVERVIEW,
        TABLE,
        "order",
        _at(STEPS, 4, "options", "sort", value=[{"field": "Status", "descending": True}]),
    ),
    "a matrix by a tag that no push has": (PHONE, LIVE, "steps", _at(STEPS, 2, "options", "rowField", value="name")),
    "a label that a link needs": (
        OVERVIEW,
        TABLE,
        "steps",
        _expr("Status", "by (name, slo, slo_group)", "by (name, slo)"),
    ),
    "two queries that bring one column": (
        OVERVIEW,
        TABLE,
        "steps",
        _expr("Budget", "max by (name)", "max by (name, slo)"),
    ),
    "words of the panel in a link": (OVERVIEW, TABLE, "links", _at(*RULES, 0, "properties", value=[])),
    "nothing judged": (OVERVIEW, TABLE, "cells", _at(*RULES, 1, "properties", value=[])),
    "a state without a word": (OVERVIEW, TABLE, "cells", _word("3")),
    "lines that cannot be told apart": (OVERVIEW, BURN, "lines", _at("targets", 0, "legendFormat", value="burn rate")),
    "an override of a line that is not there": (
        PHONE,
        "Engagement against prediction",
        "overrides",
        _at(*RULES, 0, "matcher", value=NOWHERE),
    ),
}


def test_the_contract_finds_what_no_reading_does(ask: Callable[..., Json]) -> None:
    spoilt = {}
    for mistake, (uid, title, _, spoil) in MISTAKES.items():
        page = dashboards()[uid]
        spoil(panel(page, title))
        assert (mistake, [*lint.lint(page), *sdk.check(page)]) == (mistake, [])
        spoilt[mistake] = panel(page, title)
    found = _proved(_jobs({mistake: (MISTAKES[mistake][0], one) for mistake, one in spoilt.items()}, ask))
    for mistake, (*_, finder, _) in MISTAKES.items():
        wrong = [text for (name, _), texts in found.items() if name == mistake for text in texts]
        assert [text for text in wrong if text.startswith(f"{finder}: ")], (mistake, wrong)
