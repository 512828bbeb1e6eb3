"""Tables of experiments: their health, what to do with each variant, each metric."""

from __future__ import annotations

from grafanalib import core

from dashboards import experiment_queries as xq
from dashboards import queries as q
from dashboards.fields import CELLS, GREY, Json, column, field, gauge_column, link, number_column, word_column, words
from dashboards.panels import Table, columns, now, sort
from dashboards.words import (
    ACTION,
    ARRIVALS,
    EXPERIMENT_STATUS,
    KILLED,
    REASON,
    ROLE,
    SIGN,
    SPLIT,
    TREND,
    VERDICT,
)
from exporter.contract import DASHBOARD_UIDS

_BLUE = ((None, "blue"),)


def detail_link() -> Json:
    """From a row to the page of its experiment."""
    common = "${__url_time_range}&${datasource:queryparam}"
    return link(
        "Details", f"/d/{DASHBOARD_UIDS['experiment-detail']}?{common}&var-experiment=${{__data.fields.Experiment}}"
    )


def health() -> Table:
    """Whether the experiments themselves work."""
    names = {
        "experiment": "Experiment",
        "status": "Status",
        "Value #Split": "Split",
        "Value #Arrivals": "Arrivals",
        "Value #P": "Split p-value",
        "Value #Deviation": "Largest deviation",
        "Value #Participants": "Participants",
        "Value #Last": "Last unit",
        "Value #Remaining": "Still needs",
        "Value #Epochs": "Epochs",
        "kind": "Kind",
        "control": "Control",
        "primary_metric": "Primary metric",
    }
    return Table(
        "health",
        "Health before results",
        "Whether the experiment itself works. Split: participants against the plan; mismatch is p below 0.001 with a "
        "share off by 0.5 points or more, watch is p below 0.01. The p-value holds however often one looks. Arrivals: "
        "stalled when no new unit came for the spec's stalled_after. Still needs: time until the least lift that "
        "matters would be decided. Epochs: how often the planned split changed; counts are never pooled across them.",
        [
            now("Info", q.experiment_table(), table=True),
            now("Status", q.current_status(), table=True),
            now("Split", q.split_state(), table=True),
            now("Arrivals", xq.arrivals(), table=True),
            now("P", q.experiment("experiment_srm_p_value"), table=True),
            now("Deviation", q.experiment("experiment_srm_deviation_ratio"), table=True),
            now("Participants", f"sum by (experiment) ({q.variant('experiment_variant_participants')})", table=True),
            now("Last", xq.silence(), table=True),
            now("Remaining", q.experiment("experiment_remaining_seconds"), table=True),
            now("Epochs", q.experiment("experiment_epochs"), table=True),
            now("Order", q.split_for_order(), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Experiment", links=[detail_link()]),
            word_column("Status", 105, EXPERIMENT_STATUS),
            word_column("Split", 105, SPLIT),
            word_column("Arrivals", 110, ARRIVALS),
            number_column("Split p-value", 105, "none", decimals=4),
            number_column("Largest deviation", 135, "percentunit", decimals=2),
            number_column("Participants", 105, "short"),
            number_column("Last unit", 85, "s", decimals=0),
            number_column("Still needs", 95, "s", decimals=1),
            number_column("Epochs", 75, "none", decimals=0),
            column("Kind", 90),
            column("Control", 100),
            column("Primary metric", 140),
        ],
        transformations=[
            *columns(
                "experiment",
                names,
                first=[sort("Value #Arrivals", descending=True), sort("Value #Order", descending=True)],
            )
        ],
    )


def decisions(*, detail: bool = False) -> Table:
    """What to do with each variant, in words, and the numbers behind it; in ``detail`` of one experiment."""
    names = {
        **({} if detail else {"experiment": "Experiment"}),
        "variant": "Variant",
        "Value #Verdict": "Verdict",
        "action": "What next",
        "reason": "Why",
        "Value #Win": "Win ratio",
        "Value #Lift": "Lift",
        "Value #Lower": "Lift from",
        "Value #Upper": "Lift to",
        "Value #Participants": "Participants",
        "Value #Money": "Worth per day",
        "currency": "Unit",
    }
    return Table(
        "decisions",
        "What next",
        "One row per variant, by the experiment's primary metric. Verdict: the answer that holds however often one "
        "looks. What next and why: the one recommendation; a broken split or a dead measurement comes before any "
        "result. Win ratio: probability of being the best of all, a reading aid. Lift: relative difference to control "
        "and its interval; empty where unbounded. Worth per day: of giving the variant to all, against control.",
        [
            now("Plan", q.traffic_table(), table=True),
            now("Verdict", xq.arm(xq.primary("experiment_variant_verdict")), table=True),
            now("Next", xq.of_arm("experiment_recommendation_info", "action", "reason"), table=True),
            now("Win", xq.arm(xq.primary("experiment_variant_win_ratio")), table=True),
            now("Lift", xq.arm(xq.primary("experiment_variant_lift_ratio")), table=True),
            now("Lower", xq.arm(xq.primary("experiment_variant_lift_lower_ratio")), table=True),
            now("Upper", xq.arm(xq.primary("experiment_variant_lift_upper_ratio")), table=True),
            now("Participants", xq.of_arm("experiment_variant_participants"), table=True),
            now("Money", xq.of_arm("experiment_variant_value_per_day", "currency"), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            *([] if detail else [column("Experiment", links=[detail_link()])]),
            column("Variant", None if detail else 115),
            word_column("Verdict", 105, VERDICT),
            word_column("What next", 140, ACTION),
            column("Why", 235, mappings=[_plain(REASON)]),
            gauge_column("Win ratio", None, _BLUE),
            number_column("Lift", 80, "percentunit", SIGN, 1),
            number_column("Lift from", 80, "percentunit", SIGN, 1),
            number_column("Lift to", 80, "percentunit", SIGN, 1),
            number_column("Participants", 100, "short"),
            number_column("Worth per day", 110, "short", SIGN),
            column("Unit", 60, custom__filterable=False),
        ],
        transformations=[*columns("arm", names), sort("Variant"), *([] if detail else [sort("Experiment")])],
    )


def results(*, detail: bool = False) -> Table:
    """Each metric of each variant; in ``detail`` with the p-value, the loss, the trend and the design effect."""
    names = {
        **({} if detail else {"experiment": "Experiment"}),
        "variant": "Variant",
        "metric": "Metric",
        "Value #Role": "Role",
        "Value #Verdict": "Verdict",
        "Value #Win": "Win ratio",
        "Value #Lift": "Lift",
        "Value #Lower": "Lift from",
        "Value #Upper": "Lift to",
        "Value #Evidence": "log10 e",
        "Value #Beats": "Beats control",
        **({} if detail else {"Value #Participants": "Participants"}),
        "Value #Value": "Value",
        **({} if detail else {"Value #Killed": "Kill"}),
    }
    more, text, numbers = _more_of_detail() if detail else ({}, "", [])
    targets = [
        now("Value", q.result_table(), table=True),
        now("Role", xq.role(), table=True),
        now("Verdict", q.row(q.result("experiment_variant_verdict")), table=True),
        now("Win", q.row(q.result("experiment_variant_win_ratio")), table=True),
        now("Beats", q.row(q.result("experiment_variant_beats_control_ratio")), table=True),
        now("Lift", q.row(q.result("experiment_variant_lift_ratio")), table=True),
        now("Lower", q.row(q.result("experiment_variant_lift_lower_ratio")), table=True),
        now("Upper", q.row(q.result("experiment_variant_lift_upper_ratio")), table=True),
        now("Evidence", q.log_evidence(), table=True),
        *([] if detail else _of_the_variant()),
        *(now(each.rsplit("#", 1)[1], expr, table=True) for each, (_, expr) in more.items()),
    ]
    return Table(
        "results",
        "Results of each metric" if detail else "Results",
        "One row per variant and metric. Role: the primary metric decides; the others are secondary or guardrails, of "
        "which worse means harmed and better means kept within the margin. Lift: relative difference to control with "
        "an interval that holds however often one looks; empty where unbounded. log10 e: decimal logarithm of the "
        "e-value, the evidence. Win ratio (best of all) and beats control: Bayesian, not protected against looking "
        "often." + text,
        targets,
        field=field(custom=CELLS),
        overrides=[
            *([] if detail else [column("Experiment", links=[detail_link()])]),
            column("Variant", None if detail else 115),
            column("Metric", 110),
            word_column("Role", 90, ROLE),
            word_column("Verdict", 105, VERDICT),
            gauge_column("Win ratio", None, _BLUE),
            number_column("Lift", 75, "percentunit", SIGN, 1),
            number_column("Lift from", 80, "percentunit", SIGN, 1),
            number_column("Lift to", 80, "percentunit", SIGN, 1),
            number_column("log10 e", 70, "none", decimals=1),
            number_column("Beats control", 105, "percentunit", decimals=1),
            number_column("Value", 75, "short", decimals=4),
            *(numbers if detail else [number_column("Participants", 100, "short"), word_column("Kill", 90, KILLED)]),
        ],
        transformations=[
            *columns("row", {**names, **{each: title for each, (title, _) in more.items()}}),
            sort("Variant"),
            sort("Role", descending=True),
            *([] if detail else [sort("Experiment")]),
        ],
    )


def _of_the_variant() -> list[core.Target]:
    """What is the same for all metrics of a variant; the detail shows it elsewhere."""
    return [
        now("Participants", q.of_variant("experiment_variant_participants"), table=True),
        now("Killed", q.of_variant("experiment_variant_early_kill"), table=True),
    ]


def _more_of_detail() -> tuple[dict[str, tuple[str, str]], str, list[Json]]:
    """Field -> (title, query) of the detail's own columns, what they mean, and how they look."""
    more = {
        "Value #P": ("p-value", q.row(q.result("experiment_variant_p_value"))),
        "Value #Loss": ("Expected loss", q.row(q.result("experiment_variant_expected_loss_ratio"))),
        "Value #Trend": ("Trend", q.row(q.result("experiment_variant_trend"))),
        "Value #Design": ("Design effect", xq.of_metric("experiment_design_effect")),
    }
    text = (
        " Expected loss: of shipping the variant now, relative to control. Trend: the last third of the units against "
        "the earlier ones. Design effect: by how much events that come in clusters overstate what they know; counts "
        "are divided by it."
    )
    numbers = [
        number_column("p-value", 75, "none", decimals=4),
        number_column("Expected loss", 110, "percentunit", decimals=2),
        word_column("Trend", 95, TREND),
        number_column("Design effect", 110, "none", decimals=2),
    ]
    return more, text, numbers


def _plain(meaning: dict[str, str]) -> Json:
    """Words without a colour of their own."""
    return words({value: (text, GREY) for value, text in meaning.items()})
