"""Prometheus rules, their unit tests and the Alertmanager configuration, generated from the spec."""

from collections.abc import Iterable
from typing import Literal

from alert_rules.alertmanager import ALERTMANAGER_FILE, alertmanager_text
from alert_rules.compat import Kind, compat_file, compat_text
from alert_rules.messages import TEMPLATES_FILE, templates_text
from alert_rules.rules import RULES_FILE, rules_text
from alert_rules.sample import sample
from alert_rules.tests_file import TESTS_FILE, unit_tests_text
from exporter.spec import Spec

__all__ = [
    "ALERTMANAGER_FILE",
    "RULES_FILE",
    "TEMPLATES_FILE",
    "TESTS_FILE",
    "Tested",
    "alertmanager_text",
    "generate",
    "rules_text",
    "unit_tests_text",
]


Tested = Literal["all", "sample", "none"]
"""What is unit-tested: every SLO and experiment, one of each kind (:func:`alert_rules.sample.sample`), or nothing."""


def generate(spec: Spec, compat: Iterable[Kind] = (), tested: Tested = "all") -> dict[str, str]:
    """Every generated file, name -> text; ``compat`` adds one for each kind. The same spec gives the same bytes."""
    few = sample(spec) if tested == "sample" else spec
    return {
        RULES_FILE: rules_text(spec),
        **({} if tested == "none" else {TESTS_FILE: unit_tests_text(spec, few)}),
        ALERTMANAGER_FILE: alertmanager_text(spec),
        TEMPLATES_FILE: templates_text(),
        **{compat_file(kind): compat_text(spec, kind) for kind in compat},
    }
