"""Prometheus rules, their unit tests and the Alertmanager configuration, generated from the spec."""

from collections.abc import Iterable

from alert_rules.alertmanager import ALERTMANAGER_FILE, alertmanager_text
from alert_rules.compat import Kind, compat_file, compat_text
from alert_rules.messages import TEMPLATES_FILE, templates_text
from alert_rules.rules import RULES_FILE, rules_text
from alert_rules.tests_file import TESTS_FILE, unit_tests_text
from exporter.spec import Spec

__all__ = [
    "ALERTMANAGER_FILE",
    "RULES_FILE",
    "TEMPLATES_FILE",
    "TESTS_FILE",
    "alertmanager_text",
    "generate",
    "rules_text",
    "unit_tests_text",
]


def generate(spec: Spec, compat: Iterable[Kind] = ()) -> dict[str, str]:
    """Every generated file, name -> text; ``compat`` adds one for each kind. The same spec gives the same bytes."""
    return {
        RULES_FILE: rules_text(spec),
        TESTS_FILE: unit_tests_text(spec),
        ALERTMANAGER_FILE: alertmanager_text(spec),
        TEMPLATES_FILE: templates_text(),
        **{compat_file(kind): compat_text(spec, kind) for kind in compat},
    }
