"""Experiments replayed from a database that knows when each visit was, against the evidence computed here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from exporter.sources.base import series_key
from exporter.spec import Spec, load_text
from exporter.state import State
from exporter.stats import kill, sequential
from tests.exporter.collectors.scripted import START as COUNTED_FROM
from tests.exporter.collectors.scripted import Scripted
from winburn.assemble import assemble
from winburn.backtest.experiment import Replay, Told, backtest_experiments
from winburn.backtest.experiment_text import experiment_document, experiment_table
from winburn.backtest.increments import NotYet
from winburn.backtest.past import Span

START = 1_700_000_100.0
SPEC = """\
refresh: 20s
sources:
  shop: {type: sql, url: "sqlite:///shop.db"}
  file: {type: file, path: counts.csv}
  api: {type: http, url: "http://localhost:1"}
  prod: {type: prometheus, url: "http://localhost:1"}
experiments:
  - name: buttons
    control: a
    variants: {a: 0.5, b: 0.25, c: 0.25}
    metrics:
      - name: conversion
        kind: proportion
        source: shop
        query: SELECT variant, COUNT(*) AS n, SUM(bought) AS successes FROM visits WHERE at <= :at GROUP BY variant
"""
RATES = {"a": 0.1, "b": 0.0, "c": 0.25}
SHARES = {"a": 0.5, "b": 0.25, "c": 0.25}
SPAN = Span(START, START + 3600, 60.0)


@pytest.fixture(scope="module")
def visits() -> list[tuple[float, str, int]]:
    """One a second for an hour."""
    rng = np.random.default_rng(5)
    arms = rng.choice(list(RATES), 3600, p=list(SHARES.values()))
    return [(START + i + 0.5, str(v), int(rng.random() < RATES[str(v)])) for i, v in enumerate(arms)]


def replayed(folder: Path, visits: list[tuple[float, str, int]], span: Span = SPAN) -> Replay:
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE visits (at, variant, bought)")
        shop.executemany("INSERT INTO visits VALUES (?, ?, ?)", visits)
    spec = load_text(SPEC, folder=folder)
    shares: list[float] = []
    (found,) = backtest_experiments(spec, assemble(spec, State("sqlite://")).sources, ["buttons"], span, shares.append)
    assert shares[-1] == 1
    return found


def counts(visits: list[tuple[float, str, int]], variant: str, at: float) -> tuple[int, int]:
    mine = [bought for when, v, bought in visits if v == variant and when <= at]
    return sum(mine), len(mine)


def first(replay: Replay, alert: str, variant: str) -> Told:
    return next(each for each in replay.told if (each.alert, each.variant) == (alert, variant))


def test_a_variant_is_killed_at_the_first_time_at_which_its_evidence_is_enough(
    tmp_path: Path, visits: list[tuple[float, str, int]]
) -> None:
    replay = replayed(tmp_path, visits)

    def enough(at: float) -> bool:
        (a, of_a), (b, of_b) = counts(visits, "a", at), counts(visits, "b", at)
        return bool(kill.kill_log_e(a, of_a, b, of_b, of_b / (of_a + of_b)) >= np.log(100))

    killed = first(replay, "ExperimentEarlyKill", "b")
    assert killed.since == next(at for at in SPAN.times[1:].tolist() if enough(at))
    assert (killed.until, killed.told, killed.severity) == (None, killed.since, "page")


def test_how_it_stood_at_the_end_is_computed_from_the_counts_of_then(
    tmp_path: Path, visits: list[tuple[float, str, int]]
) -> None:
    replay = replayed(tmp_path, visits, Span(START, START + 1800, 60.0))
    (a, of_a), (c, of_c) = (counts(visits, variant, START + 1800) for variant in "ac")
    end = next(each for each in replay.variants if each.variant == "c")
    assert end.participants == of_c
    assert end.lift == pytest.approx(c / of_c / (a / of_a) - 1)
    log_e = float(sequential.headline_log_e(a, of_a, c, of_c, of_c / (of_a + of_c)))
    assert end.e_value == pytest.approx(np.exp(log_e), rel=1e-3)
    assert end.verdict == 1


def test_a_verdict_is_sent_once_it_has_held_for_a_quarter_of_an_hour(
    tmp_path: Path, visits: list[tuple[float, str, int]]
) -> None:
    replay = replayed(tmp_path, visits)
    verdicts = [t for t in replay.told if (t.alert, t.variant) == ("ExperimentDecided", "c")]
    last = verdicts[-1]
    assert (last.word, last.metric, last.until) == ("better", "conversion", None)
    assert last.told == last.since + 900
    assert all(t.told is None for t in verdicts if t.until is not None and t.until - t.since <= 900)
    assert not any(t.alert == "ExperimentSampleRatioMismatch" for t in replay.told)


def test_a_split_that_is_not_the_planned_one_is_told_and_no_time_before_it(
    tmp_path: Path, visits: list[tuple[float, str, int]]
) -> None:
    lost = [visit for i, visit in enumerate(visits) if visit[1] != "c" or i % 2]
    told = first(replayed(tmp_path, lost), "ExperimentSampleRatioMismatch", "")
    assert START < told.since < START + 3600
    assert told.told == told.since + 300


def test_the_step_is_made_a_multiple_of_the_refresh_and_text_and_json_say_it(
    tmp_path: Path, visits: list[tuple[float, str, int]]
) -> None:
    replay = replayed(tmp_path, visits, Span(START, START + 900, 15.0))
    assert replay.span.step == 60
    text = experiment_table(replay)
    assert text.startswith("buttons: b, c against a, 2023-11-14 22:15 to 2023-11-14 22:30 UTC, every 1m\n")
    assert "would have sent: 1 page, 0 tickets, 0 messages" in text
    found = experiment_document(replay)
    assert found["step_seconds"] == 60
    assert {each["severity"] for each in found["alerts"]} == {"page", "info"}


def spec_of(metric: str) -> Spec:
    head, _, _ = SPEC.partition("        source: shop")
    return load_text(head + "".join(f"        {line}\n" for line in metric.splitlines()))


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("source: shop\nquery: SELECT variant, n, successes FROM counts", "WHERE … <= :at"),
        ("source: shop\nquery: SELECT variant, n, a::atom AS successes FROM counts", "WHERE … <= :at"),
        ("source: file", "name the column of times"),
        (
            'source: api\njson: {path: /x, rows: r, columns: {variant: v, "n": units, successes: s}}',
            "its API tells of now alone",
        ),
    ],
)
def test_what_knows_no_past_is_refused_with_the_way_out(metric: str, sentence: str) -> None:
    with pytest.raises(NotYet, match="buttons: metric conversion cannot be replayed: ") as refusal:
        backtest_experiments(spec_of(metric), {}, ["buttons"], SPAN, lambda _: None)
    assert sentence in str(refusal.value)


def test_counters_are_replayed_from_their_first_sample_on() -> None:
    """One visit a second for an hour, of which b's never convert: what went before the span counts too."""
    shares = [*SHARES.values()]

    def series(rates: list[float]) -> dict[str, list[tuple[float, float]]]:
        found = {}
        for variant, share, rate in zip(RATES, shares, rates, strict=True):
            points = [(COUNTED_FROM + t, float(round(t * share * rate))) for t in range(0, 7201, 20)]
            found[series_key({"__name__": "it", "variant": variant})] = points
        return found

    source = Scripted({"shown": series([1, 1, 1]), "bought": series([*RATES.values()])})
    spec = spec_of("source: prod\nprometheus: {exposures: shown, events: bought, once: true}")
    begin = -(-(COUNTED_FROM + 3600) // 300) * 300
    (replay,) = backtest_experiments(
        spec, {"prod": source}, ["buttons"], Span(begin, begin + 600, 60.0), lambda _: None
    )
    killed = first(replay, "ExperimentEarlyKill", "b")
    assert killed.since == begin
    at_end = {each.variant: each.participants for each in replay.variants}
    assert at_end["c"] == pytest.approx((begin + 600 - COUNTED_FROM) / 4, rel=0.02)
