"""Rules of one experiment that watch over it: harmed guardrails, costs above their limit, and units that stay away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from alert_rules.rule import Rule, dashboard_url, interval, literal, number, static_labels, texts
from exporter.alerts import ALERTS, Alert
from exporter.contract import select
from exporter.promql import format_duration
from exporter.spec import Experiment, Metric, Spec


def watch_rules(experiment: Experiment, spec: Spec) -> tuple[Rule, ...]:
    """All rules of this room, in the order of the table of alerts."""
    return (*harmed_rules(experiment, spec), *overrun_rules(experiment, spec), *stalled_rules(experiment, spec))


def harmed_rules(experiment: Experiment, spec: Spec) -> Iterator[Rule]:
    """A rule for each guardrail: each metric with that role, then each SLO. The value is no number to show."""
    for metric in experiment.metrics:
        if metric.role == "guardrail":
            verdict = select("experiment_variant_verdict", experiment=experiment.name, metric=metric.name)
            yield _harmed(metric.name, f"{verdict} == -1", _worse(metric, experiment), experiment, spec)
    for guardrail in experiment.guardrails:
        breach = select("experiment_variant_slo_breach", experiment=experiment.name, slo=guardrail.slo)
        harm = f"burns the error budget of {guardrail.slo} as fast as its pages need, and {{control}} does not"
        yield _harmed(guardrail.slo, f"{breach} == 1", harm, experiment, spec)


def _worse(metric: Metric, experiment: Experiment) -> str:
    margin = f"by more than {number(round(metric.margin * 100, 9))} % " if metric.margin else ""
    error = number(round(experiment.alpha * 100, 9))
    return f"is worse than {{control}} {margin}in {metric.name} (at most {error} % of such verdicts are wrong)"


def _harmed(guardrail: str, condition: str, harm: str, experiment: Experiment, spec: Spec) -> Rule:
    facts = {
        "variant": "{{ $labels.variant }}",
        "guardrail": guardrail,
        "harm": harm.format(control=literal(experiment.control)),
    }
    return _rule(
        ALERTS["ExperimentGuardrailHarmed"],
        # Templates see labels of the series only, and the link to a silence names the guardrail.
        f'label_replace(max by (experiment, variant) ({condition}), "guardrail", "{guardrail}", "", "")\n',
        {"severity": "page", "guardrail": guardrail},
        facts,
        experiment,
        spec,
    )


def overrun_rules(experiment: Experiment, spec: Spec) -> Iterable[Rule]:
    """What all variants cost together, each cost counted once though both exporters serve it; none without a limit."""
    if experiment.cost is None or experiment.cost.limit is None:
        return ()
    cost = select("experiment_variant_cost", experiment=experiment.name)
    limit = select("experiment_cost_limit", experiment=experiment.name)
    expr = (
        "sum by (experiment, currency) (\n"
        f"  max by (experiment, variant, category, currency) ({cost})\n"
        ")\n"
        f"> on (experiment, currency) max by (experiment, currency) ({limit})\n"
    )
    facts = {
        "value": "{{ $value | humanize }}",
        "currency": "{{ $labels.currency }}",
        "limit": number(experiment.cost.limit),
    }
    return (_rule(ALERTS["ExperimentCostOverrun"], expr, {"severity": "ticket"}, facts, experiment, spec),)


def stalled_rules(experiment: Experiment, spec: Spec) -> Iterable[Rule]:
    """No new unit for ``stalled_after``; silent while none was ever seen."""
    last = select("experiment_last_participant_timestamp_seconds", experiment=experiment.name)
    after = select("experiment_stalled_after_seconds", experiment=experiment.name)
    expr = f"time() - max by (experiment) ({last})\n> on (experiment) max by (experiment) ({after})\n"
    facts = {"stalled_after": format_duration(experiment.stalled_after)}
    return (_rule(ALERTS["ExperimentStalled"], expr, {"severity": "ticket"}, facts, experiment, spec),)


def _rule(
    alert: Alert, expr: str, own: Mapping[str, str], facts: Mapping[str, str], experiment: Experiment, spec: Spec
) -> Rule:
    """A rule that is silent once the experiment stops; ``own`` labels tell it from the others of its name."""
    stopped = f"max by (experiment) ({select('experiment_status', experiment=experiment.name, status='running')}) == 0"
    dashboard = dashboard_url(spec.links, "experiment-detail", experiment=experiment.name)
    return Rule(
        alert=alert,
        expr=f"{expr}unless on (experiment)\n{stopped}\n",
        labels={**own, "experiment": experiment.name, **static_labels(experiment.labels)},
        annotations=texts(alert, {"experiment": experiment.name, **facts}, dashboard, spec.links, experiment.runbook),
        keep=2 * interval(spec),
    )
