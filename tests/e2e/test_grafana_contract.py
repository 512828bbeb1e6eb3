"""The contract of the dashboards: every family of winburn in a real Prometheus, every query of every panel, and from
there on Grafana's own code, with no, one, two and many entities of each kind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
import requests

from exporter.contract import FAMILIES
from exporter.notify.lines import lines
from tests.dashboards.documents import Json, dashboards
from tests.e2e.dashboard_world import END, STEP, World, exposition, samples
from tests.e2e.grafana_contract import ORDER, problems
from tests.e2e.test_dashboard_queries import filled
from tests.grafana_npm import installed_or_skip, run
from winburn.processes import LOOPBACK, Group, free_port, start_prometheus, wait_http
from winburn.servers import Servers

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
        {"alertname": "WinburnCollectorFailed", "alertstate": "firing", "collector": "slo:prod"},
        {"alertname": "ExperimentGuardrailHarmed", "alertstate": "firing", "experiment": "button", "metric": "signup"},
        {"alertname": "ExperimentGuardrailSLO", "alertstate": "firing", "experiment": "button", "guardrail": "search"},
        {"alertname": "ExperimentCostLimit", "alertstate": "firing", "experiment": "button", "currency": "EUR"},
    ),
    gaps=frozenset(FAMILIES) - ROWS,
    end=END,
)
"""With gaps: of the last of each kind nothing is known but that it is there."""
EMPTY = replace(ONE, end=END + 10 * DAY)
"""A time of which Prometheus knows nothing."""
WORLDS = {0: EMPTY, 1: ONE, 2: TWO, 5: MANY}
CHOSEN = {"winburn-experiment-detail": {"slo": ".*", "experiment": "(button)"}}
"""What is chosen on a page, if not all. Of variants always (green): the panels that ask for one are there for each."""

SILENT = {
    ("winburn-experiments", "Age of the data", 1): ["told: says nothing"],
    ("winburn-experiment-detail", "Age of the data", 1): ["told: says nothing"],
}
"""Rightly so: the one collector there is collects SLOs."""

Key = tuple[str, str, int]


@pytest.fixture(scope="module")
def ask(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Json]]:
    """Ask a query at the end of a world as a panel does: ``data`` of the answer."""
    installed_or_skip()
    folder = tmp_path_factory.mktemp("contract")
    scraped = folder / "scraped.om"
    scraped.write_text(exposition([ONE, TWO, MANY]), encoding="utf-8")
    make = [servers.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", scraped, folder / "data"]
    subprocess.run(make, capture_output=True, check=True)
    port, session = free_port(), requests.Session()
    session.trust_env = False
    with Group() as group:
        text = "scrape_configs: []\n"
        process = group.add(start_prometheus(servers, folder, text, port, folder / "log", "3650d", []))
        url = f"http://{LOOPBACK}:{port}"
        wait_http(f"{url}/-/ready", 30, process)

        def query(expr: str, world: World, *, instant: bool, **chosen: str) -> Json:
            end = world.end
            when = {"time": end} if instant else {"start": end - 300, "end": end, "step": STEP}
            address = f"{url}/api/v1/query{'' if instant else '_range'}"
            answer = session.post(address, data={"query": filled(expr, **chosen), **when}, timeout=20).json()
            assert answer["status"] == "success", f"{expr}: {answer}"
            assert not answer.get("warnings"), f"{expr}: {answer['warnings']}"
            found: Json = answer["data"]
            return found

        yield query


def _answers(uid: str, panel: Json, world: World, ask: Callable[..., Json]) -> Json:
    """refId -> ``data``; of a channel, which rows there are."""
    if "channel" in panel["targets"][0]:
        return {"Variants": {"result": [{"metric": each} for each in _rows(world)]}}
    chosen = CHOSEN.get(uid, {"slo": ".*"})
    return {each["refId"]: ask(each["expr"], world, instant=each["instant"], **chosen) for each in panel["targets"]}


def _panels(pages: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for uid, page in pages.items():
        yield from ((uid, panel) for panel in page["panels"] if panel["type"] != "text")


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


def _proved(panels: list[tuple[str, Json]], ask: Callable[..., Json]) -> dict[Key, list[str]]:
    """Uid, title and size -> what is wrong."""
    jobs = [
        {
            "key": (uid, panel["title"], size),
            "panel": panel,
            "answers": _answers(uid, panel, world, ask),
            "pushes": _pushes(world) if "channel" in panel["targets"][0] else None,
        }
        for uid, panel in panels
        for size, world in WORLDS.items()
    ]
    return {
        job["key"]: problems(job["panel"], proof, job["answers"], job["key"][2])
        for job, proof in zip(jobs, run("prove.cjs", jobs), strict=True)
    }


def test_every_panel_shows_what_it_should(ask: Callable[..., Json]) -> None:
    found = _proved(list(_panels(dashboards())), ask)
    assert len(found) > 400
    wrongs = {key: wrong for key, wrong in found.items() if wrong}
    assert wrongs == SILENT


def test_every_table_has_an_order() -> None:
    assert {panel["title"] for _, panel in _panels(dashboards()) if panel["type"] == "table"} == ORDER.keys()
