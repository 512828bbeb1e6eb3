"""Which burn pages fire, and that they are label by label what the generated rules would raise."""

from __future__ import annotations

import pytest

from alert_rules.rule import Rule
from alert_rules.rules import rule_groups
from exporter.contract import Sample, sample
from exporter.notify.burns import burn_pages, humanize, paging
from exporter.notify.firing import Firing
from exporter.spec import Slo, tiers_in_force, windows_of
from tests.alert_rules.example import FULL
from tests.exporter.notify.snapshots import snapshot
from tests.exporter.notify.templates import expanded

GROUP = "kind=a b,zone=eu"


def burning(slo: Slo, rate: float = 500.123, p_value: float | None = 1e-9, **windows: float) -> list[Sample]:
    """Every window of the SLO burns at ``rate``, or as ``windows`` says (w1h=3)."""
    of = {"slo": slo.name, **({"slo_group": GROUP} if slo.group_by else {})}
    samples = []
    for window in windows_of(slo):
        samples.append(sample("slo_burn_rate", windows.get(f"w{window}", rate), **of, window=window))
        if p_value is not None:
            samples.append(sample("slo_burn_p_value", p_value, **of, window=window))
    return samples


def pages(*samples: Sample) -> list[Firing]:
    return burn_pages(snapshot(samples), paging(FULL), FULL)


def rules(slo: Slo) -> list[Rule]:
    """The generated rules that page."""
    return [
        rule
        for group in rule_groups(FULL)
        for rule in group.rules
        if rule.alert.name == "SLOErrorBudgetBurn"
        and (rule.labels["slo"], rule.labels["severity"]) == (slo.name, "page")
    ]


@pytest.mark.parametrize("slo", FULL.slos, ids=lambda slo: slo.name)
def test_each_page_is_the_alert_of_a_generated_rule(slo: Slo) -> None:
    found = pages(*burning(slo))
    of_expression = {"slo_group": GROUP, "zone": "eu", "kind": "a b"} if slo.group_by else {}
    of_sample = {"slo": slo.name, **of_expression}
    expected = [
        (
            {"alertname": rule.alert.name, **of_expression, **rule.labels},
            {name: expanded(text, of_sample, 500.123) for name, text in rule.annotations.items()},
        )
        for rule in rules(slo)
    ]
    assert [(dict(page.labels), dict(page.annotations)) for page in found] == expected
    assert bool(found) is any(severity == "page" for _, severity in tiers_in_force(slo))
    assert {page.since for page in found} <= {1000}


SLO, GATELESS = FULL.slos[:2]


@pytest.mark.parametrize(
    ("samples", "tiers"),
    [
        (burning(SLO, 14.4), ["medium"]),  # above, not at, the factor
        (burning(SLO, 14.41), ["fast", "medium"]),
        (burning(SLO, 14.41, w5m=0.0), ["medium"]),
        (burning(SLO, 14.41, w6h=6.0), ["fast"]),
        (burning(SLO, 100, p_value=1e-4), []),
        (burning(SLO, 100, p_value=None), []),
        (burning(GATELESS, 100, p_value=None), ["fast"]),
        ([each for each in burning(SLO, 100) if ("window", "5m") not in each.labels], ["medium"]),
        ([], []),
        ([sample("slo_burn_rate", 100, slo="of another spec", window="1h")], []),
    ],
)
def test_a_tier_fires_above_its_factor_in_both_windows_with_the_gate_open(
    samples: list[Sample], tiers: list[str]
) -> None:
    assert [dict(page.labels)["tier"] for page in pages(*samples)] == tiers


@pytest.mark.parametrize(
    ("value", "shown"),
    [(14.4, "14.4"), (1000, "1k"), (999.96, "1000"), (123456, "123.5k"), (0.0123, "12.3m"), (0, "0"), (1.5e7, "15M")],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float, shown: str) -> None:
    """Values by hand from its algorithm (humanize in template/template.go)."""
    assert humanize(value) == shown
