"""The table of firing alerts: what it is about, since when, what to do, and who looks after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.common import annotation
from dashboards.experiment_tables import detail_link
from dashboards.facts import Facts
from dashboards.fields import CELLS, Json, column, field, hidden_column, link, word_column
from dashboards.panels import Table, columns, now, sort
from dashboards.queries import HIDDEN, being_corrected, joined, pages, per
from dashboards.words import SEVERITY
from exporter.contract import DASHBOARD_UIDS, select
from exporter.promql import quote

_FREE = frozenset({"slo_group", "variant"})
"""Labels whose values are not names of the spec and may hold anything."""
BY, UNTIL = "acknowledged_by", "alert_acknowledged_until_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts that a table shows.

    ``matchers`` find them; ``titles`` are their labels with the columns that show them, in order. ``identity``: what an
    acknowledgement is about, and a silence names: not the tier, for all tiers of an SLO are silenced together.
    """

    matchers: str
    titles: Mapping[str, str]
    identity: tuple[str, ...]


OF_SLOS = Alerts(
    'alertname=~"(SLO|Winburn).*",severity!="none",slo=~"$slo|",slo_group=~"$slo_group|"',
    {
        "alertname": "Alert",
        "severity": "Severity",
        "slo": "SLO",
        "slo_group": "Group",
        "tier": "Tier",
        "source": "Source",
        "collector": "Collector",
        "family": "Family",
    },
    ("alertname", "slo", "slo_group", "source", "collector", "family"),
)
OF_EXPERIMENTS = Alerts(
    'alertname=~"Experiment.*",experiment=~"$experiment"',
    {
        "alertname": "Alert",
        "severity": "Severity",
        "experiment": "Experiment",
        "variant": "Variant",
        "metric": "Metric",
        "guardrail": "Guardrail",
        "currency": "Currency",
    },
    ("alertname", "experiment", "variant", "metric", "guardrail", "currency"),
)


def firing_alerts(facts: Facts) -> Table:
    """Alerts of the chosen SLOs and of winburn itself."""
    return _table("Firing alerts", "Alerts of the chosen SLOs and of winburn itself", OF_SLOS, facts)


def firing_experiment_alerts(facts: Facts) -> Table:
    """Alerts of the chosen experiments."""
    return _table("Firing alerts of experiments", "Alerts of the chosen experiments", OF_EXPERIMENTS, facts)


def _table(title: str, what: str, alerts: Alerts, facts: Facts) -> Table:
    names = {
        **alerts.titles,
        "Value": "Since",  # as Grafana calls it while nothing is acknowledged and the other query has no rows
        "Value #Since": "Since",
        BY: "Acknowledged by",
        "Value #Until": "Until",
        "silence": "Silence",
    }
    looks = {
        "SLO": column("SLO", links=[link("Details", _slo_detail())]),
        "Experiment": column("Experiment", links=[detail_link()]),
        "Severity": word_column("Severity", 105, SEVERITY),
        "Tier": column("Tier", 90),
    }
    shown = [looks.get(each, column(each, 110)) for each in alerts.titles.values() if each != "Alert"]
    return Table(
        "alerts",
        title,
        f"{what} that fire now, newest first, with the time since when their condition holds, and who has acknowledged "
        "them until when. Click an alert for its runbook or to acknowledge it, which silences it in Alertmanager; "
        "click what it is about for its details.",
        [now("Since", since(alerts), table=True), now("Until", acknowledged(alerts), table=True)],
        field=field(no_value="no alert is firing", custom=CELLS),
        overrides=[
            column("Alert", links=_links(facts)),
            *shown,
            column("Since", 145, unit="dateTimeFromNow", custom__filterable=False),
            column("Acknowledged by", 150),
            column("Until", 150, unit="dateTimeAsIso", custom__filterable=False),
            hidden_column("Silence"),
        ],
        transformations=[*columns("alert", names), sort("Since", descending=True)],
    )


def marks() -> tuple[Json, Json]:
    """Annotations: pages of the chosen SLOs, and corrections that take time out of their budgets."""
    of = "{{slo}} {{slo_group}}"
    return (
        annotation("Pages", "red", pages(), f"Page: {of}", "its burn alert pages"),
        # Over all SLOs it is the dearest query of all: its step is the range that it looks back, no less.
        annotation("Corrections", "blue", being_corrected(), f"Correction: {of}", "does not count", "5m"),
    )


def since(alerts: Alerts) -> str:
    """When each firing alert began, in milliseconds, by its labels, the label ``alert``, which holds them all, and
    ``silence``: the filter of a silence of the labels of its identity that this alert has, and of no others, which
    Grafana's links cannot tell apart; they escape it for the address. PromQL cannot escape a quote in a value, which
    would end it there and silence something else."""
    found = _firing(alerts)
    for label in alerts.identity:
        start = f"{'' if label == alerts.identity[0] else ','}{label}="
        found = _named(found, label, f'{start}"$1"', "(?s:(.+))")
        if label in _FREE:
            found = _named(found, label, f'{start}"(write it here: it has quotes)"', r'(?s:.*["\\].*)')
    filtered = joined(found, "silence", *(f"_{label}" for label in alerts.identity), separator="")
    return f"1000 * {per(', '.join((*alerts.titles, 'alert', 'silence')), _keyed(filtered, alerts))}"


def acknowledged(alerts: Alerts) -> str:
    """Until when it is acknowledged, in milliseconds, and by whom, of each firing alert that is.

    Several silences may cover one alert: the one that ends last is shown.
    """
    identity = ", ".join(alerts.identity)
    last = f"topk by ({identity}) (1, {per(f'{identity}, {BY}', select(UNTIL))})"
    rows = f"0 * {per(', '.join(alerts.titles), _firing(alerts))} + on ({identity}) group_left ({BY}) (1000 * {last})"
    return per(f"alert, {BY}", _keyed(f"({rows})", alerts))


def _named(found: str, label: str, matcher: str, pattern: str) -> str:
    return f'label_replace({found}, "_{label}", {quote(matcher)}, "{label}", {quote(pattern)})'


def _firing(alerts: Alerts) -> str:
    """ALERTS_FOR_STATE has the time, ALERTS has the state."""
    began, firing = f"ALERTS_FOR_STATE{{{alerts.matchers}}}", f'ALERTS{{alertstate="firing",{alerts.matchers}}}'
    return f"({began} and ignoring (alertstate) {firing})"


def _keyed(inner: str, alerts: Alerts) -> str:
    return joined(inner, "alert", *alerts.titles, separator=HIDDEN)


def _links(facts: Facts) -> list[Json]:
    """The silence is Alertmanager's own form, as in the alerts themselves: it needs no rights in Grafana and no data
    source, and what its address may say is documented by its source, which that of Grafana's form is not."""
    runbook = [link("Runbook", f"{facts.runbooks}/${{__value.raw}}.md", new_tab=True)] if facts.runbooks else []
    address = f"{facts.alertmanager}/#/silences/new?filter=%7B${{__data.fields.Silence:percentencode}}%7D"
    return [*runbook, link("Acknowledge (silence)", address, new_tab=True)]


def _slo_detail() -> str:
    choice = "var-slo=${__data.fields.SLO}&var-slo_group=${__data.fields.Group}"
    return f"/d/{DASHBOARD_UIDS['slo-detail']}?${{__url_time_range}}&${{datasource:queryparam}}&{choice}"
