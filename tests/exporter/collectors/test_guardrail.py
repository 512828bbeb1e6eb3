"""Guardrail SLOs by variant over scripted counters: breaches, kills, and what lifts them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.guardrail import GuardrailCollector
from exporter.contract import Report
from exporter.sources.base import Count, series_key
from exporter.sources.sql import SqlSource
from exporter.spec import Experiment, Metric, Slo
from exporter.state import Application, AuditEntry, Latch, Override, State, StateError
from tests.exporter.collectors.scripted import BAD, START, TOTAL, Scripted, Series

EVEN = {"blue": 0.5, "green": 0.5}
Steps = list[tuple[float, float]]
Errors = Mapping[str, Callable[[int], bool]]
"""Variant -> whether the requests between a refresh and the next fail."""


def slo(**more: object) -> Slo:
    sli = {"source": "prod", "total": TOTAL, "bad": BAD}
    return Slo.model_validate(
        {"name": "shop", "service": "shop", "objective": 99.9, "period": "30d", "sli": sli, **more}
    )


def experiment(**more: object) -> Experiment:
    metric = Metric(name="m", kind="proportion", source="shop", query="q")
    fields = {"name": "x", "control": "blue", "variants": EVEN, "metrics": (metric,), "guardrails": ({"slo": "shop"},)}
    return Experiment.model_validate({**fields, **more})


def key(variant: str, code: str, label: str = "variant") -> str:
    return series_key({"__name__": "r", "job": "web", "instance": "a", label: variant, "code": code})


def counters(errors: Errors, *, each: float = 10, polls: int = 400, label: str = "variant") -> Scripted:
    """Each variant has ``each`` requests between two refreshes, all of which fail where it says so."""
    total: Series = {}
    bad: Series = {}
    for variant, fails in errors.items():
        sums, good, failed = (0.0, 0.0), [(START, 0.0)], [(START, 0.0)]
        for i in range(1, polls):
            sums = (sums[0], sums[1] + each) if fails(i) else (sums[0] + each, sums[1])
            good.append((START + i * 15.0, sums[0]))
            failed.append((START + i * 15.0, sums[1]))
        total[key(variant, "200", label)] = good
        total[key(variant, "500", label)] = bad[key(variant, "500", label)] = failed
    return Scripted({TOTAL: total, BAD: bad})


def never(_i: int) -> bool:
    return False


def between(first: int, last: int = 10_000) -> Callable[[int], bool]:
    return lambda i: first <= i < last


class World:
    """A collector and another process on the same store; the experiment has been a draft until now, so that there is no
    past to read, unless it is ``old``."""

    def __init__(
        self, source: Scripted, url: str = "sqlite://", *, old: bool = False, page: tuple[str, ...] = (), **more: object
    ) -> None:
        self.source, self.of = source, experiment(**more)
        alerting = {"alerting": {"page": page, "ticket": ["slow"]}} if page else {}
        self.slo = slo(**alerting)
        self.state = State(url)
        if not old:
            self.state.save_documents("guardrail", {"x:shop": {"running": False, "episodes": {}}})
        self.told: list[Latch] = []
        self.restart()

    def restart(self) -> None:
        self.collector = GuardrailCollector(
            self.source,
            {"shop": self.slo},
            [self.of],
            self.state,
            refresh=15.0,
            origin=0.0,
            keep_seconds=60.0,
            on_kill=self.told.append,
        )

    def at(self, i: int) -> list[Report]:
        return self.collector.collect(START + i * 15.0)

    def run(self, first: int, last: int) -> list[Report]:
        for i in range(first, last):
            reports = self.at(i)
        return reports

    def breaches(self, first: int, last: int) -> list[int]:
        """The refreshes at which green is in breach."""
        return [i for i in range(first, last) if by_variant(self.at(i), "experiment_variant_slo_breach")["green"]]

    def kills(self) -> list[Latch]:
        return self.state.latches("kill")

    def spare(self, i: int) -> None:
        assert self.state.lift_latch("kill", "x", "green", START + i * 15.0, "ann", "why")

    def override(self, status: str) -> None:
        override = Override(status, None, "running", EVEN, 1.0, "ann", "why")
        self.state.set_lifecycle("x", override, AuditEntry(1.0, "experiment", "x", "", "status", "ann", "why"))


def by_variant(reports: list[Report], family: str, window: str = "") -> dict[str, float]:
    return {
        labels["variant"]: sample.value
        for report in reports
        for sample in report.samples
        if sample.name == family and (labels := dict(sample.labels)).get("window", "") == window
    }


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
    name, up = "shop", True

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


def test_a_spared_variant_is_killed_by_a_new_breach_only() -> None:
    errors = {"blue": never, "green": lambda i: 41 <= i < 60 or i >= 100}
    world = World(counters(errors), page=("fast",))
    world.run(0, 50)
    assert len(world.kills()) == 1
    world.spare(50)
    world.run(50, 55)
    world.restart()
    world.run(55, 90)
    assert not world.kills()
    begun = world.breaches(90, 120)
    assert [kill.at for kill in world.kills()] == [START + begun[0] * 15]
    assert [entry.action for entry in world.state.audit()] == ["kill", "unkill", "kill"]
    assert len(world.told) == 2


def test_a_breach_that_flickers_is_one_breach() -> None:
    """Around a tier's factor the burn rate goes up and down; that must not undo what somebody has lifted."""
    errors = {"blue": never, "green": lambda i: 41 <= i < 46 or i in (66, 67, 68)}
    world = World(counters(errors), page=("fast",))
    world.run(0, 50)
    world.spare(50)
    burning = world.breaches(50, 75)
    assert burning != list(range(burning[0], burning[-1] + 1))  # it did flicker
    assert not world.kills()


def test_a_kill_waits_until_it_can_be_dated_after_the_lifting() -> None:
    """Evaluations lie a lag behind the clock of the commands."""
    world = World(counters({"blue": never, "green": between(41)}))
    world.state.save_documents("experiment", {}, [Latch("kill", "x", "green", START, "worse", {})])
    world.run(0, 30)
    world.spare(47)
    world.run(30, 48)
    assert not world.kills()
    world.at(48)
    assert [kill.at for kill in world.kills()] == [START + 48 * 15]


@pytest.mark.parametrize("status", ["draft", "paused", "completed", "failed"])
def test_what_does_not_run_is_not_measured(status: str) -> None:
    world = World(counters({"blue": never, "green": between(1)}), status=status)
    assert world.run(0, 30) == []
    assert world.source.asked == []
    assert not world.kills()


def test_what_happens_in_a_pause_does_not_count() -> None:
    world = World(counters({"blue": never, "green": between(41, 80)}))
    world.run(0, 40)
    world.override("paused")
    world.run(40, 60)
    world.restart()
    world.run(60, 80)
    world.override("running")
    reports = world.run(80, 120)
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "1h") == {"blue": 0, "green": 0}
    assert not world.kills()


def test_a_draft_that_begins_counts_from_then_on() -> None:
    world = World(counters({"blue": never, "green": between(1, 60)}), status="draft")
    world.run(0, 60)
    override = Override("running", None, "draft", EVEN, 1.0, "ann", "why")
    world.state.set_lifecycle("x", override, AuditEntry(1.0, "experiment", "x", "", "start", "ann", "why"))
    reports = world.run(60, 70)
    assert by_variant(reports, "experiment_variant_slo_burn_rate", "period") == {"blue": 0, "green": 0}
    assert not world.kills()


def test_what_is_not_known_to_run_is_not_measured() -> None:
    world = World(counters({"blue": never, "green": between(1)}))
    world.collector = GuardrailCollector(
        world.source, {"shop": slo()}, [world.of], world.state,
        refresh=15.0, origin=0.0, keep_seconds=60.0, defined=lambda _: None,
    )  # fmt: skip
    assert world.run(0, 10) == []
    assert world.source.asked == []


def test_a_restart_at_any_moment_changes_nothing(tmp_path: Path) -> None:
    errors = {"blue": between(120, 130), "green": lambda i: 41 <= i < 50 or 100 <= i < 124}
    straight = World(counters(errors), page=("fast",))
    restarted = World(counters(errors), f"sqlite:///{tmp_path}/state.db", page=("fast",))
    for i in range(150):
        if i in (3, 43, 44, 45, 60, 99, 103, 121, 123):
            restarted.restart()
        if i == 70:
            straight.spare(i)
            restarted.spare(i)
        assert restarted.at(i) == straight.at(i)
    assert restarted.kills() == straight.kills()
    assert [entry.action for entry in restarted.state.audit()] == ["kill", "unkill", "kill"]


def test_a_gap_is_read_from_history() -> None:
    errors = {"blue": never, "green": between(41)}
    for old in (False, True):
        world = World(counters(errors), old=old)
        if not old:
            world.run(0, 30)
            world.restart()
        world.at(60)
        assert [kill.at for kill in world.kills()] == [START + 60 * 15]


def test_a_source_that_fails_decides_nothing() -> None:
    world = World(counters({"blue": never, "green": between(41)}))
    world.run(0, 43)
    world.source.broken = "gone"
    (report,) = world.at(44)
    assert (report.samples, report.error) == ((), "gone")
    world.source.broken = None
    assert not world.kills()
    world.at(45)
    assert len(world.kills()) == 1


def test_a_kill_that_cannot_be_saved_is_saved_later_and_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(counters({"blue": never, "green": between(41)}))
    world.run(0, 44)

    def fail(*_: object) -> None:
        raise StateError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(State, "save_documents", fail)
        assert [r.error for r in world.run(44, 50) if r.error] == ["the disk is full"]
    assert not world.kills()
    world.at(50)
    assert [kill.at for kill in world.kills()] == [START + 44 * 15]
    assert len(world.told) == 1


def test_an_slo_and_a_guardrail_of_it_do_not_share_a_ledger() -> None:
    world = World(counters({"blue": never, "green": never}))
    world.run(0, 3)
    (name,) = {ledger.slo for ledger in world.state.ledgers()}
    assert ":" in name  # no SLO's name has one
    long = World(counters({}), name="x" * 100, guardrails=[{"slo": "shop"}])
    assert all(len(track.slo.name) <= 200 for track in long.collector._slos.tracks)
