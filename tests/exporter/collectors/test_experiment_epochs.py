"""One metric over epochs: openings, clipping, the cap on segments, restarts at any moment."""

from __future__ import annotations

import json

import pytest

from exporter.collectors import experiment_epochs
from exporter.collectors.experiment_counts import key
from exporter.collectors.experiment_epochs import MOST_SEGMENTS, MetricEpochs, RestatedError
from exporter.spec import Metric

METRIC = Metric(name="m", kind="proportion", source="shop", query="q")
MEAN = Metric(name="m", kind="mean", source="shop", query="q")


def again(epochs: MetricEpochs, *dimensions: str) -> MetricEpochs:
    document = json.loads(json.dumps(epochs.document()))
    return MetricEpochs(epochs.metric, dimensions, from_start=False, document=document)


def test_an_epoch_is_what_came_since_its_opening() -> None:
    epochs = MetricEpochs(METRIC, from_start=True)
    assert not epochs.take({"a": (100.0, 10.0), "b": (100.0, 12.0)})
    epochs.close()
    assert epochs.take({"a": (150.0, 15.0), "b": (150.0, 16.0)})
    epochs.take({"a": (250.0, 30.0), "b": (160.0, 16.0)})
    assert epochs.epochs() == [
        {"a": (100.0, 10.0), "b": (100.0, 12.0)},
        {"a": (100.0, 15.0), "b": (10.0, 0.0)},
    ]


def test_a_restart_at_any_moment_changes_nothing() -> None:
    steps = [(100.0 * i, 9.0 * i) for i in range(1, 9)]
    plain, restarted = (MetricEpochs(METRIC, ("country",), from_start=True) for _ in range(2))
    for i, sums in enumerate(steps):
        counts = {"a": sums, "b": sums, key("a", "country=de"): sums, key("b", "country=de"): sums}
        for epochs in (plain, restarted):
            epochs.take(counts)
            if i in {2, 5}:
                epochs.close()
        restarted = again(restarted, "country")
    assert restarted.epochs() == plain.epochs()
    assert restarted.document() == plain.document()
    assert len(plain.epochs()) == 3


def test_late_successes_and_corrections_leave_what_can_be_counted() -> None:
    epochs = MetricEpochs(METRIC, from_start=False)
    epochs.take({"a": (100.0, 10.0)})
    epochs.take({"a": (102.0, 17.0)})
    assert epochs.present() == {"a": (2.0, 2.0)}
    assert epochs.after({"a": (101.0, 10.0)}) == {"a": (1.0, 1.0)}
    assert epochs.after({"a": (103.0, 18.0)}) == {"a": (0.0, 0.0)}
    mean = MetricEpochs(MEAN, from_start=False)
    nan = float("nan")
    mean.take({"a": (100.0, 50.0, 70.0, nan, nan, nan, nan, nan, 40.0)})
    mean.take({"a": (110.0, 40.0, 70.0 * (1 - 1e-13), nan, nan, nan, nan, nan, 39.0)})
    assert mean.present()["a"][:3] == (10.0, -10.0, 0.0)
    assert mean.present()["a"][8] == 0.0


def test_less_than_at_the_opening_is_an_error_and_changes_nothing() -> None:
    epochs = MetricEpochs(METRIC, from_start=False)
    epochs.take({"a": (100.0, 10.0)})
    with pytest.raises(RestatedError, match="n of variant a is 0, less than the 100"):
        epochs.take({"b": (5.0, 1.0)})
    assert epochs.last == {"a": (100.0, 10.0)}


def of_segments(*units: float) -> dict[str, tuple[float, float]]:
    """A total and country=0, country=1, … with these units."""
    found = {key("a", f"country={i}"): (n, 0.0) for i, n in enumerate(units) if n}
    return {"a": (1e6, 0.0), **found}


def test_the_largest_segments_are_kept_and_stay() -> None:
    epochs = MetricEpochs(METRIC, ("country",), from_start=True)
    many = [float(i + 1) for i in range(MOST_SEGMENTS + 50)]
    epochs.take(of_segments(*many))
    assert epochs.admitted
    kept = set(epochs.present()) - {"a"}
    assert kept == {key("a", f"country={i}") for i in range(50, MOST_SEGMENTS + 50)}
    for later in (epochs, again(epochs, "country")):
        later.take(of_segments(*[1e5] * 50, *many[50:]))
        assert set(later.present()) - {"a"} == kept
        assert not later.admitted


def test_segments_of_dimensions_that_nobody_named_are_not_kept() -> None:
    counts = {"a": (9.0, 1.0), key("a", "country=de"): (5.0, 1.0), key("a", "countryside=x"): (4.0, 0.0)}
    for dimensions, kept in ((("country",), {"a", key("a", "country=de")}), ((), {"a"})):
        epochs = MetricEpochs(METRIC, dimensions, from_start=True)
        epochs.take(counts)
        assert set(epochs.present()) == kept


def test_a_segment_first_seen_in_a_later_epoch_counts_from_there() -> None:
    epochs = MetricEpochs(METRIC, ("country",), from_start=True)
    old, new = key("a", "country=de"), key("a", "country=fr")
    epochs.take({"a": (100.0, 9.0), old: (50.0, 5.0)})
    epochs.close()
    epochs.take({"a": (110.0, 9.0), old: (50.0, 5.0)})
    epochs.take({"a": (200.0, 9.0), old: (60.0, 6.0), new: (80.0, 8.0), key("b", "country=de"): (7.0, 0.0)})
    # Of a segment that was there at the opening a variant that was not had none.
    assert epochs.present() == {"a": (90.0, 0.0), old: (10.0, 1.0), new: (0.0, 0.0), key("b", "country=de"): (7.0, 0.0)}
    epochs = again(epochs, "country")
    epochs.take({"a": (300.0, 9.0), old: (60.0, 6.0), new: (95.0, 8.0)})
    assert epochs.present()[new] == (15.0, 0.0)


def test_too_many_epochs_become_fewer_where_they_differ_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment_epochs, "MOST_EPOCHS", 2)
    epochs, total = MetricEpochs(METRIC, from_start=True), {"a": 0.0, "b": 0.0}
    for a, b in ((90, 10), (50, 50), (49, 51)):
        total = {"a": total["a"] + a, "b": total["b"] + b}
        epochs.take({arm: (n, 0.0) for arm, n in total.items()})
        epochs.close(epochs.last)
    assert epochs.closed == [{"a": (90.0, 0.0), "b": (10.0, 0.0)}, {"a": (99.0, 0.0), "b": (101.0, 0.0)}]


def test_the_largest_evidence_only_grows_until_it_is_forgotten() -> None:
    epochs = MetricEpochs(METRIC, from_start=True)
    assert epochs.largest_log_e("b", -1.0) == (0.0, False)
    assert epochs.largest_log_e("b", 3.0) == (3.0, True)
    assert epochs.largest_log_e("b", float("nan")) == (3.0, False)
    assert again(epochs).largest_log_e("b", 2.0) == (3.0, False)
    epochs.forget_evidence()
    assert epochs.largest_log_e("b", 2.0) == (2.0, True)
