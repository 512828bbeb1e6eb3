"""Which names a spec uses, and what becomes of those that it uses no more."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from exporter.spec import Spec, load
from exporter.state import State
from exporter.state.tables import DOCUMENTS, LEDGERS, NAMES
from winburn.assemble import assemble
from winburn.keeping import KEEP, MARGIN, UNKNOWN, Keeper, uses
from winburn.shard import parse_shard, part

NOW = 1_700_000_000.0 // 15 * 15
DAY = 86_400.0
SOURCES = """\
tenant: acme
sources:
  csv: {type: file, path: slots.csv}
  counts: {type: file, path: counts.csv}
slos:
"""
A, B, BOTH = (
    f"  - {{name: {name}, service: s, objective: 99, {more}}}\n"
    for name, more in (
        ("a", "period: 1d, sli: {source: csv, csv: {}}"),
        ("b", "period: {calendar: year}, alerting: {page: [medium]}, sli: {source: csv, csv: {}}"),
        ("both", "period: 1d, sli: {composite: [{slo: a}, {slo: b}]}"),
    )
)
EXPERIMENT = """\
experiments:
  - name: buttons
    control: blue
    variants: {blue: 0.5, green: 0.5}
    guardrails: [{slo: a, by: variant}]
    metrics: [{name: conversion, kind: proportion, source: counts, csv: {}}]
"""
SPEC = SOURCES + A + B + BOTH + EXPERIMENT


def loaded(folder: Path, text: str = SPEC) -> Spec:
    rows = "".join(f"{NOW - 15 * i:.0f},100,1,{v}\n" for i in range(40, 0, -1) for v in ("blue", "green"))
    (folder / "slots.csv").write_text(f"time,total,bad,variant\n{rows}")
    (folder / "counts.csv").write_text("variant,n,successes\nblue,2000,200\ngreen,2000,210\n")
    (folder / "winburn.yml").write_text(text)
    return load(folder / "winburn.yml")


def evaluated(spec: Spec, state: State, at: float) -> dict[str, float]:
    """Evaluate once; SLO -> events of the last hour."""
    reports = [report for collector in assemble(spec, state).collectors for report in collector.collect(at)]
    found = [one for report in reports for one in report.samples if one.name == "slo_events"]
    return {dict(one.labels)["slo"]: one.value for one in found if ("window", "1h") in one.labels}


def stored(state: State) -> set[tuple[str, str]]:
    with state._reading() as connection:
        documents = {(row.kind, row.name) for row in connection.execute(sa.select(DOCUMENTS))}
        return documents | {("slo", row.slo) for row in connection.execute(sa.select(LEDGERS))}


def pass_over(keeper: Keeper, *times: float) -> list[str]:
    return [name for at in times for name in keeper.sweep(at)]


def test_every_name_under_which_a_spec_stores_anything_is_in_use(tmp_path: Path) -> None:
    spec, state = loaded(tmp_path), State("sqlite://")
    evaluated(spec, state, NOW)
    assert {(use.kind, use.name) for use in uses(spec)} == stored(state)
    keep = {use.name: use.keep for use in uses(spec)}
    assert (keep["a"], keep["b"], keep["buttons"]) == (KEEP, 368 * DAY + MARGIN, KEEP)
    assert max(keep.values()) < UNKNOWN


def test_what_comes_back_in_time_finds_its_counts_and_later_none(tmp_path: Path) -> None:
    state = State("sqlite://")
    keeper = Keeper(state)
    keeper.follow(spec := loaded(tmp_path), NOW)
    known = evaluated(spec, state, NOW)
    (tmp_path / "slots.csv").write_text("time,total,bad,variant\n")  # so that only the store still knows them
    keeper.follow(loaded(tmp_path, SOURCES + A), NOW)
    assert pass_over(keeper, NOW + DAY, NOW + KEEP - DAY, NOW + KEEP - 1) == []
    assert ("slo", "both") in stored(state)
    assert evaluated(spec, state, NOW)["both"] == known["both"] > 0
    assert pass_over(keeper, NOW + KEEP + 1) == []
    assert pass_over(keeper, NOW + KEEP + 3601) == ["both", "buttons", "buttons:a"]
    assert {name for _, name in stored(state)} == {"a", "b"}
    assert pass_over(keeper, NOW + KEEP + 300 * DAY, NOW + KEEP + 301 * DAY) == ["b"]
    assert {name for _, name in stored(state)} == {"a"}


def test_nobody_prunes_what_others_on_the_store_use(tmp_path: Path) -> None:
    state = State("sqlite://")
    whole = loaded(tmp_path, SOURCES + "".join(A.replace("name: a", f"name: s{i}") for i in range(6)))
    shards = [part(whole, parse_shard(f"{i}/2")) for i in (1, 2)]
    assert all(shard.slos for shard in shards)
    keepers = [Keeper(state) for _ in shards]
    for keeper, shard in zip(keepers, shards, strict=True):
        keeper.follow(shard, NOW)
        evaluated(shard, state, NOW)
    for day in range(0, 400, 20):
        assert pass_over(keepers[0], NOW + day * DAY, NOW + day * DAY + 3600) == []
        assert pass_over(keepers[1], NOW + day * DAY + 60, NOW + day * DAY + 3660) == []
    assert len(stored(state)) == 6
    # One shard is switched off for good.
    end = NOW + 380 * DAY + 3660 + KEEP
    assert pass_over(keepers[0], end + 1, end + 3601) == sorted(slo.name for slo in shards[1].slos)


def test_a_clock_that_was_wrong_for_one_sweep_costs_others_nothing(tmp_path: Path) -> None:
    state, spec = State("sqlite://"), loaded(tmp_path)
    mine, other = Keeper(state), Keeper(state)
    other.follow(spec, NOW)
    evaluated(spec, state, NOW)
    assert pass_over(mine, NOW + 900 * DAY) == []
    other.sweep(NOW + 3600)
    assert pass_over(mine, NOW + 3600, NOW + 7200) == []
    assert len(stored(state)) == len(uses(spec))


def test_a_store_that_cannot_be_written_stops_no_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = State(f"sqlite:///{tmp_path}/state.db")
    (tmp_path / "state.db").unlink()
    with caplog.at_level(logging.DEBUG):
        Keeper(state).follow(loaded(tmp_path), NOW)


def test_a_store_of_before_keeps_what_has_left_for_longer(tmp_path: Path) -> None:
    state, spec = State("sqlite://"), loaded(tmp_path)
    evaluated(spec, state, NOW)
    with state._writing() as connection:
        connection.execute(NAMES.delete())
    keeper = Keeper(state)
    assert pass_over(keeper, NOW, NOW + UNKNOWN - 1, NOW + UNKNOWN) == []
    assert len(pass_over(keeper, NOW + UNKNOWN + 1, NOW + UNKNOWN + 3601)) == len({use.name for use in uses(spec)})
    assert stored(state) == set()
