"""Panels of one experiment: its guardrail SLOs and its segments."""

from __future__ import annotations

from dashboards import experiment_queries as xq
from dashboards import queries as q
from dashboards.facts import Facts
from dashboards.fields import CELLS, column, field, link, number_column, word_column
from dashboards.panels import Table, TimeSeries, columns, line, now, over_time, sort
from dashboards.slo_panels import tier_lines, tier_steps
from dashboards.words import GUARDRAIL, SIGN, VERDICT
from exporter.contract import DASHBOARD_UIDS
from exporter.promql import format_duration


def guardrails() -> Table:
    """Each variant against each guardrail SLO."""
    names = {
        "variant": "Variant",
        "slo": "SLO",
        "Value #Breach": "State",
        "Value #Burn": "Highest burn",
    }
    common = "${__url_time_range}&${datasource:queryparam}"
    slo = link("SLO", f"/d/{DASHBOARD_UIDS['slo-detail']}?{common}&var-slo=${{__data.fields.SLO:percentencode}}")
    return Table(
        "guardrails",
        "Guardrail SLOs",
        "Whether a variant alone burns an SLO over a paging tier, and its highest burn rate of all windows. Guardrail "
        "metrics are in the table above: worse means harmed. Empty: the spec gives no guardrail SLO.",
        [
            now("Breach", xq.guardrail_table(), table=True),
            now("Burn", xq.guardrail_burn(), table=True),
        ],
        field=field(no_value="no guardrail SLO", custom=CELLS),
        overrides=[
            column("Variant"),
            column("SLO", 220, links=[slo]),
            word_column("State", 95, GUARDRAIL),
            number_column("Highest burn", 120, "none", decimals=2),
        ],
        transformations=[*columns("guard", names), sort("Variant"), sort("State", descending=True)],
    )


def guardrail_burns(facts: Facts) -> TimeSeries:
    """Burn rates of each variant, control beside it."""
    listed = ", ".join(f"{limit:.4g} ({severity})" for limit, severity in tier_lines(facts))
    return TimeSeries(
        "guardrail-burns",
        "SLO burn of each variant",
        "Burn rate of the guardrail SLOs measured for each variant alone, control too. Lines: where the usual alert "
        f"tiers of a period of {format_duration(facts.period)} start: {listed}. At most {q.MOST_LINES} lines are "
        "drawn, the highest.",
        [over_time("Burn", xq.guardrail_burns(), "{{variant}}: {{slo}} {{window}}")],
        field=field(
            steps=tier_steps(facts),
            color="palette-classic",
            no_value="no guardrail SLO",
            custom=line(style="dashed"),
        ),
    )


def segments() -> Table:
    """Lift within segments of the units."""
    names = {
        "segment": "Segment",
        "variant": "Variant",
        "metric": "Metric",
        "Value #Verdict": "Verdict",
        "Value #Lift": "Lift",
        "Value #Lower": "Lift from",
        "Value #Upper": "Lift to",
        "Value #P": "Split p-value",
    }
    return Table(
        "segments",
        "Segments",
        "Lift of the primary metric within segments such as country=de, those with the strongest evidence. Verdict: "
        "after false-discovery control over the segments. Split p-value: whether units arrive as planned within the "
        "segment; the value is of now. Empty: the spec gives no dimensions.",
        [
            now("Lift", xq.segment_table(), table=True),
            now("Verdict", xq.segment("experiment_segment_verdict"), table=True),
            now("Lower", xq.segment("experiment_segment_lift_lower_ratio"), table=True),
            now("Upper", xq.segment("experiment_segment_lift_upper_ratio"), table=True),
            now("P", xq.segment_split(), table=True),
        ],
        field=field(no_value="no segments", custom=CELLS),
        overrides=[
            column("Segment"),
            column("Variant", 130),
            column("Metric", 140),
            word_column("Verdict", 100, VERDICT),
            number_column("Lift", 90, "percentunit", SIGN, 1),
            number_column("Lift from", 90, "percentunit", SIGN, 1),
            number_column("Lift to", 90, "percentunit", SIGN, 1),
            number_column("Split p-value", 120, "none", ((None, "red"), (0.001, "orange"), (0.01, "text")), 4),
        ],
        transformations=[*columns("part", names), sort("Variant"), sort("Segment")],
    )
