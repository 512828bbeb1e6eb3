"""Alerts of experiments, with their links."""

from __future__ import annotations

from dashboards import experiment_queries as xq
from dashboards.experiment_tables import detail_link
from dashboards.facts import Facts
from dashboards.fields import CELLS, column, field, hidden_column, link, word_column
from dashboards.panels import Table, columns, now, sort
from dashboards.words import SEVERITY

_COLUMNS = {
    "alertname": "Alert",
    "severity": "Severity",
    "experiment": "Experiment",
    "variant": "Variant",
    "metric": "Metric",
    "guardrail": "Guardrail",
    "currency": "Currency",
    "Value": "Since",
    "silence": "Silence",
}


def alerts(facts: Facts) -> Table:
    """Alerts of the chosen experiments."""
    runbook = [link("Runbook", f"{facts.runbooks}/${{__value.raw}}.md", new_tab=True)] if facts.runbooks else []
    address = f"{facts.alertmanager}/#/silences/new?filter=%7B${{__data.fields.Silence:raw}}%7D"
    return Table(
        "alerts",
        "Firing alerts of experiments",
        "Alerts of the chosen experiments that fire now, newest first, with the time since when their condition holds. "
        "Click an alert for its runbook, or to silence it in Alertmanager.",
        [now("Alerts", xq.alerts(), table=True)],
        field=field(no_value="no alert is firing", custom=CELLS),
        overrides=[
            column("Alert", 280, links=[*runbook, link("Silence", address, new_tab=True)]),
            word_column("Severity", 90, SEVERITY),
            column("Experiment", 220, links=[detail_link()]),
            column("Variant", 140),
            column("Metric", 140),
            column("Guardrail", 140),
            column("Currency", 90),
            column("Since", 150, unit="dateTimeFromNow"),
            hidden_column("Silence"),
        ],
        transformations=[
            *columns("alertname", _COLUMNS)[1:],
            sort("Since", descending=True),
        ],
    )
