from __future__ import annotations

from decimal import Decimal

import pytest

from alert_rules.rule import dashboard_url, interval, literal, number
from exporter.spec import Links, Spec


@pytest.mark.parametrize(("refresh", "seconds"), [("15s", 15), ("1s", 1), ("2s", 2), ("100ms", 1), ("10m", 60)])
def test_rules_follow_the_refresh_within_bounds(refresh: str, seconds: float) -> None:
    assert interval(Spec.model_validate({"refresh": refresh})) == seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("14.40"), "14.4"), (Decimal("6.00"), "6"), (1e-4, "0.0001"), (Decimal(31) / 30, "1.0333333333333334")],
)
def test_numbers_are_short_and_exact(value: Decimal | float, text: str) -> None:
    assert number(value) == text
    assert float(text) == float(value)


def test_text_with_braces_comes_out_as_it_was() -> None:
    assert literal("a {{ b }}") == 'a {{ "{{" }} b }}'


def test_variables_in_addresses_are_encoded() -> None:
    url = dashboard_url(Links(grafana="https://g.example/"), "slo-overview", slo="a&b c/ü")
    assert url == "https://g.example/d/winburn-slo-overview?var-slo=a%26b%20c%2F%C3%BC"
