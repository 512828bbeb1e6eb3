"""Reading counts: who is asked, in what order, and what a failure costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from exporter.collectors.experiment_feed import HORIZON, Feed
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.sources.base import Count, Matrix, Reading, SourceError, Unreachable, series_key
from exporter.sources.turns import Turns
from exporter.spec import Experiment, Metric

START = 1_700_000_100.0


@dataclass
class Table:
    """Counts that are written down by query; ``hangs`` does not answer (up is False), ``wrong`` is refused."""

    rows: Mapping[str, Sequence[Count]] = field(default_factory=dict)
    name: str = "shop"
    up: bool | None = None
    turns: Turns = field(default_factory=Turns)
    hangs: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def counts(self, metric: Metric, at: float) -> list[Count]:  # noqa: ARG002 - the protocol's
        query = metric.query or ""
        self.asked.append(query)
        self.up = query not in self.hangs
        if query in self.hangs:
            raise Unreachable(f"source {self.name}: no answer")
        if query in self.wrong:
            raise SourceError(f"source {self.name}: {query} fails")
        return list(self.rows.get(query, [Count("a", (10, 1)), Count("b", (20, 2))]))


@dataclass
class Counters:
    """Two counters by selector: pods whose value grows by ``rate`` a second from ``born`` on."""

    rates: dict[str, float]
    name: str = "prod"
    up: bool | None = None
    broken: bool = False
    born: float = START
    asked: list[tuple[str, int]] = field(default_factory=list)

    def counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        self._ask("counters", len(selectors))
        return [
            {k: row[0] for k, row in m.items() if not math.isnan(row[0])} if isinstance(m, dict) else m
            for m in (self._series(selector, np.array([at])) for selector in selectors)
        ]

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Matrix | SourceError]:
        self._ask("history", len(selectors))
        times = start + np.arange(round((end - start) / step) + 1) * step
        answers = [self._series(selector, times) for selector in selectors]
        return [Matrix(times, tuple(a), np.array([*a.values()])) if isinstance(a, dict) else a for a in answers]

    def retention_start(self, at: float) -> float | None:  # noqa: ARG002 - the protocol's
        return None

    def _ask(self, what: str, selectors: int) -> None:
        self.asked.append((what, selectors))
        if self.broken:
            raise SourceError("source prod: does not answer")

    def _series(self, selector: str, times: Any) -> dict[str, Any] | SourceError:
        if selector not in self.rates:
            return SourceError(f"source prod: {selector} is wrong")
        values = np.where(times >= self.born, (times - self.born) * self.rates[selector], np.nan)
        return {series_key({"job": "shop", "instance": "p", "variant": "a"}): values}


def track(name: str, *metrics: dict[str, Any], status: str = "running") -> ExperimentTrack:
    model = {
        "name": name,
        "status": status,
        "control": "a",
        "variants": {"a": 0.5, "b": 0.5},
        "metrics": [
            {"kind": "proportion", "role": "secondary" if i else "primary", **m} for i, m in enumerate(metrics)
        ],
    }
    return ExperimentTrack(Experiment.model_validate(model), None, [])


def sql(query: str, name: str = "m") -> dict[str, Any]:
    return {"name": name, "source": "shop", "query": query}


def prometheus(exposures: str = "n", events: str = "s") -> dict[str, Any]:
    return {"name": "m", "source": "prod", "prometheus": {"exposures": exposures, "events": events}}


def failed(answers: Mapping[Any, Any]) -> list[str]:
    return sorted(key[0] for key, answer in answers.items() if isinstance(answer, SourceError))


def test_drafts_are_not_read() -> None:
    source = Table()
    answers = Feed({"shop": source}, 15.0).read([track("x", sql("q"), status="draft"), track("y", sql("r"))], START)
    assert answers == {("y", "m"): {"a": (10, 1), "b": (20, 2)}}
    assert source.asked == ["r"]


def test_a_refused_query_costs_its_own_metric_only() -> None:
    source = Table(wrong={"q"})
    answers = Feed({"shop": source}, 15.0).read([track("x", sql("q"), sql("t", "n")), track("y", sql("r"))], START)
    assert [key for key, answer in answers.items() if isinstance(answer, SourceError)] == [("x", "m")]


def test_a_source_that_does_not_answer_is_asked_once_a_refresh() -> None:
    source, other = Table(hangs={"q1", "q2", "q3"}), Table(name="other")
    tracks = [track(f"x{i}", sql(f"q{i}")) for i in (1, 2, 3)]
    tracks.append(track("y", {**sql("r"), "source": "other"}))
    feed = Feed({"shop": source, "other": other}, 15.0)
    for refresh in (1, 2):
        assert failed(feed.read(tracks, START + refresh)) == ["x1", "x2", "x3"]
        assert len(source.asked) == len(other.asked) == refresh


def test_one_slow_query_does_not_starve_the_others() -> None:
    source = Table(hangs={"slow"})
    tracks = [track("x", sql("slow")), track("y", sql("r")), track("z", sql("t"))]
    feed = Feed({"shop": source}, 15.0)
    assert failed(feed.read(tracks, START)) == ["x", "y", "z"]
    answers = [failed(feed.read(tracks, START + i)) for i in range(1, 4)]
    assert answers[-1] == ["x"]


def test_one_slow_query_does_not_starve_the_others_after_an_outage_of_all() -> None:
    source = Table(hangs={"slow", "r", "t"})
    tracks = [track("x", sql("slow")), track("y", sql("r")), track("z", sql("t"))]
    feed = Feed({"shop": source}, 15.0)
    for i in range(6):
        assert failed(feed.read(tracks, START + i)) == ["x", "y", "z"]
    source.hangs = {"slow"}
    answers = [failed(feed.read(tracks, START + i)) for i in range(6, 9)]
    assert answers[-1] == ["x"]


def test_counters_are_replayed_once_and_then_polled_together() -> None:
    source = Counters({"n": 2.0, "s": 1.0})
    tracks = [track("x", prometheus()), track("y", prometheus())]
    heard: list[tuple[str, float]] = []
    feed = Feed({"prod": source}, 15.0, lambda name, share: heard.append((name, share)))
    now = START + 7 * 86400
    assert feed.read(tracks, now)["x", "m"] == {"a": (14 * 86400, 7 * 86400)}
    assert {what for what, _ in source.asked} == {"history"}
    assert heard[-1] == ("y", 1.0)
    source.asked.clear()
    assert feed.read(tracks, now + 15)["y", "m"] == {"a": (2 * (7 * 86400 + 15), 7 * 86400 + 15)}
    assert source.asked == [("counters", 4)]


def test_an_outage_loses_no_count() -> None:
    source = Counters({"n": 2.0, "s": 1.0})
    tracks, feed = [track("x", prometheus())], Feed({"prod": source}, 15.0)
    feed.read(tracks, START + 600)
    source.broken = True
    assert failed(feed.read(tracks, START + 615)) == ["x"]
    source.broken = False
    assert feed.read(tracks, START + 9000)["x", "m"] == {"a": (18_000, 9000)}
    assert feed.read(tracks, START + 9000)["x", "m"] == {"a": (18_000, 9000)}


def test_a_wrong_selector_costs_its_own_metric_only() -> None:
    tracks, source = [track("x", prometheus(events="typo")), track("y", prometheus())], Counters({"n": 2.0, "s": 1.0})
    feed = Feed({"prod": source}, 15.0)
    for at in (START + 600, START + 615):
        assert failed(feed.read(tracks, at)) == ["x"]


def test_a_clock_that_was_set_back_waits_or_is_believed() -> None:
    source = Counters({"n": 2.0, "s": 1.0})
    tracks, feed = [track("x", prometheus())], Feed({"prod": source}, 15.0)
    feed.read(tracks, START + 6000)
    waiting = feed.read(tracks, START + 5700)["x", "m"]
    assert isinstance(waiting, SourceError)
    assert "5m ahead of now" in str(waiting)
    assert feed.read(tracks, START + 6015)["x", "m"] == {"a": (12_030, 6015)}
    back = feed.read(tracks, START + 6015 - 3 * 3600)["x", "m"]
    assert not isinstance(back, SourceError)


@pytest.mark.parametrize("days", [1, 40])
def test_the_past_ends_at_the_horizon_and_loses_nothing_there(days: int) -> None:
    source = Counters({"n": 2.0, "s": 1.0})
    now = START + days * 86400
    answers = Feed({"prod": source}, 15.0).read([track("x", prometheus())], now)
    assert answers["x", "m"] == {"a": (2 * days * 86400, days * 86400)}
    assert HORIZON == 30 * 86400
