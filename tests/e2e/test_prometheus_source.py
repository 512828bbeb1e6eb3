"""What the source relies on is the real server's behaviour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.sources.base import Matrix, SourceError, label_of
from exporter.sources.prometheus import PrometheusSource

CONFIG = "global: {scrape_interval: 15s}\n"
BASE = 1_700_000_000
"""Fixed, so that the blocks are the same each time; the retention reaches back to it."""

MINUTES = 60
SELECTORS = [
    "hits_total",
    'hits_total{pod="born"}',
    "misses_total",
    '{__name__=~"hits_total|misses_total",pod="steady"}',
    'hits_total{pod="reset"} # the one that restarts',
    "absent_total",
    'hits_total{pod=~".*e.*"} offset 90s',
]


def samples() -> Iterator[str]:
    """Counters that are steady, reset, born late, gone early, with a hole longer than the lookback, and NaN."""
    for name, factor in (("hits", 7), ("misses", 1)):
        yield f"# TYPE {name} counter"
        for pod in ("steady", "reset", "born", "gone", "hole", "nan"):
            for minute in range(MINUTES):
                value: float = factor * (minute + 1)
                if pod == "reset":
                    value = factor * (minute % 23)
                if (pod, minute) == ("nan", 30):
                    value = float("nan")
                there = {"born": minute >= 20, "gone": minute < 40, "hole": not 20 <= minute < 30}
                if there.get(pod, True):
                    yield f'{name}_total{{pod="{pod}"}} {value} {BASE + minute * 60}'
    yield "# EOF"


@pytest.fixture
def source(prometheus: Callable[..., object], tmp_path: Path) -> PrometheusSource:
    blocks = tmp_path / "samples.txt"
    blocks.write_text("\n".join(samples()) + "\n")
    running = prometheus(CONFIG, retention="50y", blocks_from=blocks)
    return PrometheusSource("prod", running.url, series_limit=100, timeout=60)  # type: ignore[attr-defined]


def value_at(matrix: Matrix, index: int) -> dict[str, float]:
    column = matrix.values[:, index]
    return {key: value for key, value in zip(matrix.keys, column.tolist(), strict=True) if not np.isnan(value)}


def test_history_is_what_counters_would_have_given(source: PrometheusSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.prometheus.POINTS", 4)

    @settings(max_examples=25, deadline=None)
    @given(
        start=st.integers(-600_000, MINUTES * 60_000 + 600_000),
        step=st.integers(1, 400_000),
        count=st.integers(1, 9),
        selectors=st.lists(st.sampled_from(SELECTORS), min_size=1, max_size=5),
    )
    def agree(start: int, step: int, count: int, selectors: list[str]) -> None:
        begin = BASE + start / 1000
        matrices = source.history(selectors, begin, begin + step * (count - 1) / 1000, step / 1000)
        for index in range(count):
            at = (BASE * 1000 + start + index * step) / 1000
            for matrix, reading in zip(matrices, source.counters(selectors, at), strict=True):
                assert isinstance(matrix, Matrix)
                assert matrix.times[index] == at
                assert value_at(matrix, index) == reading

    agree()


def test_each_selector_gets_its_own_series_with_their_names(source: PrometheusSource) -> None:
    hits, misses, both, hits_again = source.counters(
        ["hits_total", "misses_total", SELECTORS[3], SELECTORS[4]], BASE + 600
    )
    assert {label_of(key, "pod") for key in hits} == {"steady", "reset", "gone", "hole", "nan"}  # type: ignore[union-attr]
    assert len(misses) == 5  # type: ignore[arg-type]
    assert sorted((label_of(key, "__name__"), value) for key, value in both.items()) == [  # type: ignore[union-attr]
        ("hits_total", 77.0),
        ("misses_total", 11.0),
    ]
    assert len(hits_again) == 1  # type: ignore[arg-type]
    assert not any(label_of(key, "winburn_query") for key in [*hits, *misses, *both])  # type: ignore[misc]


def test_asked_alone_or_together_the_answer_is_the_same(
    source: PrometheusSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    ask = source._api.ask
    monkeypatch.setattr(source._api, "ask", lambda *args, **named: asked.append(args) or ask(*args, **named))
    together = source.counters(SELECTORS, BASE + 1500)
    assert len(asked) == 1
    assert [source.counters([selector], BASE + 1500)[0] for selector in SELECTORS] == together


def test_a_nan_sample_is_absent(source: PrometheusSource) -> None:
    for at, expected in ((BASE + 1799, 1), (BASE + 1800, 0), (BASE + 1860, 1)):
        assert len(source.counters(['hits_total{pod="nan"}'], at)[0]) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("hits_total{", "parse error"),
        ('hits_total{pod=~"("}', "error parsing regexp"),
        ("hits_total[5m]", "a matrix, not an instant vector"),
        ("1", "a scalar, not an instant vector"),
        ('label_replace(hits_total, "pod", "x", "", "")', "same labelset"),
    ],
)
def test_a_bad_selector_gets_the_servers_sentence_and_costs_no_other(
    source: PrometheusSource, selector: str, sentence: str
) -> None:
    well, bad, empty = source.counters(["misses_total", selector, "absent_total"], BASE + 600)
    assert len(well) == 5  # type: ignore[arg-type]
    assert empty == {}
    assert isinstance(bad, SourceError)
    assert sentence in str(bad)
    assert source.up is True


def test_a_history_of_more_points_than_the_server_gives_at_once(source: PrometheusSource) -> None:
    (matrix,) = source.history(['hits_total{pod="steady"}'], BASE, BASE + 12_000 * 0.25, 0.25)
    assert isinstance(matrix, Matrix)
    np.testing.assert_array_equal(matrix.times, BASE + np.arange(12_001) * 0.25)
    np.testing.assert_array_equal(matrix.values[0], 7.0 * (np.arange(12_001) // 240 + 1))


def test_the_servers_retention(source: PrometheusSource) -> None:
    assert source.retention_start(BASE) == BASE - 50 * 365 * 86400
