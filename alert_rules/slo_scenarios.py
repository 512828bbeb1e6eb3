"""The unit tests of the SLOs' rules: all SLOs in each; of an SLO with groups one burns and the other is well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from alert_rules.freeze import NO_DATA_STATUS
from alert_rules.rule import Rule, number
from alert_rules.scenario import PHASE, STEP, Firing, Phases, Scenario, held
from alert_rules.slo_rules import LIKELY, burn_rule, exhausted_rule, forecast_rule, no_data_rule
from exporter.contract import FAMILIES
from exporter.spec import Slo, Spec
from exporter.spec.tiers import tiers_in_force
from exporter.windows import PERIOD, TIERS, Severity, Tier, factor

OK, AT_RISK, NO_DATA = "0", "1", str(NO_DATA_STATUS)

FIRST, GONE, STUCK, STARTING, SILENT, HANGING, CALM, GONE_AGAIN, SECOND, LEAVING, LEFT = range(4, 15)
"""Phases of a tier's test after the four in which it must not fire: it burns, though exporter b lags; the exporters are
gone; their loops hang, so that they say nothing but their health; they start; the source has no data; the collector
hangs in a, and b has no data; measured and calm; gone again; burning; the group has left, or the SLO is in the
exporters' spec no more, while some other SLO of theirs fails; that one is well again, too."""

FROZEN = (GONE, STUCK, STARTING, SILENT, HANGING)


def slo_scenarios(spec: Spec) -> list[Scenario]:
    """A test for each usual tier, for each rank of tiers of one's own, for the budget's end, and for missing data."""
    slos = sorted(spec.slos, key=lambda slo: slo.name)
    cases: dict[str, list[tuple[Slo, Tier]]] = {}
    for slo in slos:
        for rank, (tier, _) in enumerate(tiers_in_force(slo), start=1):
            cases.setdefault(tier.name if tier in TIERS else f"of one's own, number {rank}", []).append((slo, tier))
    usual = [tier.name for tier in TIERS if tier.name in cases]
    scenarios = [_tier(spec, name, cases[name]) for name in (*usual, *sorted(cases.keys() - {*usual}))]
    if slos:
        scenarios.append(_budget(spec, slos))
    if any(slo.no_data != "ignore" for slo in slos):
        scenarios.append(_no_data(spec, slos))
    return scenarios


def _tier(spec: Spec, name: str, cases: list[tuple[Slo, Tier]]) -> Scenario:
    scenario = Scenario(f"tier {name}: fires only if both windows burn and it is no chance; freezes unmeasured; clears")
    firing: dict[int, list[Firing]] = {phase: [] for phase in range(LEFT + 1)}
    _collectors(scenario, spec.keep_seconds)
    for slo, tier in cases:
        for phase, values in _tier_series(scenario, slo, tier).items():
            alerts = list(measured_firing(spec, slo, values, slo.alerting.low_traffic_gate))
            firing[phase] += alerts
        firing[SECOND] += alerts
        # What an SLO that is gone would say, nobody can know as long as its own collector may be the one that fails.
        for phase in (FROZEN[-1], *(() if slo.group_by else (LEAVING,))):
            firing[phase] += [Firing(each.rule, each.series, 0) for each in alerts]
    for phase, alerts in firing.items():
        # What is frozen cannot begin by itself: that it is there at the end says that it was there all the time.
        if phase not in FROZEN[:-1]:
            scenario.check_phase(phase, "SLOErrorBudgetBurn", alerts)
    for other in ("SLOErrorBudgetExhausted", "SLOErrorBudgetForecast"):
        scenario.check_phase(SILENT, other)
    return scenario


Values = Mapping[str, tuple[str, str | None]]
"""Window -> burn rate and p-value."""


def _tier_series(scenario: Scenario, slo: Slo, tier: Tier) -> dict[int, Values]:
    """The SLO's series through all phases; gives what its first group shows in the first five (what it
    shows in SECOND is what it shows in FIRST).

    The first four phases: at the limit; too few events to be sure; short window calm; long window calm.
    """
    limit, gate = factor(tier, slo.period_seconds), slo.alerting.low_traffic_gate
    at, on, unsure = number(limit), number(limit * Decimal("1.01")), number(gate or 1.0)
    gone = (None,) * len(FROZEN)
    long: Phases = (at, on, on, "0", on, *gone, "0", None, on, None, None)
    short: Phases = (at, on, "0", on, on, *gone, "0", None, on, None, None)
    p_value: Phases = ("0", unsure, "0", "0", "0", *gone, "1", None, "0", None, None)
    burning, calm = groups_of(slo)
    scenario.phases("slo_burn_rate", long, {FIRST: at}, **burning, window=tier.long)
    scenario.phases("slo_burn_rate", short, {FIRST: at}, **burning, window=tier.short)
    scenario.phases("slo_burn_p_value", p_value, {FIRST: "1"}, **burning, window=tier.long)
    _measured(scenario, burning)
    for group in calm:
        zero: Phases = ("0", "0", "0", "0", "0", *gone, "0", None, "0", "0", "0")
        for window in (tier.long, tier.short):
            scenario.phases("slo_burn_rate", zero, None, **group, window=window)
        _measured(scenario, group, left=OK)
    if calm:
        groups: Phases = ("2", "2", "2", "2", "2", None, None, None, "2", "2", "2", None, "2", "1", "1")
        scenario.phases("slo_groups", groups, slo=slo.name)
    return {
        phase: {tier.long: (long[phase] or "", p_value[phase]), tier.short: (short[phase] or "", None)}
        for phase in (0, 1, 2, 3, FIRST)
    }


def _measured(scenario: Scenario, group: Mapping[str, str], left: str | None = None) -> None:
    """Status and events of a group; ``left`` is its status in the last two phases."""
    five: Phases = (OK, OK, OK, OK, AT_RISK)
    status: Phases = (*five, None, None, None, NO_DATA, AT_RISK, OK, None, AT_RISK, left, left)
    scenario.phases("slo_status", status, {HANGING: NO_DATA}, **group)
    events: Phases = ("9",) * 5
    last = "9" if left else None
    counted: Phases = (*events, None, None, None, None, None, "9", None, "9", last, last)
    scenario.phases("slo_events", counted, {HANGING: "9"}, **group, window=PERIOD)


def _collectors(scenario: Scenario, keep_seconds: float) -> None:
    """The health of one collector of SLOs, which has succeeded at every evaluation, but for a loop that hangs."""
    success: Phases = ("1",) * 5
    scenario.phases(
        "winburn_collector_success",
        (*success, None, "1", "0", "0", "0", "1", None, "1", "0", "1"),
        collector="slo:prod",
    )
    end = (LEFT + 1) * PHASE
    hang = STUCK * PHASE
    runs = [
        (f"0+{STEP}", GONE * PHASE),
        ("stale", 1),
        ("_", PHASE - 1),
        (number(hang * STEP - keep_seconds), PHASE),
        (f"{(hang + PHASE) * STEP}+{STEP}", end - hang - PHASE),
    ]
    name = "winburn_collector_last_success_timestamp_seconds"
    scenario.replicas(name, [runs, runs], collector="slo:prod")


def measured_firing(spec: Spec, slo: Slo, values: Values, gate: float | None) -> Iterator[Firing]:
    """The burn alerts that these windows make fire, whichever tiers share them."""
    for tier, severity in tiers_in_force(slo):
        if not {tier.long, tier.short} <= values.keys():
            continue
        limit, (long, p_value), (short, _) = factor(tier, slo.period_seconds), values[tier.long], values[tier.short]
        sure = gate is None or (p_value is not None and float(p_value) < gate)
        if sure and min(float(long), float(short)) > float(limit):
            yield alert_of(slo, burn_rule(slo, tier, severity, spec), float(long))


def groups_of(slo: Slo) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Labels of the group that burns, and of those that do not."""
    if not slo.group_by:
        return {"slo": slo.name}, []
    one, other = ({"slo": slo.name, "slo_group": _joined(slo, value)} for value in ("one", "the other"))
    return one, [other]


def _joined(slo: Slo, value: str) -> str:
    return ",".join(f"{name}={value} {name}" for name in sorted(slo.group_by))


def alert_of(slo: Slo, rule: Rule, value: float) -> Firing:
    """The alert of the group that burns, with the labels that are read from slo_group."""
    burning, _ = groups_of(slo)
    return Firing(rule, {**{name: f"one {name}" for name in slo.group_by}, **burning}, value)


def _budget(spec: Spec, slos: list[Slo]) -> Scenario:
    """Phases: some budget is left; none, though exporter b lags; the exporters are gone; there is some again."""
    scenario = Scenario("budget: tickets when it is spent and when it will be; freeze unmeasured, and clear")
    wait = held("SLOErrorBudgetForecast") + PHASE
    exhausted, forecast = "slo_error_budget_remaining_ratio", "slo_error_budget_exhaustion_probability_ratio"
    for slo in slos:
        burning, calm = groups_of(slo)
        for name, before, now, after in (
            (exhausted, "0.01", "0", "0.1"),
            (forecast, "0.89", number(LIKELY), "0.5"),
            ("slo_status", AT_RISK, "2", OK),
            ("slo_events", "9", "9", "9"),
        ):
            window = {"window": PERIOD} if "window" in FAMILIES[name].labels else {}
            gone, back = [("stale", 1), ("_", PHASE - 1)], (after, PHASE)
            runs = [[(before, PHASE), (each, wait), *gone, back] for each in (now, before)]
            scenario.replicas(name, runs, **burning, **window)
            for group in calm:
                well = [(after, PHASE), (after, wait), *gone, back]
                scenario.replicas(name, [well, well], **group, **window)
    for rule, value in ((exhausted_rule, 1.0), (forecast_rule, LIKELY)):
        alerts = {each: [alert_of(slo, rule(slo, spec), each) for slo in slos] for each in (value, 0.0)}
        name, begin = alerts[value][0].rule.alert.name, PHASE + held(alerts[value][0].rule.alert.name)
        scenario.check(begin - 1, name)
        scenario.check(begin, name, alerts[value])
        scenario.check(PHASE + wait + PHASE - 1, name, alerts[0.0])
        scenario.check(PHASE + wait + 2 * PHASE - 1, name)
    return scenario


def _no_data(spec: Spec, slos: list[Slo]) -> Scenario:
    """Exporter b measures longer than a; then a says that there are no data, while the collector of b hangs: the last
    status stays and the events are gone. Then a measures again."""
    scenario = Scenario("no data: fires when no exporter has measured anything for long, and clears")
    alerts, hold = [], held("SLONoData")
    short, long, end = PHASE, hold + PHASE, 2 * PHASE + 2 * (hold + PHASE)
    for slo in slos:
        severity: Severity = "page" if slo.no_data == "page" else "ticket"
        silent, calm = groups_of(slo)
        exporter_a = [(OK, short), (NO_DATA, long), (NO_DATA, long), (OK, short)]
        scenario.replicas("slo_status", [exporter_a, [(AT_RISK, end)]], **silent)
        exporter_b = [("9", short + long), ("stale", 1), ("_", end - short - long - 1)]
        scenario.replicas("slo_events", [[("9", end)], exporter_b], **silent, window=PERIOD)
        for group in calm:
            scenario.replicas("slo_status", [[(OK, end)]] * 2, **group)
            scenario.replicas("slo_events", [[("9", end)]] * 2, **group, window=PERIOD)
        if slo.no_data != "ignore":
            alerts.append(alert_of(slo, no_data_rule(slo, severity, spec), NO_DATA_STATUS))
    begin = 2 * PHASE + hold
    scenario.check(begin - 1, "SLONoData")
    scenario.check(begin + hold - 1, "SLONoData")
    scenario.check(begin + hold, "SLONoData", alerts)
    scenario.check(begin + hold + 2 * PHASE - 1, "SLONoData")
    return scenario
