"""reference/alerts.md: every alert, from the table that rules and direct notifications are made of."""

from __future__ import annotations

from docs._generate.text import code, prose, table
from exporter.alerts import ALERTS, Alert
from exporter.promql import format_duration
from exporter.windows import TIERS, Tier, factor

_PERIOD = 30 * 86400

_HEAD = """\
# Alerts

What the generated rules can fire, in the order in which people should read them. Texts in braces are filled in. Every
alert also carries the labels that the spec gives, and links to its runbook, its dashboard and a silence form.

"""


def page() -> str:
    """The page."""
    return _HEAD + _tiers() + "".join(_alert(alert) for alert in ALERTS.values())


def _tiers() -> str:
    rows = [
        (
            tier.name,
            tier.severity,
            tier.long,
            tier.short,
            f"{100 * tier.budget_share:.0f} %",
            _limit(tier),
        )
        for tier in TIERS
    ]
    head = ("tier", "severity", "long window", "short window", "of the budget", "fires above, for 30d")
    return (
        "## Tiers of SLOErrorBudgetBurn\n\nA tier fires while the budget burns faster than its factor in both windows, "
        "and such counts are no chance. Source: [SRE Workbook, chapter 5](https://sre.google/workbook/alerting-on-slos/)."
        " The factor is the share of the budget times the period over the window, at least 1; tiers whose long window"
        " is more than a quarter of the period are left out.\n\n" + table(head, rows)
    )


def _limit(tier: Tier) -> str:
    return f"{factor(tier, _PERIOD).normalize():f}"


def _alert(alert: Alert) -> str:
    severity = alert.severity or "as the spec says"
    hold = f"after {format_duration(alert.hold)}" if alert.hold else "at once"
    labels = ", ".join(code(label) for label in alert.identity) or "none"
    description = "\n".join(f"> {prose(line)}<br>" for line in alert.description.split("\n"))
    return (
        f"\n## {alert.name}\n\nSeverity: {severity}; fires {hold}; labels that name what is broken: {labels}. "
        f"[Runbook](runbooks/{alert.runbook})\n\n> **{prose(alert.summary)}**<br>\n{description}\n"
    )
