"""The promtool unit tests of the generated rules: series in, alerts out.

One test holds all SLOs or experiments at once: promtool reads every rule anew for every test, and a test for each SLO
would take hours where a thousand of them are.
"""

from __future__ import annotations

import math

from alert_rules.engagement_scenarios import engagement_scenarios
from alert_rules.experiment_rules import VERDICTS, kill_rule
from alert_rules.experiment_scenarios import decided_scenario, mismatch_scenario
from alert_rules.experiment_watch_scenarios import watch_scenarios
from alert_rules.health_rules import health_group, paging_sources, stale_after
from alert_rules.health_scenarios import dropped_scenario, shards_scenario, stale_scenario
from alert_rules.native_scenarios import native_scenarios
from alert_rules.rule import Rule, number
from alert_rules.rules import RULES_FILE
from alert_rules.scenario import PHASE, STEP, Firing, Kept, Scenario, held
from alert_rules.slo_scenarios import slo_scenarios
from alert_rules.yaml_text import HEADER, comment, dump
from exporter.promql import format_duration
from exporter.spec import Spec, is_native

TESTS_FILE = "winburn.rules.test.yml"


def unit_tests_text(spec: Spec, tested: Spec | None = None) -> str:
    """``winburn.rules.test.yml``, for ``promtool test rules``; deterministic. ``tested``: the same spec with fewer SLOs
    and experiments, where not all shall be tested."""
    few = tested or spec
    native = sorted(slo.name for slo in few.slos if is_native(slo, few))
    # promtool would take any order: what is recorded must be there when an alert reads it.
    order = [f"winburn-{what}-{name}" for what in ("native", "slo") for name in native]
    head = dump(
        {
            "rule_files": [RULES_FILE],
            "evaluation_interval": format_duration(STEP),
            **({"group_eval_order": order} if order else {}),
        }
    )
    scenarios = [_down(spec), _alive(spec), _shards(spec), _sources(spec), _collectors(spec)]
    scenarios += [shards_scenario(spec), stale_scenario(spec), dropped_scenario(spec)]
    scenarios += slo_scenarios(few)
    scenarios += native_scenarios(few)
    if any(experiment.early_kill for experiment in few.experiments):
        scenarios.append(_kills(few))
    if few.experiments:
        scenarios += [mismatch_scenario(few), *(decided_scenario(few, word) for word in VERDICTS)]
    scenarios += watch_scenarios(few)
    scenarios += engagement_scenarios(spec)
    about = comment(f"Run: promtool test rules {TESTS_FILE}\nEvery series comes from two exporters, a and b.")
    kept: Kept = {}
    tests = (scenario.text(spec.tenant, kept) for scenario in scenarios)
    return HEADER + about + head + "tests:\n" + "".join(tests)


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
    hold, (rule, _), (watchdog,) = held("WinburnDown"), _health(spec, "WinburnDown"), _health(spec, "WinburnWatchdog")
    scenario.check(hold - 1, "WinburnDown")
    scenario.check(hold, "WinburnDown", [Firing(rule, {})])
    scenario.check(hold, "WinburnWatchdog", [Firing(watchdog, {})])
    return scenario


def _alive(spec: Spec) -> Scenario:
    """One of two exporters is enough."""
    scenario = Scenario("winburn is there: nothing but the watchdog")
    (watchdog,), end = _health(spec, "WinburnWatchdog"), held("WinburnDown") + PHASE
    phases = [[("1", end)], [("1", 1), ("stale", 1), ("_", end - 2)]]
    scenario.replicas("winburn_build_info", phases, version="1", python_version="3")
    scenario.check(end - 1, "WinburnDown")
    scenario.check(end - 1, "WinburnWatchdog", [Firing(watchdog, {})])
    return scenario


def _shards(spec: Spec) -> Scenario:
    """Two of three shards, as long as each phase lasts: both there; the second only in exporter a, and what was dealt
    into two gone; the second gone; back."""
    scenario = Scenario("one shard is gone: a page while others go on, but not for what is dealt anew")
    hold, (_, rule) = held("WinburnDown"), _health(spec, "WinburnDown")
    each = hold + PHASE
    there, half = [("1", 4 * each)], [("1", each), ("stale", 1), ("_", 3 * each - 1)]
    second = [("1", 2 * each), ("stale", 1), ("_", each - 1), ("1", each)]
    scenario.replicas("winburn_build_info", [there, there], version="1", python_version="3")
    scenario.replicas("winburn_shard_info", [there, there], shard="1", shards="3")
    scenario.replicas("winburn_shard_info", [second, half], shard="2", shards="3")
    scenario.replicas("winburn_shard_info", [half, half], shard="2", shards="2")
    scenario.check(2 * each - 1, "WinburnDown")
    scenario.check(2 * each + hold - 1, "WinburnDown")
    scenario.check(2 * each + hold, "WinburnDown", [Firing(rule, {"shard": "2", "shards": "3"})])
    scenario.check(4 * each - 1, "WinburnDown")
    return scenario


def _sources(spec: Spec) -> Scenario:
    """Phases: exporter b alone cannot reach the source; neither can; both can again."""
    scenario = Scenario("a source is down: fires when no exporter can reach it")
    rules = {rule.labels["severity"]: rule for rule in _health(spec, "WinburnSourceDown")}
    hold = held("WinburnSourceDown")
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
    hold = held("WinburnCollectorFailing")
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
