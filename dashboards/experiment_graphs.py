"""Graphs over time of experiments, for the list and the detail."""

from __future__ import annotations

from typing import Any

from dashboards import experiment_queries as xq
from dashboards import queries as q
from dashboards.facts import Facts
from dashboards.fields import GREY, Json, field, fixed, override, words
from dashboards.panels import Panel, StateTimeline, TimeSeries, line, over_time, repeated
from dashboards.words import VERDICT

OF_ALL, OF_ONE = "{{experiment}} / {{variant}} ({{metric}})", "{{variant}} ({{metric}})"
MOST = f"At most {q.MOST_LINES} lines are drawn"
LOG: Json = {"type": "log", "log": 10}
LOWER, UPPER = "lower", "upper"


def win(legend: str = OF_ALL) -> TimeSeries:
    """Posterior probability of being the best."""
    return _graph(
        "win-over-time",
        "Win ratio over time",
        "Posterior probability that the variant is the best of all. A reading aid, not protected against looking "
        f"often. {MOST}, the highest at the end.",
        q.most_results("experiment_variant_win_ratio"),
        legend,
        unit="percentunit",
        span=(0, 1),
    )


def evidence(facts: Facts, legend: str = OF_ALL) -> TimeSeries:
    """e-values with the line of one comparison."""
    enough = 1 / facts.alpha
    return _graph(
        "evidence-over-time",
        "Evidence over time",
        'e-value against "no difference to control". The line is 1/alpha = '
        f"{enough:.4g} (alpha {facts.alpha:g}, which most experiments of the spec have): enough for one comparison; "
        f"the verdict asks for more where there are several. Drawn between {q.LEAST_E:g} and {q.MOST_E:.0f}. {MOST}, "
        "the highest at the end.",
        q.drawn_evidence(),
        legend,
        steps=((None, "transparent"), (enough, "blue")),
        custom=line(style="dashed", scale=LOG),
    )


def participants(legend: str = "{{experiment}} / {{variant}}") -> TimeSeries:
    """Units of each variant."""
    return _graph(
        "participants-over-time",
        "Participants over time",
        f"Units that were shown each variant so far. A flat line: nobody arrives. {MOST}, the highest at the end.",
        q.most_variants("experiment_variant_participants"),
        legend,
    )


def p_values(facts: Facts) -> TimeSeries:
    """Anytime-valid p-values with the line of one comparison."""
    return _graph(
        "p-over-time",
        "p-value over time",
        "1 over the largest e-value so far: it never rises, and holds however often one looks. The line is alpha "
        f"({facts.alpha:g}, which most experiments of the spec have): enough for one comparison; the verdict asks for "
        f"more where there are several. Drawn from {xq.LEAST_P:g} on.",
        xq.drawn_p(),
        OF_ONE,
        unit="sci",
        span=(None, 1),
        steps=((None, "transparent"), (facts.alpha, "blue")),
        custom=line(style="dashed", scale=LOG),
    )


def kill_evidence() -> TimeSeries:
    """Evidence of harm."""
    return _graph(
        "kill-evidence-over-time",
        "Evidence for a kill",
        "e-value that the variant is worse than control by more than the margin. The variant is killed at 1/alpha of "
        f"the spec's early_kill: 100, unless the spec says otherwise. Drawn between {q.LEAST_E:g} and {q.MOST_E:.0f}. "
        "Nothing where the experiment kills nobody.",
        xq.drawn_kill_evidence(),
        "{{variant}}",
        custom=line(scale=LOG),
    )


def verdicts() -> StateTimeline:
    """The verdict of each variant and metric."""
    return StateTimeline(
        "verdict-over-time",
        "Verdict over time",
        "The answer to act on, at every moment, after false-discovery control. Of a guardrail worse means harmed and "
        "better means kept within its margin.",
        [over_time("Verdict", q.result("experiment_variant_verdict"), OF_ONE)],
        field=field(mappings=[words(VERDICT)], custom={"fillOpacity": 80, "lineWidth": 0}),
    )


def loss() -> TimeSeries:
    """Expected loss of shipping now."""
    return _graph(
        "loss-over-time",
        "Expected loss over time",
        "What is lost in expectation if the variant is shipped now and is not the best, relative to control's mean. "
        f"A reading aid. {MOST}, the highest at the end.",
        q.most_results("experiment_variant_expected_loss_ratio"),
        OF_ONE,
        unit="percentunit",
        span=(0, None),
        custom=line() | {"axisSoftMax": 0.001},  # the noise of what is surely the best is no mountain
    )


def values() -> TimeSeries:
    """Value of each metric."""
    return _graph(
        "values-over-time",
        "Metric values over time",
        f"The metric's mean per participant since the beginning: 0.1 of a proportion is 10 %. {MOST}, the highest at "
        "the end.",
        q.most_results("experiment_variant_metric_value"),
        OF_ONE,
    )


def lift_band() -> Panel:
    """The interval of each chosen variant."""
    family = "experiment_variant_lift"
    return band(
        "lift-band",
        "Lift of $variant",
        "Relative difference to control in the primary metric, with the interval that holds at all times together: "
        "while 0 is inside nothing is decided. A line that is missing: unbounded on that side. Control has none.",
        "percentunit",
        (xq.band(f"{family}_lower_ratio"), xq.band(f"{family}_ratio"), xq.band(f"{family}_upper_ratio")),
        "lift",
    )


def band(key: str, title: str, text: str, unit: str, exprs: tuple[str, str, str], middle: str) -> Panel:
    """Lower end, estimate and upper end with the space between filled, once for each chosen variant."""
    lower, estimate, upper = exprs
    panel = TimeSeries(
        key,
        title,
        text,
        [over_time("Lower", lower, LOWER), over_time("Middle", estimate, middle), over_time("Upper", upper, UPPER)],
        field=field(unit, steps=((None, "red"), (0, "transparent")), color="palette-classic", custom=line(style="line"))
        | {"color": fixed("blue")},
        overrides=[
            override("byRegexp", f"/^{UPPER}$/", {"custom.fillBelowTo": LOWER, "custom.fillOpacity": 15}),
            override("byRegexp", f"/^({LOWER}|{UPPER})$/", {"custom.lineWidth": 1, "color": fixed(GREY)}),
        ],
    )
    return repeated(panel, "variant")


def _graph(key: str, title: str, text: str, expr: str, legend: str, **look: Any) -> TimeSeries:
    """One query as lines; ``look`` is what of the field differs from plain lines."""
    plain = {"unit": "short", "color": "palette-classic", "custom": line()}
    return TimeSeries(key, title, text, [over_time("Lines", expr, legend)], field=field(**{**plain, **look}))
