"""Guardrail SLOs by variant over scripted counters: what is a breach, and who is killed by it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.sources.base import Count
from exporter.sources.sql import SqlSource
from exporter.sources.turns import Turns
from exporter.spec import Metric
from exporter.state import Application
from tests.exporter.collectors.guarded import EVEN, World, between, by_variant, counters, never, slo
from tests.exporter.collectors.scripted import START, Scripted


def test_each_variant_has_burn_rates_of_its_own_and_the_slo_has_none_of_them() -> None:
    world = World(counters({"blue": never, "green": lambda i: i == 5}))
    reports = world.run(0, 41)
    # 10 of 400 requests fail, and the budget is one in a thousand; ten minutes of the hour are known.
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "1h") == {
        "blue": 0,
        "green": pytest.approx(10 / 400 / 0.001 * 600 / 3600),
    }
    names = {sample.name for report in reports for sample in (*report.samples, *report.lasting)}
    assert names == {"experiment_variant_slo_burn_rate", "experiment_variant_slo_breach"}
    assert [report.entity for report in reports] == ["x: guardrail shop"]


def test_a_variant_that_burns_is_killed_and_the_reason_has_the_numbers() -> None:
    world = World(counters({"blue": never, "green": between(41)}))
    (first, *_) = world.breaches(0, 60)
    # The hour's limit is 14.4; a minute of nothing but errors in eleven is 1000 x 40 / 440 x 660 / 3600.
    assert first == 44
    (kill,) = world.kills()
    assert (kill.entity, kill.member, kill.at) == ("x", "green", START + 44 * 15)
    facts = dict(kill.facts)
    assert (facts["kind"], facts["slo"], facts["tier"], facts["long"], facts["short"]) == (
        "guardrail_slo",
        "shop",
        "fast",
        "1h",
        "5m",
    )
    assert facts["long_burn_rate"] == pytest.approx(1000 * 40 / 440 * 660 / 3600)
    assert facts["short_burn_rate"] == pytest.approx(1000 * 40 / 200)
    assert facts["p"] < 1e-4
    assert facts["control"] == {
        "variant": "blue", "long_burn_rate": 0, "short_burn_rate": 0, "p": 1, "bad": 0, "total": 440
    }  # fmt: skip
    assert kill.reason.startswith("shop: green alone burns the error budget at 16.67 times the allowed rate over 1h")
    assert kill.reason.endswith("blue at 0")
    assert world.told == [kill]
    assert [(entry.kind, entry.action, entry.who) for entry in world.state.audit()] == [
        ("experiment", "kill", "winburn")
    ]


class Visits:
    name, up, turns = "shop", True, Turns()

    def counts(self, _metric: Metric, _at: float) -> list[Count]:
        return [Count(variant, (1000.0, 100.0)) for variant in EVEN]


def test_the_experiments_own_collector_takes_the_kill_over_and_wishes_what_follows() -> None:
    kill = {"kill": {"sql": {"source": "shop", "statement": "UPDATE v SET dead = 1 WHERE name = :variant"}}}
    world = World(counters({"blue": never, "green": between(41)}), apply=kill)
    wished: list[Application] = []
    own = ExperimentCollector({"shop": Visits()}, [world.of], world.state, refresh=15.0, wish=wished.extend)
    world.run(0, 44)
    own.collect(START + 43 * 15)
    world.at(44)
    reports = own.collect(START + 45 * 15)
    samples = [sample for report in reports for sample in (*report.samples, *report.lasting)]
    found = {sample.name: sample for sample in samples}
    assert found["experiment_variant_early_kill"].value == 1
    assert dict(found["experiment_recommendation_info"].labels)["reason"] == "guardrail_slo"
    (latch,) = world.kills()
    assert [(x.member, x.action, x.facts["reason"]) for x in wished] == [("green", "kill", latch.reason)]


def test_events_in_a_database_by_a_column(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("CREATE TABLE events (at, variant, total, bad)")
        rows = [(START + i * 15, v, 10, 10 if v == "green" and i >= 40 else 0) for i in range(60) for v in EVEN]
        database.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
    query = """
        SELECT CAST((at - :start) / :step AS INTEGER) * :step + :start AS slot, variant, SUM(total) AS total,
        SUM(bad) AS bad FROM events WHERE at >= :start AND at < :end GROUP BY 1, 2"""
    for sql, said in (
        (query, None),
        (query.replace("variant,", "0 AS arm,"), "needed are the columns slot, total, bad, variant, each once"),
    ):
        world = World(Scripted({}))
        world.slo = slo(group_by=["variant"], sli={"source": "shop", "sql": sql})
        world.source = SqlSource("shop", f"sqlite:///{tmp_path}/shop.db", timeout=5.0)  # type: ignore[assignment]  # another kind
        world.restart()
        reports = world.run(0, 45)
        assert said is None or said in str(reports[0].error)
        assert [kill.member for kill in world.kills()] == ([] if said else ["green"])


def test_what_the_control_suffers_too_is_no_variants_fault_until_the_control_recovers() -> None:
    world = World(counters({"blue": between(41, 61), "green": between(41)}), page=("fast",))
    assert by_variant(world.run(0, 61), "experiment_variant_slo_burn_rate", "5m") == {"blue": 1000, "green": 1000}
    assert not world.kills()
    (first, *_) = world.breaches(61, 100)
    assert [kill.at for kill in world.kills()] == [START + first * 15]
    assert 61 < first <= 82  # 5 minutes after the control's last error its short window is clean


def test_one_error_at_low_traffic_is_no_breach() -> None:
    """One request a minute, of which one fails: over both limits, but no surprise."""
    world = World(counters({"blue": never, "green": between(240, 244)}, each=0.25))
    reports = world.run(0, 246)
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "1h")["green"] > 14.4
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "5m")["green"] > 14.4
    assert by_variant(reports, "experiment_variant_slo_breach") == {"green": 0}
    assert not world.kills()


def test_a_ticket_tier_kills_nobody() -> None:
    world = World(counters({"blue": never, "green": between(41)}))
    world.slo = slo(alerting={"page": [], "ticket": ["fast", "medium", "slow", "trickle"]})
    world.restart()
    assert not world.breaches(0, 100)
    assert not world.kills()


def test_without_early_kill_a_breach_is_shown_and_nobody_killed() -> None:
    world = World(counters({"blue": never, "green": between(41)}), early_kill=None)
    assert world.breaches(0, 50) == list(range(44, 50))
    assert not world.kills()


def test_other_values_of_the_label_are_ignored() -> None:
    errors = {"blue": never, "green": never, "red": between(1), **{f"other{i}": between(1) for i in range(300)}}
    world = World(counters(errors, polls=30))
    reports = world.run(0, 25)
    assert set(by_variant(reports, "experiment_variant_slo_burn_rate", "5m")) == {"blue", "green"}
    assert {ledger.slo_group for ledger in world.state.ledgers()} == {"", "variant=blue", "variant=green"}


def test_events_without_the_label_are_an_error_that_says_so() -> None:
    world = World(counters({"blue": never}, label="arm"))
    (report,) = world.run(0, 4)
    assert report.error == "the events of shop have no variant that is one of blue, green; see by of the guardrail"
    world = World(counters({"blue": never, "green": never}, label="arm"), guardrails=[{"slo": "shop", "by": "arm"}])
    assert not any(report.error for report in world.run(0, 4))


def test_an_slo_and_a_guardrail_of_it_do_not_share_a_ledger() -> None:
    world = World(counters({"blue": never, "green": never}))
    world.run(0, 3)
    (name,) = {ledger.slo for ledger in world.state.ledgers()}
    assert ":" in name  # no SLO's name has one
    long = World(counters({}), name="x" * 100, guardrails=[{"slo": "shop"}])
    assert all(len(track.slo.name) <= 200 for track in long.collector._slos.tracks)
