from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.promql import quote
from winburn.convert.indicator import Indicator, from_events, from_ratio
from winburn.convert.promql_tokens import PromqlError
from winburn.convert.promql_tree import Matcher, Selector, parse

sys.path.insert(0, os.fspath(Path(__file__).parent))
from promql_world import Vector, evaluate, grouped, selectors_of, world_of

W = "$window"

TABLE: list[tuple[str, str, str, dict[str, Any], tuple[str, ...]]] = [
    ("plain", 'sum(rate(a{c="5"}[$window]))', "sum(rate(a[$window]))", {"total": "a", "bad": 'a{c="5"}'}, ()),
    ("increase", 'sum(increase(a{c="5"}[$window]))', "sum(increase(a[$window]))", {"total": "a", "bad": 'a{c="5"}'}, ()),
    ("other metrics", "sum(rate(e[$window])) by (x)", "sum by (x) (rate(a[$window]))", {"total": "a", "bad": "e"}, ("x",)),
    ("or vector(0)", "sum(rate(e[$window])) or vector(0)", "sum(rate(a[$window]))", {"total": "a", "bad": "e"}, ()),
    ("total minus good", 'sum(rate(a[$window])) - sum(rate(a{c="2"}[$window]))', "sum(rate(a[$window]))", {"total": "a", "good": 'a{c="2"}'}, ()),
    ("sum of sums", "sum(sum by (x) (rate(e[$window])))", "sum(rate(a[$window]))", {"total": "a", "bad": "e"}, ()),
    ("two codes", 'sum(rate(a{c="500"}[$window])) + sum(rate(a{c="502"}[$window]))', "sum(rate(a[$window]))", {"total": "a", "bad": 'a{c=~"500|502"}'}, ()),
    ("good and bad make the total", 'sum(rate(a{c=~"5.."}[$window]))', 'sum(rate(a{c=~"2.."}[$window])) + sum(rate(a{c=~"5.."}[$window]))', {"total": 'a{c=~"2..|5.."}', "bad": 'a{c=~"5.."}'}, ()),
    ("two names", "sum(rate(bad_total[$window]))", "sum(rate(good_total[$window])) + sum(rate(bad_total[$window]))", {"total": '{__name__=~"bad_total|good_total"}', "bad": "bad_total"}, ()),
    ("latency", 'sum(rate(h_count{v="G"}[$window])) - sum(rate(h_bucket{le="0.4",v="G"}[$window]))', 'sum(rate(h_count{v="G"}[$window]))', {"latency": {"histogram": 'h{v="G"}', "threshold": 0.4}}, ()),
    ("latency, floored and grouped", 'clamp_min(sum(rate(h_count[$window])) by (x) - sum(rate(h_bucket{le="1"}[$window])) by (x), 0)', "sum(rate(h_count[$window])) by (x)", {"latency": {"histogram": "h", "threshold": 1.0}}, ("x",)),
    ("latency of +Inf", 'sum(rate(h_bucket{le="+Inf"}[$window])) - sum(rate(h_bucket{le="2"}[$window]))', "sum(rate(h_count[$window]))", {"latency": {"histogram": "h", "threshold": 2.0}}, ()),
    ("both spellings of le", 'sum(rate(h_count[$window])) - sum(rate(h_bucket{le=~"1|1.0"}[$window]))', "sum(rate(h_count[$window]))", {"latency": {"histogram": "h", "threshold": 1.0}}, ()),
    ("probe", 'sum(count_over_time(up{j="a"}[$window]) - sum_over_time(up{j="a"}[$window]))', 'sum(count_over_time(up{j="a"}[$window]))', {"bool": 'up{j="a"}'}, ()),
    ("probe averaged", "avg(count_over_time(up[$window])) by (x) - avg(sum_over_time(up[$window])) by (x)", "avg(count_over_time(up[$window])) by (x)", {"bool": "up"}, ("x",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "total", "sli", "groups"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_recognised(events: str, total: str, sli: dict[str, Any], groups: tuple[str, ...]) -> None:
    found = from_events(events, total, good=False)
    assert (found.sli, found.group_by, found.warnings) == (sli, groups, ())
    divided = from_ratio(f"({events}) / ({total})", success=False)
    assert divided.sli == sli
    inverted = from_ratio(f"1 - (({events}) / ({total}))", success=True)
    assert inverted.sli == sli


@pytest.mark.parametrize(
    ("events", "total", "sli", "groups"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_recognised_queries_give_the_same_numbers(
    events: str, total: str, sli: dict[str, Any], groups: tuple[str, ...]
) -> None:
    if "+Inf" in events:
        pytest.skip("the world's histograms are not consistent: their _count is not their bucket +Inf")
    assert sli
    assert_same(from_events(events, total, good=False), events, total, groups, seed=1)


def assert_same(found: Indicator, events: str, total: str, groups: tuple[str, ...], seed: int) -> None:
    """The original ratio, evaluated, equals that of the selectors found, in every group that has events."""
    trees = parse(events), parse(total)
    world = world_of(selectors_of(trees[0]) + selectors_of(trees[1]), groups, seed)
    bad, whole = evaluate(trees[0], world), evaluate(trees[1], world)
    assert isinstance(bad, dict)
    assert isinstance(whole, dict)
    ours_bad, ours_total = counts_of(found.sli, groups, world)
    seen = 0
    for group, value in whole.items():
        if not value:
            continue
        seen += 1
        expected = max(0.0, bad.get(group, 0.0)) / value
        assert math.isclose(
            max(0.0, ours_bad.get(group, 0.0)) / ours_total[group], expected, rel_tol=1e-9, abs_tol=1e-12
        )
    assert seen, "the world has nothing that the query counts"


def counts_of(sli: dict[str, Any], by: tuple[str, ...], world: list[Any]) -> tuple[Vector, Vector]:
    if "bool" in sli:
        selector = selector_of(sli["bool"])
        total = grouped(selector, by, world, "samples")
        ones = grouped(selector, by, world, "ones")
        return {key: value - ones[key] for key, value in total.items()}, total
    if "latency" in sli:
        histogram = selector_of(sli["latency"]["histogram"])
        bounds = {dict(series.labels).get("le", "") for series in world}
        le = "|".join(sorted(bound for bound in bounds if number(bound) == sli["latency"]["threshold"]))
        # Not part of any histogram: the world gives _count the label le as well.
        total = grouped(Selector(f"{histogram.metric}_count", histogram.matchers), by, world, "rate")
        good = grouped(bucket_of(histogram, le), by, world, "rate")
        return {key: value - good.get(key, 0.0) for key, value in total.items()}, total
    total = grouped(selector_of(sli["total"]), by, world, "rate")
    if "bad" in sli:
        return grouped(selector_of(sli["bad"]), by, world, "rate"), total
    good = grouped(selector_of(sli["good"]), by, world, "rate")
    return {key: value - good.get(key, 0.0) for key, value in total.items()}, total


def bucket_of(histogram: Selector, le: str) -> Selector:
    return Selector(f"{histogram.metric}_bucket", (*histogram.matchers, Matcher("le", "=~", quote(le))))


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def selector_of(text: str) -> Selector:
    tree = parse(text)
    assert isinstance(tree, Selector)
    return tree


KEPT = [
    ('sum(rate(e[$window])) * 2', "sum(rate(a[$window]))"),
    ("sum(rate(e[$window]))", "sum(increase(a[$window]))"),
    ("sum(rate(e[$window]))", "sum(rate(a[$window] offset 1d))"),
    ("sum(rate(e[$window])) by (x)", "sum(rate(a[$window])) by (y)"),
    ("avg(rate(e[$window]))", "avg(rate(a[$window]))"),
    ("sum(rate(e[5m]))", "sum(rate(a[$window]))"),
    ('sum(rate(a{c=~"5.*"}[$window])) + sum(rate(a{c="500"}[$window]))', "sum(rate(a[$window]))"),
    ("sum(rate(e[$window])) - sum(rate(f[$window]))", "sum(rate(a[$window]))"),
    ("sum_over_time(x[$window])", "sum_over_time(y[$window])"),
    ("sum(rate(e[$window])) / on() sum(rate(b[$window]))", "sum(rate(a[$window]))"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "total"), KEPT)
def test_all_else_is_kept_as_ratio_with_a_warning(events: str, total: str) -> None:
    found = from_events(events, total, good=False)
    assert found.kind == "ratio"
    assert "counts time instead of events" in found.warnings[0]
    parse(found.sli["ratio"])


def test_ratio_texts() -> None:
    kept = from_events("sum(x[$window:]) by (g)", "sum(y[$window:]) by (g)", good=False)
    assert kept.sli == {"ratio": "(sum(x[$window:]) by (g) or 0 * sum(y[$window:]) by (g)) / sum(y[$window:]) by (g)"}
    assert kept.group_by == ("g",)
    pooled = from_events("avg_over_time(x[$window])", "avg_over_time(y[$window])", good=True)
    text = "(sum(avg_over_time(x[$window])) or 0 * sum(avg_over_time(y[$window]))) / sum(avg_over_time(y[$window]))"
    assert pooled.sli == {"ratio": f"1 - {text}"}
    assert "labels that are not named" in pooled.warnings[1]
    dropped = from_events("max(x[$window:]) by (g, job)", "max(y[$window:]) by (g, job)", good=False)
    assert dropped.sli["ratio"].startswith("(sum by (g)(max(x[$window:]) by (g, job)) or 0 * sum by (g)(max(")
    assert from_ratio("my:ratio", success=True).sli == {"ratio": "1 - (avg_over_time((avg(my:ratio))[$window:]))"}
    assert from_ratio("job:ratio_rate$window", success=False).sli == {"ratio": "job:ratio_rate$window"}


@pytest.mark.parametrize(
    ("events", "total", "word"),
    [
        ('sum(irate(a{c="5"}[$window]))', "sum(irate(a[$window]))", "irate"),
        ('sum(rate(a{c="5"}[5m]))', "sum(rate(a[5m]))", "fixed range [5m]"),
        ('rate(a{c="5"}[$window])', "rate(a[$window])", "keeps every series apart"),
        ('sum(rate(a{c="5"}[$window])) without (i)', "sum(rate(a[$window])) without (i)", "'without'"),
        ("sum(rate(a[$window]))", "sum(rate(a[$window]))", "same series"),
        ('sum(rate(a{c="5"}[$window]))', 'sum(rate(a{j="x"}[$window]))', "not limited by j"),
        ("histogram_quantile(0.9, sum(rate(h_bucket[$window])) by (le)) > 0.2", "sum(rate(h_count[$window]))", "filters by a comparison"),
        ('sum(rate(x_count[$window])) - sum(rate(y_bucket{le="1"}[$window]))', "sum(rate(x_count[$window]))", "not the two sides of one histogram"),
    ],
)  # fmt: skip
def test_oddities_are_told(events: str, total: str, word: str) -> None:
    found = from_events(events, total, good=False)
    assert any(word in warning for warning in found.warnings), found.warnings


_NAMES = st.sampled_from(["a_total", "b_total", "h_count"])
_MATCH = st.sampled_from(["", '{c="1"}', '{c=~"1|2"}', '{c!="1"}', '{c=~"1.",d="2"}'])
_BY = st.sampled_from(["", " by (x)", " by (c)"])


@given(_NAMES, _MATCH, _NAMES, _MATCH, _BY, st.sampled_from(["rate", "increase"]), st.integers(0, 20), st.booleans())
@settings(max_examples=150)
def test_any_recognised_query_gives_the_same_numbers(
    bad: str, bad_match: str, total: str, match: str, by: str, function: str, seed: int, minus: bool  # noqa: FBT001
) -> None:  # fmt: skip
    one = f"sum({function}({bad}{bad_match}[{W}])){by}"
    whole = f"sum({function}({total}{match}[{W}])){by}"
    events = f"{whole} - {one}" if minus else one
    found = from_events(events, whole, good=False)
    assert found.kind == "counters"
    groups = (by[5],) if by else ()
    trees = parse(events), parse(whole)
    world = world_of(selectors_of(trees[0]) + selectors_of(trees[1]), groups, seed)
    if not evaluate(trees[1], world):
        return
    if minus and set(map(str, evaluate(parse(one), world))) != set(map(str, evaluate(trees[1], world))):  # type: ignore[arg-type]
        return  # where nothing was good PromQL's minus drops the group, and ours says all was bad
    assert_same(found, events, whole, groups, seed)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=100)
def test_any_text_gives_an_indicator(events: str, total: str) -> None:
    found = from_events(events, total, good=True)
    assert found.kind in {"counters", "latency", "bool", "ratio"}
    try:
        parse(events)
        parse(total)
    except PromqlError:
        assert found.kind == "ratio"
