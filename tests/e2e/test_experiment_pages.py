"""The pages of experiments over what the real collector says of two experiments in a real database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from exporter.collectors.experiment import ExperimentCollector
from exporter.contract import Sample
from exporter.sources.sql import SqlSource
from exporter.spec import Experiment
from exporter.state import State
from tests.dashboards.documents import dashboards, targets
from tests.e2e.test_dashboard_queries import END, filled

Row = dict[str, Any]
Ask = Callable[[str, str], list[Row]]

PAGES = ("winburn-experiments", "winburn-experiment-detail")
METRIC = {"kind": "proportion", "source": "shop", "minimum_lift": 0.02}
BUTTON = {
    "name": "button",
    "control": "blue",
    "variants": {"blue": 0.5, "green": 0.5},
    "metrics": [
        {
            **METRIC,
            "name": "conversion",
            "query": "SELECT variant, sum(n) AS n, sum(s) AS successes FROM button GROUP BY variant",
            "segments": "SELECT variant, 'country' AS dimension, country AS segment, n, s AS successes FROM button",
        },
        {
            **METRIC,
            "name": "refund",
            "role": "guardrail",
            "direction": "decrease",
            "query": "SELECT variant, sum(n) AS n, sum(s) / 10 AS successes FROM button GROUP BY variant",
        },
    ],
    "dimensions": ["country"],
    "value": {"metric": "conversion", "per_event": 3.5, "currency": "EUR"},
    "cost": {
        "source": "shop",
        "query": "SELECT variant, 'storage' AS category, 80.0 AS amount FROM button GROUP BY variant",
        "limit": 400,
    },
}
COPY = {
    "name": "copy",
    "kind": "bandit",
    "control": "old",
    "variants": {"old": 0.4, "new": 0.3, "bold": 0.3},
    "metrics": [{**METRIC, "name": "click", "query": "SELECT variant, n, s AS successes FROM copy"}],
}
EMPTY = {
    "Firing alerts of experiments": "no alert fires here",
    "Guardrail SLOs": "no SLO is given",
    "SLO burn of each variant": "no SLO is given",
    "Age of the data": "a collector alone has no loop around it",
    ("Results of each metric", "Trend"): "the trend needs three blocks of units",
    ("Results of each metric", "Design"): "no metric has clusters",
}
"""Panels, or panels and queries, that have nothing to show in this world, and why."""


def _world(path: Path, part: float) -> None:
    """Units so far, the same shares at any time; a tenth of control converts."""
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("CREATE TABLE IF NOT EXISTS button (variant, country, n, s)")
        shop.execute("CREATE TABLE IF NOT EXISTS copy (variant, n, s)")
        for table in ("button", "copy"):
            shop.execute(f"DELETE FROM {table}")
        button = [("blue", 0.10), ("green", 0.14)]
        shop.executemany(
            "INSERT INTO button VALUES (?, ?, ?, ?)",
            [(v, c, round(5000 * part), round(5000 * part * rate)) for v, rate in button for c in ("de", "at")],
        )
        copy = [("old", 4000, 0.10), ("new", 3000, 0.105), ("bold", 3000, 0.11)]
        shop.executemany(
            "INSERT INTO copy VALUES (?, ?, ?)", [(v, round(n * part), round(n * part * rate)) for v, n, rate in copy]
        )


def _said(collector: ExperimentCollector, at: float) -> list[Sample]:
    reports = collector.collect(at)
    assert not [report.error for report in reports if report.error]
    return [sample for report in reports for sample in (*report.samples, *report.lasting)]


def _lines(samples: list[Sample], at: float) -> Iterator[str]:
    for sample in samples:
        for instance in ("a:10345", "b:10345"):
            labels = (*sample.labels, ("instance", instance), ("job", "winburn"))
            text = ",".join(f"{key}={json.dumps(value)}" for key, value in labels)
            yield f"{sample.name}{{{text}}} {sample.value} {at}"


@pytest.fixture
def ask(prometheus: Callable[..., Any], tmp_path: Path) -> Ask:
    """Ask a query as a page does where both experiments (or the one given) are chosen."""
    shop = tmp_path / "shop.db"
    source = SqlSource("shop", f"sqlite:///{shop}")
    state = State("sqlite://")
    experiments = [Experiment.model_validate(each) for each in (BUTTON, COPY)]
    collector = ExperimentCollector({"shop": source}, experiments, state, refresh=15.0)
    lines: list[str] = []
    for at, part in ((END - 7200, 0.5), (END - 15, 0.999), (END, 1.0)):
        _world(shop, part)
        lines += _lines(_said(collector, at), at)
    source.close()
    state.close()
    scraped = tmp_path / "scraped.om"
    scraped.write_text("\n".join([*sorted(lines, key=lambda line: line.split("}")[0]), "# EOF", ""]), encoding="utf-8")
    server = prometheus("scrape_configs: []\n", retention="3650d", blocks_from=scraped)

    def query(expr: str, experiment: str = ".*") -> list[Row]:
        text = filled(expr, experiment=experiment, variant="(green|new|bold)")
        answer = requests.post(f"{server.url}/api/v1/query", data={"query": text, "time": END}, timeout=60).json()
        assert answer["status"] == "success", f"{text}: {answer}"
        found: list[Row] = answer["data"]["result"]
        return found

    return query


def _query(uid: str, title: str, ref: str) -> str:
    return next(
        target["expr"]
        for panel, target in targets(dashboards()[uid])
        if (panel["title"], target["refId"]) == (title, ref)
    )


def test_every_panel_has_something_to_show_of_what_the_exporter_says(ask: Ask) -> None:
    for uid in PAGES:
        for panel, target in targets(dashboards()[uid]):
            title, ref = panel["title"], target["refId"]
            found = ask(target["expr"])
            assert bool(found) != bool({title, (title, ref)} & EMPTY.keys()), (uid, title, ref, target["expr"])


def test_a_row_is_a_row_in_every_query(ask: Ask) -> None:
    """Each query of a table has each key at most once, and none that the table's first query lacks."""
    for uid in PAGES:
        for panel in dashboards()[uid]["panels"]:
            keys = [s["options"]["byField"] for s in panel.get("transformations", []) if s["id"] == "joinByField"]
            rows: set[str] = set()
            for target in panel["targets"] if keys else []:
                found = [one["metric"][keys[0]] for one in ask(target["expr"])]
                assert len(set(found)) == len(found), (uid, panel["title"], target["refId"])
                rows = rows or set(found)
                assert set(found) <= rows, (uid, panel["title"], target["refId"])


def test_the_table_says_what_to_do(ask: Ask) -> None:
    uid, title = PAGES[0], "What next"
    advice = {
        tuple(one["metric"]["arm"].split("␟")): (one["metric"]["action"], one["metric"]["reason"])
        for one in ask(_query(uid, title, "Next"))
    }
    assert advice["button", "green"] == ("ship", "better")
    assert advice["copy", "new"] == ("continue", "undecided")
    (worth,) = ask(_query(uid, title, "Money"))
    # 20 000 units in all, half of them within the last two hours: 120 000 a day, each 0.04 more likely worth 3.5
    assert float(worth["value"][1]) == pytest.approx(120_000 * 0.04 * 3.5, rel=0.01)
    assert worth["metric"]["currency"] == "EUR"
    shares = {
        one["metric"]["arm"]: float(one["value"][1]) for one in ask(_query(uid, "Traffic against plan", "Recommended"))
    }
    assert sum(shares.values()) == pytest.approx(1)
    assert {arm.split("␟")[0] for arm in shares} == {"copy"}


def test_best_and_worst_are_named_with_control(ask: Ask) -> None:
    uid, title = PAGES[0], "Side by side"
    for ref, name, expected in (("Best", "best", "green"), ("Worst", "worst", "blue")):
        of = {one["metric"]["experiment"]: one["metric"][name] for one in ask(_query(uid, title, ref))}
        assert of["button"] == expected
    (spent,) = ask(_query(uid, title, "Cost"))
    assert (float(spent["value"][1]), spent["metric"]["cost_in"]) == (160, "EUR")


def test_one_experiment_s_page_is_of_it_alone(ask: Ask) -> None:
    (status,) = ask(_query(PAGES[1], "Status", "Status"), "button")
    assert status["metric"] == {"experiment": "button", "status": "running"}
    (of_limit,) = ask(_query(PAGES[1], "Spent of the limit", "Value"), "button")
    assert float(of_limit["value"][1]) == pytest.approx(0.4)
    assert ask(_query(PAGES[1], "Spent of the limit", "Value"), "copy") == []
    segments = {one["metric"]["segment"] for one in ask(_query(PAGES[1], "Segments", "Lift"), "button")}
    assert segments == {"country=at", "country=de"}
    roles = {
        one["metric"]["row"].split("␟")[2]: one["value"][1]
        for one in ask(_query(PAGES[1], "Results of each metric", "Role"))
    }
    assert roles == {"conversion": "1", "refund": "0", "click": "1"}
