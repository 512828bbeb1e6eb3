"""A pushed alert of a tenant has the labels and links of the tenant's rule."""

from __future__ import annotations

from alert_rules.experiment_rules import kill_rule
from alert_rules.tenant import of_rule
from exporter.contract import sample
from exporter.notify.watch import watch
from exporter.snapshot import build, process_exposition, process_registry
from tests.alert_rules.example import experiment, spec


def test_labels_and_links_are_those_of_the_rule() -> None:
    given = spec(experiments=[experiment("buttons", early_kill={})], tenant="acme")
    samples = [sample("experiment_variant_early_kill", 1, experiment="buttons", variant="green")]
    snapshot = build(samples, own=process_exposition(process_registry()), at=1000.0, expires=2000.0)
    (firing,) = watch(given, lambda *_: 900.0)(snapshot)
    kill = given.experiments[0].early_kill
    assert kill is not None
    rule = of_rule(kill_rule(given.experiments[0], kill, given), "acme")
    named = {"alertname": "ExperimentEarlyKill", "variant": "green"}
    assert dict(firing.labels) == {**rule.labels, **named}
    assert firing.annotations["dashboard_url"] == rule.annotations["dashboard_url"]
    assert firing.annotations["silence_url"].endswith("%2Ctenant%3D%22acme%22%7D")
