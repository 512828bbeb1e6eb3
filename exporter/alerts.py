"""The alerts as data: names, severities, the labels that name what is broken, and the texts that people read.

Texts are for ``str.format``. What knows the entity fills them: the generated rules put a Prometheus template such as
``{{ $value | humanize }}`` where ``{value}`` stands, a direct notification the number itself, so both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exporter.windows import MINUTE

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
            "Until there is data again its burn alerts cannot fire, however bad {service} is.\n"
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
            "Variant {variant} of {experiment} is worse than {control} {margin}in {metric}. Of variants that are not, "
            "at most {alpha} % ever raise this alert, however often one looks.\n"
            "Take the traffic from {variant}. This alert stays for as long as the experiment runs.\n"
            "Check first: does the dashboard show a broken split or a broken measurement instead?"
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
        summary="winburn is down: no burn and no kill alert can fire",
        description=(
            "For 1 minute Prometheus has had no series of the winburn exporter.\n"
            "Until it is back nobody is told of burning error budgets, of missing data or of variants to stop.\n"
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
