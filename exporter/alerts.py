"""The alerts as data: names, severities, the labels that name what is broken, and the texts that people read.

Texts are for ``str.format``. What knows the entity fills them: the generated rules put a Prometheus template such as
``{{ $value | humanize }}`` where ``{value}`` stands, a direct notification the number itself, so both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exporter.windows import HOUR, MINUTE

Severity = Literal["page", "ticket", "info", "none"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One kind of alert.

    ``identity`` are the labels that name what is broken: what rules keep, routes group by and inhibitions match.
    ``severity`` is None where the spec decides. ``hold`` is for how many seconds the condition must last before the
    alert fires; 0 where the condition itself already covers a span of time.
    """

    name: str
    identity: tuple[str, ...]
    severity: Severity | None
    hold: int
    summary: str
    description: str

    @property
    def runbook(self) -> str:
        """File name of the runbook, in ``deploy/runbooks``."""
        return f"{self.name}.md"


SLO_IDENTITY = ("slo", "slo_group")

VARIANT_KILL_ANNOUNCED = HOUR
"""Seconds for which the kill of a content variant is announced."""

_TABLE: tuple[Alert, ...] = (
    Alert(
        name="SLOErrorBudgetBurn",
        identity=SLO_IDENTITY,
        severity=None,
        hold=0,
        summary="{slo}: error budget burns at {value} times the allowed rate (last {long})",
        description=(
            "{unmeasured}Too many bad events in {service}: over the last {long} the error budget of {slo} (objective "
            "{objective} %) burned at {value} times the rate that is allowed; this alert starts above {factor}.\n"
            "Spent in that {long}: about {spent} % of the {period} budget, or more. "
            "Bad events still came in the last {short}.\n"
            "At this rate a full budget is gone in less than {lasts}.\n"
            "Check first: what changed in {service} when it began (deployment, configuration, flag, experiment)? "
            "If nothing did: what it depends on."
        ),
    ),
    Alert(
        name="SLOErrorBudgetExhausted",
        identity=SLO_IDENTITY,
        severity="ticket",
        hold=5 * MINUTE,
        summary="{slo}: no error budget is left, {value} of it is spent",
        description=(
            "{unmeasured}{slo} (objective {objective} %) has no error budget left: {value} of the {period} budget is "
            "spent, so the objective is missed in this period.\n"
            "No alert tier need have fired: errors just below their limits spend a budget too.\n"
            "Check first: was it one incident or many small ones (dashboard, budget over time)? What does the team do "
            "when a budget is gone: stop risky changes to {service}, mend what fails most?"
        ),
    ),
    Alert(
        name="SLOErrorBudgetForecast",
        identity=SLO_IDENTITY,
        severity="ticket",
        hold=15 * MINUTE,
        summary="{slo}: error budget will run out with probability {value}",
        description=(
            "{unmeasured}If {service} goes on as in the past weeks, the {period} budget of {slo} (objective "
            "{objective} %) is gone before one more period has passed, with probability {value}.\n"
            "There is time yet: this is no outage, but what happens every day costs too much.\n"
            "Check first: when will it be gone (dashboard, forecast)? Which errors make up most of what was spent, and "
            "which of them can be mended in that time?"
        ),
    ),
    Alert(
        name="SLONoData",
        identity=SLO_IDENTITY,
        severity=None,
        hold=5 * MINUTE,
        summary="{slo}: nothing is measured any more",
        # 10: the status itself says that nothing came for 5 minutes, and then the hold.
        description=(
            "For 10 minutes nothing was measured for {slo} (service {service}), although there was data before.\n"
            "Until there is data again its burn alerts cannot fire, however bad {service} is{counted}.\n"
            "Check first: is {service} up and still scraped? Does the source {source} answer? "
            "Was a metric or a label renamed?"
        ),
    ),
    Alert(
        name="ExperimentEarlyKill",
        identity=("experiment", "variant"),
        severity="page",
        hold=0,
        summary="{experiment}: stop variant {variant}, it is worse than {control}",
        description=(
            "Variant {variant} of {experiment} is worse than {control} {margin}in {metric}{guardrails}. Of variants "
            "that are not, at most {alpha} % ever raise this alert, however often one looks.\n"
            "Take the traffic from {variant}. This alert stays for as long as the experiment runs.\n"
            "Check first: does the dashboard show a broken split or a broken measurement instead?"
        ),
    ),
    Alert(
        name="ExperimentSampleRatioMismatch",
        identity=("experiment",),
        severity="ticket",
        hold=5 * MINUTE,
        summary="{experiment}: the split is broken, a share is {value} off the plan",
        description=(
            "The variants of {experiment} do not get the traffic that is planned: one of the shares is {value} of all "
            "traffic away from its plan. If the plan held, chance alone would ever show this in fewer than 1 of 1000 "
            "experiments, however often one looks.\n"
            "Believe no verdict of {experiment}: whatever sends units to the wrong variant, or loses those of one, "
            "also makes the variants differ.\n"
            "Check first: did the assignment change while it ran? Does one variant redirect, crash or load slowly, so "
            "that its visits are not counted? Are bots or repeated visits counted for one of them?"
        ),
    ),
    Alert(
        name="ExperimentDecided",
        identity=("experiment", "variant", "metric"),
        severity="info",
        hold=15 * MINUTE,
        summary="{experiment}: variant {variant} is {verdict} than {control} in {metric}",
        description=(
            "Variant {variant} of {experiment} is {verdict} than {control} in {metric}, and has been for 15 minutes. "
            "At most {alpha} % of such verdicts are expected to be wrong, however often one looks.\n"
            "How much {verdict}: see the interval on the dashboard, not the single estimate.\n"
            "Check first: are the guardrails well? Has it run for whole weeks, so that every weekday counts alike?"
        ),
    ),
    Alert(
        name="ExperimentGuardrailHarmed",
        identity=("experiment", "variant", "guardrail"),
        severity="page",
        hold=0,
        summary="{experiment}: variant {variant} harms the guardrail {guardrail}",
        description=(
            "Variant {variant} of {experiment} {harm}.\n"
            "A guardrail must hold whatever else the variant wins: take the traffic from {variant}.\n"
            "Check first: do its errors or losses go on (dashboard)? Was it killed already (ExperimentEarlyKill), and "
            "has its traffic gone since? Is the measurement of {guardrail} sound for this variant?"
        ),
    ),
    Alert(
        name="ExperimentCostOverrun",
        identity=("experiment", "currency"),
        severity="ticket",
        hold=5 * MINUTE,
        summary="{experiment} has cost {value} {currency}, more than its limit",
        description=(
            "All variants of {experiment} together have cost {value} {currency} so far; its limit is {limit}.\n"
            "It goes on spending for as long as it runs.\n"
            "Check first: which variant and category cost most? Is what is still to be learnt worth more than a day "
            "costs (loss per day of waiting, recommendation)? If not, stop it."
        ),
    ),
    Alert(
        name="ExperimentStalled",
        identity=("experiment",),
        severity="ticket",
        hold=5 * MINUTE,
        summary="{experiment}: no new unit for {stalled_after} or more",
        description=(
            "{experiment} is said to run, but no unit has joined any of its variants for {stalled_after} or more.\n"
            "It will not be decided, and what it shows is of the past.\n"
            "Check first: is it switched on where units are assigned? Are exposures still counted, under the same "
            "names? If it is over, stop it: winburn experiment stop."
        ),
    ),
    Alert(
        name="VariantEarlyKill",
        identity=("variant", "persona"),
        severity="info",
        hold=0,
        summary="stop variant {variant} of {persona}",
        description=(
            "Variant {variant} of {persona} was killed early: {rule}\n"
            "Take it down where that is not done by itself. This message ends an hour after the kill.\n"
            "Check first: are the views counted that it really had? Does the prediction for it make sense?"
        ),
    ),
    Alert(
        name="HighVariantKillRatio",
        identity=("persona",),
        severity="ticket",
        hold=15 * MINUTE,
        summary="{value} of the variants of {persona} were killed early",
        description=(
            "Of the monitoring sessions of {persona} that began in the last 24 hours, {value} ended in a kill, three "
            "or more of them; this alert starts above {limit} %.\n"
            "Kills are to be the exception: more likely the predictions are too high than all content is bad.\n"
            "Check first: does the predictor promise more than before (prediction_calibration_error_ratio)? Is the "
            "audience smaller today? Are interactions still counted?"
        ),
    ),
    Alert(
        name="PatternFatigued",
        identity=("pattern", "persona"),
        severity="info",
        hold=5 * MINUTE,
        summary="rest the pattern {pattern} of {persona}",
        description=(
            "The pattern {pattern} of {persona} is worn out: it was used {uses} times or more in the last {window}, or "
            "its engagement falls with its uses.\n"
            "Use other patterns until it is fresh again.\n"
            "Check first: which of the two is it (pattern_uses, pattern_fatigue_e_value)?"
        ),
    ),
    Alert(
        name="WinburnDown",
        identity=(),
        severity="page",
        hold=MINUTE,
        summary="winburn is down: {silent}",
        description=(
            "For 1 minute Prometheus has had no series of {missing}.\n"
            "Until it is back nobody is told of {untold}\n"
            "Check first: does the process run? What does its log end with? Does Prometheus reach it "
            "(Status, Targets)?"
        ),
    ),
    Alert(
        name="WinburnSourceDown",
        identity=("source",),
        severity="ticket",
        hold=5 * MINUTE,
        summary="source {source} does not answer winburn",
        description=(
            "For 5 minutes winburn has had no answer from its source {source}.\n"
            "The SLOs and experiments that read it are not measured, and their alerts cannot fire.\n"
            "Check first: is {source} up? Can the exporter's machine reach it (network, address, credentials)? "
            "What does the exporter's log say?"
        ),
    ),
    Alert(
        name="WinburnCollectorFailing",
        identity=("collector",),
        severity="ticket",
        hold=5 * MINUTE,
        summary="collector {collector} of winburn keeps failing",
        description=(
            "For 5 minutes the collector {collector} of winburn has not finished a run without an error.\n"
            "Some of its SLOs or experiments, or all, are not measured; what is measured is still right.\n"
            "Check first: the exporter's log names each SLO or experiment that failed, and why."
        ),
    ),
    Alert(
        name="WinburnDataStale",
        identity=("collector",),
        severity="ticket",
        hold=5 * MINUTE,
        summary="winburn: no whole run of collector {collector} for {value} or more",
        description=(
            "For {value} or more no exporter has finished a run of the collector {collector} without an error: it "
            "fails or hangs in all of them.\n"
            "What is shown of some of its SLOs or experiments, or of all, is old or gone, and their alerts cannot "
            "begin.\n"
            "Check first: does its source answer, and in time? What does the exporter's log say? A restart is safe: "
            "what was counted is in the state store."
        ),
    ),
    Alert(
        name="WinburnSeriesDropped",
        identity=("family",),
        severity="ticket",
        hold=5 * MINUTE,
        summary="winburn leaves out series of {family}: about {value} in each refresh",
        description=(
            "The family {family} has more series than its cap, and about {value} of them are left out in each "
            "refresh.\n"
            "SLOs or experiments whose series are left out are not shown, and their alerts cannot fire.\n"
            "Check first: which label has so many values? What counts of SLOs grouped by it, or of experiments, do you "
            "expect?"
        ),
    ),
    Alert(
        name="WinburnWatchdog",
        identity=(),
        severity="none",
        hold=0,
        summary="alerting works",
        description=(
            "This alert always fires: it shows the receiver that the way from Prometheus through Alertmanager works.\n"
            "If it stops to arrive, no other alert arrives either. Check first: do both servers run?"
        ),
    ),
)

ALERTS: dict[str, Alert] = {alert.name: alert for alert in _TABLE}
"""Every alert of this version by name, in the order in which people should read them."""
