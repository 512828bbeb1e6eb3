"""The lines of the demo, from an exposition."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from winburn.demo.watch import HOLD, Verdicts, View, changes, status_lines, view

TEXT = """\
# TYPE slo_error_budget_remaining_ratio gauge
slo_error_budget_remaining_ratio{slo="checkout"} 0.4321
slo_error_budget_remaining_ratio{slo="search"} -0.05
# TYPE slo_burn_rate gauge
slo_burn_rate{slo="checkout",window="1h"} 31.25
slo_burn_rate{slo="checkout",window="5m"} 300
slo_burn_rate{slo="search",window="1h"} 0.5
# TYPE slo_status gauge
slo_status{slo="checkout"} 1
# TYPE experiment_variant_e_value gauge
experiment_variant_e_value{experiment="button",variant="green",metric="conversion"} 23.4
experiment_variant_e_value{experiment="new",variant="broken",metric="conversion"} 1e300
# TYPE experiment_variant_lift_ratio gauge
experiment_variant_lift_ratio{experiment="button",variant="green",metric="conversion"} 0.187
# TYPE experiment_variant_verdict gauge
experiment_variant_verdict{experiment="button",variant="green",metric="conversion"} 1
# TYPE experiment_variant_early_kill gauge
experiment_variant_early_kill{experiment="new",variant="broken"} 1
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 5
"""


def changed(old: str, new: str) -> View:
    assert old in TEXT
    return view(TEXT.replace(old, new))


def test_two_lines_say_how_things_stand() -> None:
    assert status_lines(view(TEXT)) == [
        "budget left: checkout 43.2 %, burning 31.2x | search -5.0 %",
        "evidence: button green +19 % e=23.4 better | new broken e=1e+300 killed",
    ]


def test_nothing_to_say_is_no_line() -> None:
    assert status_lines(view("")) == []


def test_a_change_of_status_or_kill_is_told_once() -> None:
    before = changed('slo_status{slo="checkout"} 1', 'slo_status{slo="checkout"} 0')
    assert list(changes(before, view(TEXT))) == ["checkout is at risk (it was ok)"]
    before = changed('variant="broken"} 1\n', 'variant="broken"} 0\n')
    assert list(changes(before, view(TEXT))) == ["new: early kill of broken"]
    assert list(changes(view(TEXT), view(TEXT))) == []


def test_a_start_is_no_news() -> None:
    assert list(changes(View(), view(TEXT))) == []
    assert told([1, 1, 1], every=HOLD) == []


def told(verdicts: Sequence[float], every: float) -> list[str]:
    """The news of green over looks that are so many seconds apart, each with its index."""
    news = Verdicts()
    views = [changed('metric="conversion"} 1\n', f'metric="conversion"}} {verdict}\n') for verdict in verdicts]
    return [f"{i} {line}" for i, now in enumerate(views) for line in news.news(now, i * every)]


def test_a_verdict_is_news_once_it_has_held() -> None:
    assert told([0, 1, 1, 1, 1, 1], every=HOLD / 3) == ["4 button: green is better than control"]
    assert told([1, 0, 0], every=HOLD) == ["2 button: green is undecided again"]
    assert told([0, 1, -1, -1], every=HOLD - 1) == []
    assert told([0, 1, -1, -1, -1], every=HOLD - 1) == ["4 button: green is worse than control"]


def test_a_verdict_that_comes_and_goes_around_the_threshold_is_told_once() -> None:
    verdicts = [0, 0, 1, 0, 1, 1, 0, 0, 1, 0, *[1] * 9, 0, 1, 1, 0, 1, 1]
    assert told(verdicts, every=2) == ["18 button: green is better than control"]
    assert told(verdicts[:17], every=2) == []


def test_what_is_absent_for_a_while_is_not_told_again() -> None:
    news, here, gone = Verdicts(), view(TEXT), View()
    assert [list(news.news(now, i * HOLD)) for i, now in enumerate([here, gone, here, here])] == [[], [], [], []]


def test_what_is_no_exposition_is_an_error() -> None:
    with pytest.raises(ValueError, match="html"):
        view("<html>not metrics</html>")
