from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.contract import FAMILIES, Sample, sample
from exporter.notify.lines import MEASUREMENTS, lines
from tests.exporter.notify.influx import Point, parsed

BUTTON = {"experiment": "button", "variant": "green"}


def test_a_row_is_one_entity_with_all_that_is_known_of_it() -> None:
    samples = sorted(
        [
            sample("slo_status", 1, slo="checkout", slo_group="zone=eu"),
            sample("slo_burn_rate", 2.5, slo="checkout", slo_group="zone=eu", window="1h"),
            sample("slo_burn_rate", 4, slo="checkout", slo_group="zone=eu", window="5m"),
            sample("slo_error_budget_remaining_ratio", 0.41, slo="checkout", slo_group="zone=eu"),
            sample("experiment_variant_win_ratio", 0.99, **BUTTON, metric="conversion"),
            sample("experiment_variant_verdict", 1, **BUTTON, metric="conversion"),
            sample("experiment_variant_early_kill", 0, **BUTTON),
            sample("experiment_variant_participants", 1200, **BUTTON),
            sample("slo_events", 5, slo="checkout", slo_group="zone=eu", window="1h"),
        ],
    )
    assert lines(samples, 1_700_000_000_000_000_000) == (
        "slo,slo=checkout,slo_group=zone\\=eu budget=0.41,burn_1h=2.5,burn_5m=4.0,status=1.0 1700000000000000000\n"
        "experiment,experiment=button,metric=conversion,variant=green verdict=1.0,win=0.99 1700000000000000000\n"
        "arm,experiment=button,variant=green killed=0.0,participants=1200.0 1700000000000000000\n"
    )


def test_content_variants_are_rows_too() -> None:
    labels = (("variant", "v1"), ("persona", "p1"), ("pattern", "hook"))
    samples = [
        Sample("variant_early_kill", labels[:2], 1.0),
        Sample("variant_engagement_ratio", labels, 0.04),
        Sample("variant_predicted_engagement_ratio", labels, 0.05),
    ]
    assert lines(samples, 1) == (
        "variant,pattern=hook,persona=p1,variant=v1 actual=0.04,predicted=0.05 1\n"
        "kill,persona=p1,variant=v1 killed=1.0 1\n"
    )


def test_nothing_is_nothing() -> None:
    assert lines([sample("winburn_source_up", 1, source="s")], 1) == ""


@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_names_fit_a_channel_and_the_families_of_a_measurement_have_the_same_labels(measurement: str) -> None:
    assert re.fullmatch("[A-Za-z0-9_-]+", measurement)
    known = [FAMILIES[name] for name in MEASUREMENTS[measurement] if name in FAMILIES]
    assert len({frozenset(family.all_labels) - {"window"} for family in known}) <= 1


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_a_name_is_the_line_can_be_read_again(variant: str, persona: str, value: float) -> None:
    labels = (("variant", variant), ("persona", persona))
    (point,) = parsed(lines([Sample("variant_early_kill", labels, value)], 7))
    assert (point.measurement, point.fields, point.nanoseconds) == ("kill", {"killed": value}, 7)
    if not re.search(r"[\\\s\x1c-\x1f\x85]", variant + persona):
        assert point.tags == {name: text for name, text in labels if text}


def test_the_parser_of_this_test_refuses_what_the_protocol_does_not_allow() -> None:
    for text in (
        "a b=1",
        "a b=1 1\n\n",
        "a,t= b=1 1\n",
        "a  b=1 1\n",
        "a b=nan 1\n",
        "a,t=x b=1 1.5\n",
        "a b= 1\n",
        "a,=x b=1 1\n",
    ):
        with pytest.raises(ValueError, match="line protocol"):
            parsed(text)
    assert parsed("a,t=x\\ y b=1,c=2.5e-3 5\n") == [Point("a", {"t": "x y"}, {"b": 1.0, "c": 0.0025}, 5)]
