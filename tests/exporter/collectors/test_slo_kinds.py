"""What each kind of SLI asks, and how answers become events; the e2e tests ask a real Prometheus."""

from __future__ import annotations

import re

import numpy as np
import pytest

from exporter.collectors.slo_kinds import check_histogram, reads
from exporter.promql import bucket_matcher
from exporter.sources.base import SourceError, series_key
from tests.exporter.collectors.scripted import Scripted, slo

NAN = float("nan")


@pytest.mark.parametrize(
    ("threshold", "written"),
    [
        (1.0, ["1", "1.0"]),
        (0.3, ["0.3"]),
        (2.5, ["2.5"]),
        (1e6, ["1000000", "1000000.0", "1e+06"]),
        (5e-05, ["5e-05"]),
        (10.0, ["10", "10.0"]),
    ],
)
def test_a_threshold_matches_every_way_to_write_its_bucket(threshold: float, written: list[str]) -> None:
    pattern = bucket_matcher(threshold).removeprefix('le=~"').removesuffix('"').replace("\\\\", "\\")
    for text in written:
        assert re.fullmatch(pattern, text), text
    for other in ("0.30001", "31", "10x", "1.00", "11"):
        assert not re.fullmatch(pattern, other)


def test_queries_say_the_time_since_the_last_instant() -> None:
    what = reads(slo(bool='probe_success{job="x"}'))
    assert what.ranged
    assert what.at_step(15.0) == {
        "total": 'count_over_time(probe_success{job="x"}[14s999ms])',
        "good": 'sum_over_time(probe_success{job="x"}[14s999ms])',
        "present": 'probe_success{job="x"}',
    }


def test_comparisons_of_slices_give_0_and_1() -> None:
    what = reads(slo(slices={"good_when": "max(q) by (zone) < 100", "slice": "1m"}))  # type: ignore[arg-type]
    assert what.roles["holds"] == "(max(q) by (zone)) < bool (100)"
    assert what.every == 60


def test_histograms_are_counters() -> None:
    classic = reads(slo(latency={"histogram": 'h{job="a"}', "threshold": 0.3}))  # type: ignore[arg-type]
    assert classic.count is None
    assert classic.roles["total"] == 'h_count{job="a"}'
    assert classic.roles["good"] == 'h_bucket{job="a",le=~"0\\\\.3"}'
    native = reads(slo(latency={"histogram": "h", "threshold": 0.3, "native": True}))  # type: ignore[arg-type]
    assert native.roles["good"] == "histogram_fraction(-Inf, 0.3, h) * histogram_count(h)"


def test_samples_of_probes_are_events() -> None:
    count = reads(slo(bool="up")).count
    assert count is not None
    values = {
        "total": np.array([[1.0, NAN, 2.0], [1.0, 1.0, NAN]]),
        "good": np.array([[1.0, NAN, 1.0], [0.0, 1.0, NAN]]),
        "present": np.array([[1.0, 1.0, 0.0], [NAN, NAN, NAN]]),
    }
    total, bad, measured = count(values, np.array([15.0, 15.0, 15.0]))
    assert (total.tolist(), bad.tolist(), measured.tolist()) == ([2, 1, 2], [1, 0, 1], [15, 15, 15])


def test_a_ratio_counts_minutes_and_an_undefined_one_nothing() -> None:
    count = reads(slo(ratio="x[$window]")).count
    assert count is not None
    total, bad, measured = count({"share": np.array([[0.5, NAN, 2.0]])}, np.array([60.0, 60.0, 120.0]))
    assert (total.tolist(), bad.tolist(), measured.tolist()) == ([1, 0, 2], [0.5, 0, 2], [60, 0, 120])


def test_a_slice_is_good_where_the_comparison_holds_for_all_series() -> None:
    count = reads(slo(slices={"good_when": "q < 1", "slice": "1m"})).count  # type: ignore[arg-type]
    assert count is not None
    values = {"holds": np.array([[1.0, 1.0, NAN], [1.0, 0.0, NAN]])}
    total, bad, _ = count(values, np.full(3, 60.0))
    assert (total.tolist(), bad.tolist()) == ([1, 1, 0], [0, 1, 0])


def test_a_threshold_that_is_no_bucket_lists_the_buckets() -> None:
    series = {series_key({"__name__": "h_bucket", "le": le}): [(0.0, 1.0)] for le in ("0.1", "0.5", "+Inf")}
    latency = slo(latency={"histogram": "h", "threshold": 0.3})  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=r"threshold 0.3 is not a bucket of h; its buckets are 0.1, 0.5, \+Inf"):
        check_histogram(Scripted({"h_bucket{}": series}), latency, {"total": True, "good": False}, 1.0)
    check_histogram(Scripted({"h_bucket{}": series}), latency, {"total": True, "good": True}, 1.0)
    check_histogram(Scripted({"h_bucket{}": {}}), latency, {"total": True, "good": False}, 1.0)
