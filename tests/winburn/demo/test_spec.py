"""The demo's spec is valid, and its SQL gives the shop's sums."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import yaml

from exporter.spec.models import Spec
from winburn.demo import traffic
from winburn.demo.shop import create
from winburn.demo.spec import OBJECTIVES, Places, spec_text

NOW = 1_800_000_000


def places(folder: Path, prometheus: str | None = "http://127.0.0.1:9090") -> Places:
    return Places(folder / "winburn.yml", folder / "shop.db", folder / "state.db", "http://127.0.0.1:5000", prometheus)


def parsed(folder: Path, prometheus: str | None = "http://127.0.0.1:9090") -> Spec:
    return Spec.model_validate(yaml.safe_load(spec_text(places(folder, prometheus))))


def test_it_is_valid_with_and_without_prometheus(tmp_path: Path) -> None:
    spec, alone = parsed(tmp_path), parsed(tmp_path, None)
    assert [slo.name for slo in spec.slos] == [*OBJECTIVES, "shop-edge"]
    assert [slo.name for slo in alone.slos] == list(OBJECTIVES)
    assert set(spec.sources) == {"shop", "prometheus"}
    assert set(alone.sources) == {"shop"}
    assert [each.name for each in spec.experiments] == ["checkout-button", "aa-test", "new-checkout"]
    assert set(spec.alerting.receivers) == {"page", "ticket", "experiment", "heartbeat"}


def test_folders_with_strange_names_stay_one_string(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b": #c'
    assert parsed(folder).state.url == f"sqlite:///{folder / 'state.db'}"


@pytest.mark.parametrize("step", [2.0, 15.0, 300.0])
def test_the_sql_of_the_slos_gives_the_sums_of_single_requests_in_its_slots(tmp_path: Path, step: float) -> None:
    shop = create(tmp_path / "shop.db", 3, NOW, days=1)
    shop.open(NOW)
    shop.advance(NOW + 90)
    start, end = NOW + 1.5, NOW + 1.5 + 60
    bad = {"checkout-availability": "ok = 0", "search-latency": "milliseconds >= 300", "invoice-export": "ok = 0"}
    route = {"checkout-availability": "checkout", "search-latency": "search", "invoice-export": "invoice-export"}
    database = sqlite3.connect(tmp_path / "shop.db")
    for slo in parsed(tmp_path, None).slos:
        assert slo.sli.sql
        rows = database.execute(slo.sli.sql, {"start": start, "end": end, "step": step}).fetchall()
        direct = database.execute(
            f"SELECT COUNT(*), COALESCE(SUM({bad[slo.name]}), 0) FROM requests WHERE route = ? AND at >= ? AND at < ?",
            (route[slo.name], start, end),
        ).fetchone()
        assert (sum(total for _, total, _ in rows), sum(failed for _, _, failed in rows)) == direct
        assert direct[1] > 0 or slo.name == "search-latency"
        slots = [slot for slot, _, _ in rows]
        assert all((slot - start) % step == pytest.approx(0) and start <= slot < end for slot in slots)
        assert len(set(slots)) == len(slots)
    database.close()
    shop.close()


def test_the_queries_of_the_experiments_give_past_and_present_visits(tmp_path: Path) -> None:
    shop = create(tmp_path / "shop.db", 3, NOW)
    shop.open(NOW)
    shop.advance(NOW + 30)
    database = sqlite3.connect(tmp_path / "shop.db")
    for experiment, known in zip(parsed(tmp_path, None).experiments, traffic.EXPERIMENTS, strict=True):
        assert experiment.primary.query
        rows = {row[0]: row[1:] for row in database.execute(experiment.primary.query)}
        assert list(experiment.variants) == [variant.name for variant in known.variants]
        assert experiment.control == known.variants[0].name
        _, visits, converted = traffic.visits_by_hour(known, shop.story, 30)
        live = [traffic.visits_of(known, shop.story, NOW + each) for each in range(30)]
        for index, variant in enumerate(known.variants):
            shown = visits[:, index].sum() + sum((each.variant == index).sum() for each in live)
            bought = converted[:, index].sum() + sum(each.converted[each.variant == index].sum() for each in live)
            assert rows[variant.name] == (shown, bought)
    database.close()
    shop.close()


def test_the_sql_reads_single_requests_by_their_index(tmp_path: Path) -> None:
    create(tmp_path / "shop.db", 3, NOW, days=1).close()
    database = sqlite3.connect(tmp_path / "shop.db")
    spec = parsed(tmp_path, None)
    queries = [slo.sli.sql for slo in spec.slos] + [each.primary.query for each in spec.experiments]
    for query in queries:
        plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", {"start": 0, "end": 1, "step": 1})]
        assert sum(line.startswith("SEARCH") for line in plan) == 2, plan
    database.close()
