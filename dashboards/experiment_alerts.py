"""Alerts of experiments, with their links."""

from __future__ import annotations

from dashboards import experiment_queries as xq
from dashboards.experiment_tables import detail_link
from dashboards.facts import Facts
from dashboards.fields import CELLS, column, field, link, word_column
from dashboards.panels import Table, columns, now, sort
from dashboards.words import SEVERITY


def alerts(facts: Facts) -> Table:
    """Alerts of the chosen experiments."""
    names = dict(zip(xq.ALERT_LABELS, ("Alert", "Severity", "Experiment", "Variant", "Metric"), strict=True))
    runbook = [link("Runbook", f"{facts.runbooks}/${{__value.raw}}.md", new_tab=True)] if facts.runbooks else []
    matchers = [f"{label}%3D%22${{__data.fields.{title}:percentencode}}%22" for label, title in names.items()]
    kept = "%2C".join(each for each in matchers if not each.startswith("severity"))
    silence = link("Silence", f"{facts.alertmanager}/#/silences/new?filter=%7B{kept}%7D", new_tab=True)
    return Table(
        "alerts",
        "Firing alerts of experiments",
        "Alerts of the chosen experiments that fire now, newest first, with the time since when their condition holds. "
        "Click an alert for its runbook, or to silence it in Alertmanager.",
        [now("Alerts", xq.alerts(), table=True)],
        field=field(no_value="no alert is firing", custom=CELLS),
        overrides=[
            column("Alert", 280, links=[*runbook, silence]),
            word_column("Severity", 90, SEVERITY),
            column("Experiment", 220, links=[detail_link()]),
            column("Variant", 140),
            column("Metric", 140),
            column("Since", 150, unit="dateTimeFromNow"),
        ],
        transformations=[
            *columns("alertname", {**names, "Value": "Since"})[1:],
            sort("Since", descending=True),
        ],
    )
