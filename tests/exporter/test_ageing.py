"""Ageing: what an entity still says while its source fails."""

from exporter.ageing import Kept, merge, visible
from exporter.contract import Report, sample

ONE, TWO = sample("slo_trend", 1, slo="a"), sample("slo_trend", -1, slo="a")
INFO, NEW_INFO = sample("slo_period_seconds", 60, slo="a"), sample("slo_period_seconds", 90, slo="a")
KEEP = 60.0


def test_an_entity_that_fails_keeps_its_samples_until_they_are_too_old_and_what_lasts_for_ever() -> None:
    kept = merge({}, [Report("a", (ONE,), (INFO,))], good_at=100.0)
    for now in (115.0, 130.0, 145.0):
        kept = merge(kept, [Report("a", (), (NEW_INFO,), error="down")], good_at=now)
        assert visible(kept, now, KEEP) == [ONE, NEW_INFO]
    kept = merge(kept, [Report("a", (), (NEW_INFO,), error="down")], good_at=160.0)
    assert visible(kept, 160.0, KEEP) == [NEW_INFO]


def test_an_entity_that_waits_for_its_turn_keeps_its_samples_as_one_that_fails() -> None:
    kept = merge({}, [Report("a", (ONE,), (INFO,))], good_at=100.0)
    kept = merge(kept, [Report("a", (), (NEW_INFO,), waits=True)], good_at=130.0)
    assert visible(kept, 159.0, KEEP) == [ONE, NEW_INFO]
    assert visible(kept, 160.0, KEEP) == [NEW_INFO]


def test_age_counts_from_the_last_good_report_and_not_from_the_first() -> None:
    kept = merge({}, [Report("a", (ONE,))], good_at=0.0)
    kept = merge(kept, [Report("a", (TWO,))], good_at=50.0)
    kept = merge(kept, [Report("a", error="down")], good_at=65.0)
    assert visible(kept, 100.0, KEEP) == [TWO]


def test_samples_beside_an_error_are_fresh() -> None:
    kept = merge({}, [Report("a", (ONE,))], good_at=0.0)
    kept = merge(kept, [Report("a", (TWO,), error="could not be saved")], good_at=50.0)
    assert visible(kept, 100.0, KEEP) == [TWO]


def test_no_samples_and_no_error_means_undefined_now_and_they_vanish_at_once() -> None:
    kept = merge({}, [Report("a", (ONE,), (INFO,))], good_at=0.0)
    assert visible(merge(kept, [Report("a", (), (INFO,))], good_at=1.0), 1.0, KEEP) == [INFO]


def test_an_entity_that_is_no_longer_reported_is_gone_at_once() -> None:
    kept = merge({}, [Report("a", (ONE,), (INFO,)), Report("b")], good_at=0.0)
    assert merge(kept, [Report("b")], good_at=1.0) == {"b": Kept((), (), 1.0)}


def test_a_first_report_that_fails_shows_what_lasts() -> None:
    kept = merge({}, [Report("a", (), (INFO,), error="down")], good_at=0.0)
    assert visible(kept, 0.0, KEEP) == [INFO]


def test_a_result_that_took_longer_than_its_age_limit_is_not_shown_as_fresh() -> None:
    kept = merge({}, [Report("a", (ONE,), (INFO,))], good_at=0.0)
    assert visible(kept, 61.0, KEEP) == [INFO]
