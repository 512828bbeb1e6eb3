"""The promtool unit tests of the generated rules: series in, alerts out.

One test for each tier holds all SLOs at once: promtool reads every rule anew for every test, and a test for each SLO
would take hours where a thousand of them are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from alert_rules.experiment_rules import kill_rule
from alert_rules.health_rules import health_group, paging_sources, stale_after
from alert_rules.rule import Rule, interval, number
from alert_rules.rules import RULES_FILE
from alert_rules.scenario import STEP, Firing, Scenario
from alert_rules.slo_rules import NO_DATA_STATUS, burn_rule, no_data_rule
from alert_rules.yaml_text import HEADER, comment, dump
from exporter.alerts import ALERTS
from exporter.promql import format_duration
from exporter.spec import Slo, Spec
from exporter.spec.tiers import tiers_in_force
from exporter.windows import TIERS, Severity, Tier, factor

TESTS_FILE = "winburn.rules.test.yml"

PHASE = 3
"""Evaluations that a phase lasts: more than the two for which an alert is kept after its end, at most."""


def unit_tests_text(spec: Spec) -> str:
    """``winburn.rules.test.yml``, for ``promtool test rules``; deterministic."""
    head = dump({"rule_files": [RULES_FILE], "evaluation_interval": format_duration(STEP)})
    scenarios = [_down(spec), _alive(spec), _sources(spec), _collectors(spec)]
    scenarios += [_tier(spec, tier) for tier in TIERS if _slos_with(spec, tier)]
    if any(slo.no_data != "ignore" for slo in spec.slos):
        scenarios.append(_no_data(spec))
    if any(experiment.early_kill for experiment in spec.experiments):
        scenarios.append(_kills(spec))
    about = comment(f"Run: promtool test rules {TESTS_FILE}\nEvery series comes from two exporters, a and b.")
    return HEADER + about + head + "tests:\n" + "".join(scenario.text() for scenario in scenarios)


def _slos_with(spec: Spec, tier: Tier) -> list[tuple[Slo, Severity]]:
    ordered = sorted(spec.slos, key=lambda slo: slo.name)
    return [(slo, severity) for slo in ordered for force, severity in tiers_in_force(slo) if force == tier]


def _tier(spec: Spec, tier: Tier) -> Scenario:
    """Phases, in words: at the limit; too few events to be sure; short window calm; long window calm; both burn,
    though exporter b lags; over."""
    scenario = Scenario(f"tier {tier.name}: fires only when both windows burn and the gate agrees, and clears")
    firing: list[list[Firing]] = [[] for _ in range(6)]
    for slo, severity in _slos_with(spec, tier):
        limit, gate = factor(tier, slo.period_seconds), slo.alerting.low_traffic_gate
        above = limit * Decimal("1.01")
        at, on, unsure = number(limit), number(above), number(gate or 1.0)
        _phases(scenario, "slo_burn_rate", (at, on, on, "0", on, "0"), at, slo=slo.name, window=tier.long)
        _phases(scenario, "slo_burn_rate", (at, on, "0", on, on, "0"), at, slo=slo.name, window=tier.short)
        _phases(scenario, "slo_burn_p_value", ("0", unsure, "0", "0", "0", "1"), "1", slo=slo.name, window=tier.long)
        alert = Firing(burn_rule(slo, tier, severity, spec.links, 2 * interval(spec)), {"slo": slo.name}, float(above))
        firing[4].append(alert)
        if gate is None:
            firing[1].append(alert)
    for phase, alerts in enumerate(firing):
        scenario.check((phase + 1) * PHASE - 1, "SLOErrorBudgetBurn", alerts)
    return scenario


def _phases(scenario: Scenario, name: str, values: Sequence[str], lagging: str, **labels: str) -> None:
    """A phase for each value; in the fifth exporter b still shows ``lagging``."""
    exporter_b = (*values[:4], lagging, *values[5:])
    scenario.replicas(name, [[(value, PHASE) for value in each] for each in (values, exporter_b)], **labels)


def _held(alert: str) -> int:
    """Evaluations until the alert's condition has held long enough."""
    return math.ceil(ALERTS[alert].hold / STEP)


def _no_data(spec: Spec) -> Scenario:
    scenario = Scenario("no data: fires when no exporter has measured anything for long, and clears")
    gone, alerts, hold = str(NO_DATA_STATUS), [], _held("SLONoData")
    for slo in sorted(spec.slos, key=lambda slo: slo.name):
        severity: Severity = "page" if slo.no_data == "page" else "ticket"
        rule = no_data_rule(slo, severity, spec.links)
        one, both = (gone, hold + PHASE), (gone, hold + PHASE)
        exporter_a = [("0", PHASE), one, both, ("0", PHASE)]
        scenario.replicas("slo_status", [exporter_a, [("0", PHASE), ("1", one[1]), both, ("0", PHASE)]], slo=slo.name)
        if slo.no_data != "ignore":
            alerts.append(Firing(rule, {"slo": slo.name}, NO_DATA_STATUS))
    begin = 2 * PHASE + hold
    scenario.check(begin - 1, "SLONoData")
    scenario.check(begin + hold - 1, "SLONoData")
    scenario.check(begin + hold, "SLONoData", alerts)
    scenario.check(begin + hold + 2 * PHASE - 1, "SLONoData")
    return scenario


def _kills(spec: Spec) -> Scenario:
    """Phases: alive; killed, though exporter b does not know yet; the experiment stopped; its status is not known."""
    scenario = Scenario("early kill: announced for as long as the experiment runs")
    alerts = []
    for experiment in sorted(spec.experiments, key=lambda each: each.name):
        if experiment.early_kill is None:
            continue
        variant = next(name for name in sorted(experiment.variants) if name != experiment.control)
        named = {"experiment": experiment.name, "variant": variant}
        for name in sorted(experiment.variants):
            killed, late = ("1", "0") if name == variant else ("0", "0")
            rest = (killed, 2 * PHASE)
            phases = [[("0", PHASE), (now, PHASE), rest] for now in (killed, late)]
            scenario.replicas("experiment_variant_early_kill", phases, experiment=experiment.name, variant=name)
        running = [("1", 2 * PHASE), ("0", PHASE), ("stale", 1), ("_", PHASE - 1)]
        scenario.replicas("experiment_status", [running, running], experiment=experiment.name, status="running")
        alerts.append(Firing(kill_rule(experiment, experiment.early_kill, spec), named))
    for phase, firing in enumerate(([], alerts, [], alerts)):
        scenario.check((phase + 1) * PHASE - 1, "ExperimentEarlyKill", firing)
    return scenario


def _health(spec: Spec, alert: str) -> list[Rule]:
    return [rule for rule in health_group(spec).rules if rule.alert.name == alert]


def _down(spec: Spec) -> Scenario:
    scenario = Scenario("winburn is gone: that is a page of its own, and the watchdog goes on")
    hold, (rule,), (watchdog,) = _held("WinburnDown"), _health(spec, "WinburnDown"), _health(spec, "WinburnWatchdog")
    scenario.check(hold - 1, "WinburnDown")
    scenario.check(hold, "WinburnDown", [Firing(rule, {})])
    scenario.check(hold, "WinburnWatchdog", [Firing(watchdog, {})])
    return scenario


def _alive(spec: Spec) -> Scenario:
    """One of two exporters is enough."""
    scenario = Scenario("winburn is there: nothing but the watchdog")
    (watchdog,), end = _health(spec, "WinburnWatchdog"), _held("WinburnDown") + PHASE
    phases = [[("1", end)], [("1", 1), ("stale", 1), ("_", end - 2)]]
    scenario.replicas("winburn_build_info", phases, version="1", python_version="3")
    scenario.check(end - 1, "WinburnDown")
    scenario.check(end - 1, "WinburnWatchdog", [Firing(watchdog, {})])
    return scenario


def _sources(spec: Spec) -> Scenario:
    """Phases: exporter b alone cannot reach the source; neither can; both can again."""
    scenario = Scenario("a source is down: fires when no exporter can reach it")
    rules = {rule.labels["severity"]: rule for rule in _health(spec, "WinburnSourceDown")}
    hold = _held("WinburnSourceDown")
    paging, alerts = paging_sources(spec), []
    for source in sorted({*spec.sources, *paging}) or ["example"]:
        exporter_b = [("0", 2 * (hold + PHASE)), ("1", PHASE)]
        exporter_a = [("1", hold + PHASE), ("0", hold + PHASE), ("1", PHASE)]
        scenario.replicas("winburn_source_up", [exporter_a, exporter_b], source=source)
        alerts.append(Firing(rules["page" if source in paging else "ticket"], {"source": source}, 0))
    scenario.check(hold + PHASE - 1, "WinburnSourceDown")
    scenario.check(2 * (hold + PHASE) - 1, "WinburnSourceDown", alerts)
    scenario.check(2 * (hold + PHASE) + PHASE - 1, "WinburnSourceDown")
    return scenario


def _collectors(spec: Spec) -> Scenario:
    """Of three collectors one works, one fails in exporter b, and one hangs: its success stays at 1."""
    scenario = Scenario("a collector fails or hangs: fires when it has not worked for long")
    (rule,) = _health(spec, "WinburnCollectorFailing")
    hold = _held("WinburnCollectorFailing")
    end = hold + math.ceil(stale_after(spec) / STEP) + PHASE
    success, last = "winburn_collector_success", "winburn_collector_last_success_timestamp_seconds"
    for name, in_b in (("fails", "0"), ("hangs", "1"), ("works", "1")):
        scenario.replicas(success, [[("1", end)], [(in_b, end)]], collector=name)
        running = f"0+{number(STEP)}"
        scenario.replicas(last, [[(running, end)], [("0" if name == "hangs" else running, end)]], collector=name)
    scenario.check(hold - 1, "WinburnCollectorFailing")
    alerts = [Firing(rule, {"collector": "fails"}, 0), Firing(rule, {"collector": "hangs"})]
    scenario.check(end - 1, "WinburnCollectorFailing", alerts)
    return scenario
