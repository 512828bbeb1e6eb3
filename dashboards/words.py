"""States as words with their colours, and the limits at which numbers change colour; the same on every dashboard."""

from __future__ import annotations

from dashboards.fields import GREY, Steps

SLO_STATUS = {
    "0": ("ok", "green"),
    "1": ("at risk", "orange"),
    "2": ("breached", "red"),
    "3": ("no data", GREY),
}
TREND = {"-1": ("worse", "red"), "0": ("steady", GREY), "1": ("better", "green")}
SEVERITY = {"page": ("page", "red"), "ticket": ("ticket", "orange"), "info": ("info", "blue")}

EXPERIMENT_STATUS = {
    "running": ("running", "green"),
    "paused": ("paused", "orange"),
    "draft": ("draft", GREY),
    "completed": ("completed", "blue"),
    "failed": ("failed", "red"),
}
ARRIVALS = {"0": ("arriving", "green"), "1": ("stalled", "red"), "2": ("no units", GREY)}
ROLE = {"0": ("other", GREY), "1": ("primary", "blue")}
GUARDRAIL = {"0": ("kept", "green"), "1": ("burns", "red")}
ACTION = {
    "fix_split": ("mend the split", "red"),
    "investigate": ("look into it", "orange"),
    "kill": ("take its traffic", "red"),
    "ship": ("give it to all", "green"),
    "stop": ("stop", "blue"),
    "continue": ("go on", GREY),
}
REASON = {
    "sample_ratio_mismatch": "units do not arrive as planned",
    "no_data": "no unit was seen yet",
    "stalled": "no new unit for too long",
    "paused": "it is paused",
    "early_kill": "evidence of harm crossed its limit",
    "guardrail_slo": "it alone burnt an SLO",
    "guardrail_harmed": "it harms a guardrail metric",
    "worse": "worse than control",
    "better": "better than control, and the best",
    "another_is_better": "better than control, but not the best",
    "economics": "waiting costs more than it is worth",
    "no_minimum_lift": "the least lift would show by now",
    "guardrail_undecided": "better, but a guardrail is still open",
    "design_effect_unknown": "how events cluster is not yet known",
    "undecided": "nothing is decided yet",
}
"""Recommendations: labels ``action`` and ``reason`` of experiment_recommendation_info -> words."""
SUGGESTED = {"rest": "rest", "scale": "make more of", "recalibrate": "calibrate anew"}
SUGGESTED_FOR = {
    "uses": "used too often",
    "baseline": "below its baseline",
    "trend": "does worse with each use",
    "above_persona": "better than its persona's others",
    "kill_ratio": "too many of them are killed",
}
"""Suggestions: labels ``action`` and ``reason`` of suggestion_info -> words."""
SPLIT = {"0": ("as planned", "green"), "1": ("watch", "orange"), "2": ("mismatch", "red")}
VERDICT = {"-1": ("worse", "red"), "0": ("undecided", GREY), "1": ("better", "green")}
WORN = {"0": ("fresh", "green"), "1": ("worn out", "orange")}
KILLED = {"0": ("live", "green"), "1": ("killed", "red")}

UP = {"0": ("down", "red"), "1": ("up", "green")}
WELL = {"0": ("failed", "red"), "1": ("ok", "green")}
SPEC_READ = {"0": ("refused", "red"), "1": ("in force", "green")}

BUDGET: Steps = ((None, "red"), (0, "orange"), (0.25, "green"))
COVERAGE: Steps = ((None, "red"), (0.5, "orange"), (0.9, "green"))
SIGN: Steps = ((None, "red"), (0, "green"))
ALARM: Steps = ((None, "green"), (1, "red"))


def count_of(color: str, *, none: str = GREY) -> Steps:
    """For a count: ``none`` at 0, ``color`` from 1 on."""
    return ((None, none), (1, color))
