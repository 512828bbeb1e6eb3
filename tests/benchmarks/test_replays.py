"""Real experiments replayed: who is called, and who is not. Tables: ``python -m benchmarks.replays``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmarks import replays_asos as asos
from benchmarks import replays_upworthy as upworthy
from benchmarks.replays import markdown

SHARED = Path(os.environ.get("WINBURN_SHARED", Path(__file__).resolve().parents[3] / "shared"))
ASOS, UPWORTHY = SHARED / "data" / "asos", SHARED / "data" / "upworthy"

needs_asos = pytest.mark.skipif(not ASOS.is_dir(), reason=f"the ASOS data set is not in {ASOS}")
needs_upworthy = pytest.mark.skipif(not UPWORTHY.is_dir(), reason=f"the Upworthy archive is not in {UPWORTHY}")
pytestmark = pytest.mark.xdist_group("replays")

Calls = Mapping[asos.Key, asos.Call]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """All experiments, watched once."""
    return asos.replay(ASOS, tmp_path_factory.mktemp("asos"))


def ever_called(calls: Calls, metric: str, *, undecided: bool, without_torn: bool = False) -> int:
    """Pairs of a metric that ended so, and that winburn ever gave a verdict."""
    return sum(
        any(not (without_torn and asos.torn(call, step)) for step in call.decided)
        for (_, _, of), call in calls.items()
        if of == metric and (abs(call.final_z) < 1.96) == undecided
    )


@needs_asos
def test_all_pairs_and_metrics_are_replayed_to_their_reference_z(calls: Calls) -> None:
    reference = asos.reference_z(ASOS)
    assert len(reference) == 66
    assert {metric for _, _, metric in calls} == set(asos.METRICS)
    assert sum(metric == "1" for _, _, metric in calls) == 66
    assert len(calls) == 258  # two pairs have no numbers of the other metrics
    for key, z in reference.items():
        assert calls[key].final_z == pytest.approx(z, abs=1e-9)


@needs_asos
def test_pairs_that_end_undecided_are_called_no_more_often_than_alpha_allows(calls: Calls) -> None:
    undecided = [call for (_, _, metric), call in calls.items() if metric == "1" and abs(call.final_z) < 1.96]
    assert len(undecided) == 48
    assert sum(call.watched_z is not None for call in undecided) == 14
    assert ever_called(calls, "1", undecided=True) <= asos.ALPHA * 48
    assert sum(bool(call.last_verdict) for call in undecided) == 0


@needs_asos
@pytest.mark.parametrize("metric", asos.METRICS)
def test_other_calls_of_undecided_pairs_are_of_torn_checkpoints(calls: Calls, metric: str) -> None:
    """Where one arm was loaded without the other the data do differ; nothing that reads them can know."""
    undecided = [c for (_, _, of), c in calls.items() if of == metric and abs(c.final_z) < 1.96]
    assert ever_called(calls, metric, undecided=True, without_torn=True) <= asos.ALPHA * len(undecided)
    assert sum(bool(c.last_verdict) for c in undecided) == 0
    assert ever_called(calls, metric, undecided=False) >= 8


@needs_asos
@pytest.mark.parametrize("name", ["4509ec", "9b959e"])
def test_harmful_variants_are_called_worse_early(calls: Calls, name: str) -> None:
    call = calls[name, "1", "1"]
    assert call.first_verdict == call.last_verdict == -1
    assert call.verdict is not None
    assert call.verdict <= 4 < call.checkpoints
    assert call.killed is not None
    assert call.killed <= call.verdict
    assert call.upper < 0


@needs_asos
def test_tables_have_a_row_for_each_metric_and_each_call(calls: Calls) -> None:
    rows = asos.summary(calls)
    assert [row[:2] for row in rows[1:]] == [[m, ends] for m in asos.METRICS for ends in ("undecided", "z beyond 1.96")]
    assert all(len(row) == len(rows[0]) for row in rows)
    details = asos.details(calls)
    assert all(len(row) == len(details[0]) for row in details)
    assert ["4509ec", "1", "1"] in [row[:3] for row in details]
    assert markdown(rows).splitlines()[1].count("---") == len(rows[0])


@pytest.mark.parametrize(
    ("z", "is_torn"),
    [
        ((0.1, 5.0, 0.3), True),
        ((0.1, -5.0, 0.3), True),
        ((0.1, 5.0, 4.0), False),
        ((0.1, 2.9, 0.0), False),
        ((0.1, 5.0), False),
    ],
)
def test_a_torn_checkpoint_jumps_and_comes_back(z: tuple[float, ...], is_torn: bool) -> None:  # noqa: FBT001 - a parameter
    assert asos.torn(asos.Call(z=dict(enumerate(z, 1))), 2) is is_torn


@needs_upworthy
def test_no_headline_test_is_called_that_a_plain_z_test_does_not_call() -> None:
    found = upworthy.tests(UPWORTHY)
    assert len(found) == 2642
    results = upworthy.results(found)
    called = [bool(np.isin(result.verdict, (-1, 1)).any()) for result in results]
    plain = [bool((np.abs(result.z) > 1.96).any()) for result in results]
    assert all(b for a, b in zip(called, plain, strict=True) if a)
    assert 0.1 < sum(called) / len(called) < 0.2
    winners = [(t, upworthy.winner(t, r)) for t, r in zip(found, results, strict=True)]
    decided = [(test, place) for test, place in winners if place is not None]
    assert len(decided) > 150
    assert all(test.leader == place for test, place in decided)
    assert all(len(row) == 2 for row in upworthy.table(found))


def test_the_archives_a_a_test_is_not_called() -> None:
    (result,) = upworthy.results([upworthy.HeadlineTest("A/A", upworthy.AA_TEST)])
    assert result.verdict.tolist() == [0, 0, 0]
    assert np.abs(result.z).max() > 1.96  # a z test calls it
    assert upworthy.winner(upworthy.HeadlineTest("A/A", upworthy.AA_TEST), result) is None
