"""What fires, and that it is label by label what the generated rules would raise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alert_rules.rules import rule_groups
from exporter.alerts import ALERTS, Alert
from exporter.contract import Sample, sample
from exporter.notify.firing import Firing, of_family
from exporter.notify.watch import NAMES, watch
from exporter.spec import Spec
from tests.alert_rules.example import FULL, experiment, spec
from tests.exporter.notify.snapshots import snapshot
from tests.exporter.notify.templates import expanded


def killed(name: str, variant: str, value: float = 1) -> Sample:
    return sample("experiment_variant_early_kill", value, experiment=name, variant=variant)


def status(name: str, value: float, of: str = "running") -> Sample:
    return sample("experiment_status", value, experiment=name, status=of)


def firing(of: Spec, *samples: Sample, at: float | None = 900.0) -> list[Firing]:
    return watch(of, lambda _experiment, _variant: at)(snapshot(samples))


@pytest.mark.parametrize("name", ["checkout-button", "search-ranking"])
def test_a_kill_is_the_alert_of_the_generated_rule(name: str) -> None:
    (alert,) = firing(FULL, killed(name, "green"), killed(name, "other", 0))
    (rule,) = (
        rule
        for group in rule_groups(FULL)
        for rule in group.rules
        if rule.alert.name in NAMES and rule.labels.get("experiment") == name
    )
    # The rule's expression gives experiment and variant; its labels are laid over them.
    of_rule = {"alertname": rule.alert.name, "experiment": name, "variant": "green", **rule.labels}
    assert dict(alert.labels) == of_rule
    assert dict(alert.annotations) == {
        key: expanded(text, {"experiment": name, "variant": "green"}) for key, text in rule.annotations.items()
    }
    assert alert.title == f"ExperimentEarlyKill ({name}, green)"


def test_every_alert_that_is_told_at_once_has_a_generated_rule_or_is_not_there_yet() -> None:
    assert set(NAMES) >= {"ExperimentEarlyKill"}
    assert all(ALERTS[name].hold == 0 for name in NAMES if name in ALERTS)


@pytest.mark.parametrize(
    ("statuses", "fires"),
    [
        ([], True),
        ([status("checkout-button", 1)], True),
        ([status("checkout-button", 0), status("checkout-button", 1, "paused")], False),
        ([status("checkout-button", 1, "paused")], True),
        ([status("prices", 0)], True),
    ],
)
def test_it_fires_unless_the_experiment_is_known_not_to_run(statuses: list[Sample], fires: bool) -> None:  # noqa: FBT001
    assert bool(firing(FULL, killed("checkout-button", "green"), *statuses)) is fires


def test_experiments_without_a_rule_are_not_told() -> None:
    assert firing(FULL, killed("prices", "green"), killed("not-of-this-spec", "green")) == []


def test_it_began_when_the_kill_was_latched_or_else_with_the_snapshot() -> None:
    (known,) = firing(FULL, killed("checkout-button", "green"))
    (unknown,) = firing(FULL, killed("checkout-button", "green"), at=None)
    assert (known.since, unknown.since) == (900, 1000)


def test_external_labels_are_added_where_the_alert_has_none_of_that_name() -> None:
    of = spec(
        experiments=[experiment("e", labels={"team": "growth"})],
        alerting={
            "alertmanager": ["http://127.0.0.1:9"],
            "push": True,
            "external_labels": {"cluster": "eu1", "team": "platform", "tenant": "acme"},
        },
    )
    (alert,) = firing(of, killed("e", "green"))
    labels = dict(alert.labels)
    assert (labels["cluster"], labels["team"], labels["tenant"]) == ("eu1", "growth", "acme")
    assert list(alert.labels) == sorted(alert.labels)


def test_an_address_of_grafana_that_is_none_is_not_sent_as_one() -> None:
    of = spec(experiments=[experiment("e")], links={"grafana": "grafana.example"})
    (alert,) = firing(of, killed("e", "green"))
    assert alert.generator == ""
    assert alert.annotations["dashboard_url"].startswith("grafana.example/d/")


def test_the_samples_of_a_family_are_found_by_name() -> None:
    every = snapshot([killed("a", "x"), killed("b", "y"), status("a", 1), sample("winburn_source_up", 1, source="s")])
    assert [s.value for s in of_family(every.samples, "winburn_source_up")] == [1]
    assert len(of_family(every.samples, "experiment_variant_early_kill")) == 2
    assert of_family(every.samples, "experiment_variant") == ()


def test_a_content_variant_is_told_for_an_hour_after_its_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = (("variant", "v1"), ("persona", "p1"))
    samples = (
        Sample("variant_early_kill", labels, 1.0),
        Sample("variant_early_kill", (("variant", "v2"), ("persona", "p1")), 0.0),
        Sample("variant_early_kill", (("variant", "v3"), ("persona", "p1")), 1.0),
        Sample("variant_early_kill", (("variant", "v4"), ("persona", "p1")), 1.0),
        Sample("variant_killed_timestamp_seconds", labels, 5000.1),
        Sample("variant_killed_timestamp_seconds", (("variant", "v3"), ("persona", "p1")), 5000.0),
    )
    of = replace(snapshot([]), samples=samples, at=8600.0)
    told = Alert("VariantEarlyKill", ("variant", "persona"), "page", 0, "{variant} for {persona}", "{rule}")
    monkeypatch.setitem(ALERTS, "VariantEarlyKill", told)
    (alert,) = watch(FULL, lambda _experiment, _variant: None)(of)
    assert dict(alert.labels) == {
        "alertname": "VariantEarlyKill",
        "severity": "page",
        "variant": "v1",
        "persona": "p1",
    }
    assert (alert.since, alert.annotations["summary"], alert.annotations["description"]) == (
        5000.1,
        "v1 for p1",
        (
            "its engagement is below 50 % of what was predicted. Of variants that are not, at most 1 % are ever killed by "
            "winburn, however often one looks."
        ),
    )
