"""The lines of the demo, from an exposition."""

from __future__ import annotations

import pytest

from winburn.demo.watch import View, changes, status_lines, view

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


def test_a_change_of_status_verdict_or_kill_is_told_once() -> None:
    before = changed('slo_status{slo="checkout"} 1', 'slo_status{slo="checkout"} 0')
    assert list(changes(before, view(TEXT))) == ["checkout is at risk (it was ok)"]
    before = changed('metric="conversion"} 1\n', 'metric="conversion"} 0\n')
    assert list(changes(before, view(TEXT))) == ["button: green is better than control"]
    assert list(changes(view(TEXT), before)) == ["button: green is undecided again"]
    before = changed('variant="broken"} 1\n', 'variant="broken"} 0\n')
    assert list(changes(before, view(TEXT))) == ["new: early kill of broken"]
    assert list(changes(view(TEXT), view(TEXT))) == []


def test_a_start_is_no_news() -> None:
    assert list(changes(View(), view(TEXT))) == []


def test_what_is_no_exposition_is_an_error() -> None:
    with pytest.raises(ValueError, match="html"):
        view("<html>not metrics</html>")
