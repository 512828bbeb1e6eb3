"""The table of firing alerts: what it is about, since when, what to do, and who looks after it."""

from __future__ import annotations

from dashboards.common import annotation
from dashboards.facts import Facts
from dashboards.fields import CELLS, Json, column, field, link, words
from dashboards.panels import Table, columns, now, sort
from dashboards.provisioning import ALERTMANAGER_NAME
from dashboards.queries import HIDDEN, being_corrected, joined, pages, per
from dashboards.words import SEVERITY
from exporter.contract import DASHBOARD_UIDS, select

LABELS = ("alertname", "severity", "slo", "slo_group", "tier", "source", "collector")
TITLES = ("Alert", "Severity", "SLO", "Group", "Tier", "Source", "Collector")
IDENTITY = "alertname, slo, slo_group, source, collector"
"""What an acknowledgement is about: not the tier, for all tiers of an SLO are silenced together."""
MATCHERS = 'alertname=~"(SLO|Winburn).*",severity!="none",slo=~"$slo|",slo_group=~"$slo_group|"'
BY, UNTIL = "acknowledged_by", "alert_acknowledged_until_timestamp_seconds"


def firing_alerts(facts: Facts) -> Table:
    """Alerts of the chosen SLOs and of winburn itself."""
    names = {
        **dict(zip(LABELS, TITLES, strict=True)),
        "Value": "Since",  # as Grafana calls it while nothing is acknowledged and the other query has no rows
        "Value #Since": "Since",
        BY: "Acknowledged by",
        "Value #Until": "Until",
    }
    return Table(
        "alerts",
        "Firing alerts",
        "Alerts of the chosen SLOs and of winburn itself that fire now, newest first, with the time since when their "
        "condition holds, and who has acknowledged them until when. Click an alert for its runbook or to acknowledge "
        "it, which silences it in Alertmanager; click an SLO for its details.",
        [now("Since", since(), table=True), now("Until", acknowledged(), table=True)],
        field=field(no_value="no alert is firing", custom=CELLS),
        overrides=[
            column("Alert", 240, links=_links(facts)),
            column(
                "Severity",
                90,
                mappings=[words(SEVERITY)],
                custom__cellOptions={"type": "color-background", "mode": "basic"},
            ),
            column("SLO", 180, links=[link("Details", _detail())]),
            column("Since", 150, unit="dateTimeFromNow"),
            column("Acknowledged by", 140),
            column("Until", 150, unit="dateTimeAsIso"),
        ],
        transformations=[*columns("alert", names), sort("Since", descending=True)],
    )


def marks() -> tuple[Json, Json]:
    """Annotations: pages of the chosen SLOs, and corrections that take time out of their budgets."""
    of = "{{slo}} {{slo_group}}"
    return (
        annotation("Pages", "red", pages(), f"Page: {of}", "tier {{tier}}"),
        annotation("Corrections", "blue", being_corrected(), f"Correction: {of}", "does not count"),
    )


def since() -> str:
    """When each firing alert began, in milliseconds, by its labels and the label ``alert``, which holds them all."""
    return f"1000 * {per(', '.join((*LABELS, 'alert')), _keyed(_firing()))}"


def acknowledged() -> str:
    """Until when it is acknowledged, in milliseconds, and by whom, of each firing alert that is.

    Several silences may cover one alert: the one that ends last is shown.
    """
    until = per(f"{IDENTITY}, {BY}", select(UNTIL))
    last = f"topk by ({IDENTITY}) (1, {until})"
    rows = f"0 * {per(', '.join(LABELS), _firing())} + on ({IDENTITY}) group_left ({BY}) (1000 * {last})"
    return per(f"alert, {BY}", _keyed(f"({rows})"))


def _firing() -> str:
    """ALERTS_FOR_STATE has the time, ALERTS has the state."""
    began, firing = f"ALERTS_FOR_STATE{{{MATCHERS}}}", f'ALERTS{{alertstate="firing",{MATCHERS}}}'
    return f"({began} and ignoring (alertstate) {firing})"


def _keyed(inner: str) -> str:
    return joined(inner, "alert", *LABELS, separator=HIDDEN)


def _links(facts: Facts) -> list[Json]:
    """Empty cells give matchers like ``slo=``, which are right: they mean alerts without the label."""
    runbook = [link("Runbook", f"{facts.runbooks}/${{__value.raw}}.md", new_tab=True)] if facts.runbooks else []
    chosen = (("alertname", "Alert"), ("slo", "SLO"), ("slo_group", "Group"), ("source", "Source"))
    matchers = "".join(
        f"&matcher={name}%3D${{__data.fields.{title}:percentencode}}"
        for name, title in (*chosen, ("collector", "Collector"))
    )
    name = ALERTMANAGER_NAME.replace(" ", "%20")
    return [*runbook, link("Acknowledge (silence)", f"/alerting/silence/new?alertmanager={name}{matchers}")]


def _detail() -> str:
    choice = "var-slo=${__data.fields.SLO}&var-slo_group=${__data.fields.Group}"
    return f"/d/{DASHBOARD_UIDS['slo-detail']}?${{__url_time_range}}&${{datasource:queryparam}}&{choice}"
