"""The unit tests of the native branch: the recorded rates go in, so that every kind of SLI is tested alike.

Time without records counts as ordinary traffic without errors, so a long window needs no long past here: a burst of
some minutes that is bad enough fills it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from alert_rules.critical import table
from alert_rules.native import RATE_SECONDS, RECORD_SECONDS, span
from alert_rules.rule import number
from alert_rules.scenario import PHASE, Firing, Scenario
from alert_rules.slo_rules import burn_rule
from alert_rules.slo_scenarios import alert_of, groups_of, measured_firing
from exporter.contract.recorded import ROLES, of_slo, rate_name
from exporter.spec import Slo, Spec, is_native, tiers_in_force
from exporter.windows import MINUTE, PERIOD, TIERS, Severity, Tier, factor

_TRAFFIC = 1000.0
_FLOOD = 1e9
"""Events per second: a burst, and so many good ones that no window burns any more."""

_LONGEST_CALM = 30 * MINUTE

_BURST = 20
"""Minutes that it takes a tier to fire, where the objective allows that."""

_QUIET = 3 * PHASE

_ONE, _TEN = PHASE + 5, PHASE + 15
"""At low traffic: when one event was bad, and when ten were."""

_KEPT = 2**12
"""Answers that are kept for SLOs of the same kind."""

SILENCED, TAKEN, BACK, AGAIN, HELD, OVER = range(6)
"""Phases after a tier fires first: the exporters are there and calm; gone, so that the native branch fires; back, and
burning; gone again; the raw series gone, too; raw series there, and well, for as long as it takes."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What decides when the native branch of an SLO fires: many SLOs have it in common."""

    budget: Decimal
    period: int
    gate: float | None
    tiers: tuple[tuple[Tier, Severity], ...]


def _kind(slo: Slo) -> _Kind:
    return _Kind((100 - slo.objective) / 100, slo.period_seconds, slo.alerting.low_traffic_gate, tiers_in_force(slo))


@dataclass(frozen=True, slots=True, eq=False)  # eq: two are never compared, and what fires is kept for each
class _Feed:
    """Recorded events per second of the burning group of an SLO at each minute; None where there are none."""

    kind: _Kind
    total: Sequence[float | None]
    bad: Sequence[float | None]

    def burn(self, seconds: int, at: int) -> tuple[float, float, float] | None:
        """Burn rate, bad events and all events of a window; None where nothing is recorded at that minute."""
        length = max(span(seconds), RATE_SECONDS)
        count = 1 if length == RATE_SECONDS else length // RECORD_SECONDS
        if self.total[at] is None:
            return None
        begin = max(0, at - count + 1)
        totals = [each for each in self.total[begin : at + 1] if each is not None]
        bads = [each for each in self.bad[begin : at + 1] if each is not None]
        total = sum(totals) / len(totals) * length
        bad = sum(bads) * (length if count == 1 else RECORD_SECONDS)
        return (bad / (total * float(self.kind.budget)) if total else math.nan), bad, total

    def firing(self, slo: Slo, spec: Spec, at: int) -> Iterator[Firing]:
        """The alerts of every tier that the native branch of an SLO of this kind must raise."""
        for tier, severity, burn in _raised(self, at):
            yield alert_of(slo, burn_rule(slo, tier, severity, spec), burn)

    def into(self, scenario: Scenario, slo: Slo) -> None:
        """The series, and those of a group that is well."""
        burning, calm = groups_of(slo)
        for role in ROLES:
            scenario.series(_selector(role, burning), _runs(self, role))
            for group in calm:
                scenario.series(_selector(role, group), _runs(self, role, calm=True))


@lru_cache(maxsize=_KEPT)
def _raised(feed: _Feed, at: int) -> tuple[tuple[Tier, Severity, float], ...]:
    """Which tiers fire at that minute, each with the burn rate of its long window."""
    kind = feed.kind
    least: dict[str, Decimal] = {}
    for tier, _ in kind.tiers:
        limit = factor(tier, kind.period)
        least[tier.long] = min(least.get(tier.long, limit), limit)
    raised = []
    for tier, severity in kind.tiers:
        long, short = feed.burn(tier.long_seconds, at), feed.burn(tier.short_seconds, at)
        above = float(factor(tier, kind.period))
        if long is None or short is None or not (long[0] > above and short[0] > above):
            continue
        if kind.gate is None or long[1] > table(kind.budget, kind.gate, least[tier.long]).chance(long[2]):
            raised.append((tier, severity, long[0]))
    return tuple(raised)


@lru_cache(maxsize=_KEPT)
def _runs(feed: _Feed, role: str, *, calm: bool = False) -> tuple[tuple[str, int], ...]:
    """The feed's events of that role; ``calm``: of a group that is well while there are any."""
    values = feed.total if role == "total" else feed.bad
    if calm:
        values = [None if each is None else _TRAFFIC if role == "total" else 0.0 for each in values]
    return tuple(_runs_of(values))


def native_scenarios(spec: Spec) -> list[Scenario]:
    """A test for each usual tier, for each rank of tiers of one's own, and for low traffic."""
    slos = [slo for slo in sorted(spec.slos, key=lambda slo: slo.name) if is_native(slo, spec)]
    cases: dict[str, list[tuple[Slo, Tier]]] = {}
    for slo in slos:
        for rank, (tier, _) in enumerate(tiers_in_force(slo), start=1):
            cases.setdefault(tier.name if tier in TIERS else f"of one's own, number {rank}", []).append((slo, tier))
    usual = [tier.name for tier in TIERS if tier.name in cases]
    scenarios = [_tier(spec, name, cases[name]) for name in (*usual, *sorted(cases.keys() - {*usual}))]
    return [*scenarios, _low_traffic(spec, slos)] if slos else []


def _tier(spec: Spec, name: str, cases: list[tuple[Slo, Tier]]) -> Scenario:
    scenario = Scenario(f"native, tier {name}: fires without the exporters, hands over to and fro as one alert, clears")
    first = _QUIET + max(_burst(_kind(slo), tier)[0] for slo, tier in cases)
    calm = max(_calm(tier) for _, tier in cases)
    checks: dict[int, list[Firing]] = {}
    for slo, tier in cases:
        feed = _feed(_kind(slo), tier, first, calm)
        feed.into(scenario, slo)
        _exporters(scenario, slo, tier, first + 1)
        for at in (_QUIET, first - 1, first, _end(first, TAKEN), _end(first, AGAIN) - PHASE + 1, _end(first, AGAIN)):
            checks.setdefault(at, []).extend(feed.firing(slo, spec, at))
        limit = number(float(factor(tier, slo.period_seconds)) * 1.01)
        gate = slo.alerting.low_traffic_gate
        values = {tier.long: (limit, "0"), tier.short: (limit, None)}
        checks.setdefault(_end(first, BACK), []).extend(measured_firing(spec, slo, values, gate))
        frozen = [Firing(each.rule, each.series, 0) for each in feed.firing(slo, spec, _end(first, AGAIN))]
        checks.setdefault(_end(first, HELD), []).extend(frozen)
        over = _end(first, HELD) + calm
        checks.setdefault(over, []).extend(feed.firing(slo, spec, over))
    checks[_end(first, SILENCED)] = []
    for at in sorted(checks):
        scenario.check(at, "SLOErrorBudgetBurn", checks[at])
    return scenario


def _end(first: int, phase: int) -> int:
    """The last evaluation of a phase."""
    return first + (phase + 1) * PHASE


def _burst(kind: _Kind, tier: Tier) -> tuple[int, float]:
    """Minutes after which a burst makes the tier fire by one hundredth, and its share of bad events."""
    limit = float(factor(tier, kind.period)) * float(kind.budget) * 1.01
    if tier.long_seconds <= RATE_SECONDS:
        return 1, min(limit, 1.0)
    needed = limit * span(tier.long_seconds) / RECORD_SECONDS
    minutes = max(math.ceil(needed), min(_BURST, span(tier.long_seconds) // RECORD_SECONDS // 2), 1)
    return minutes, needed / minutes


def _calm(tier: Tier) -> int:
    """Minutes until the short window has no bad event any more; few where it would be hours, and a flood ends it."""
    return PHASE + (tier.short_seconds // RECORD_SECONDS if tier.short_seconds <= _LONGEST_CALM else 0)


@lru_cache(maxsize=_KEPT)
def _feed(kind: _Kind, tier: Tier, first: int, calm: int) -> _Feed:
    """``calm`` minutes at the end, in which it is over: the long window burns on, but where the short one is long."""
    minutes, share = _burst(kind, tier)
    end = _end(first, AGAIN)
    bad = [0.0] * (first - minutes + 1) + [share * _TRAFFIC] * (end - first + minutes)
    gone: list[float | None] = [None] * PHASE
    total: list[float | None] = [
        *[_TRAFFIC] * (end + 1),
        *gone,
        *[_TRAFFIC if tier.short_seconds <= _LONGEST_CALM else _FLOOD] * calm,
    ]
    return _Feed(kind, total, [*bad, *gone, *[0.0] * calm])


def _exporters(scenario: Scenario, slo: Slo, tier: Tier, start: int) -> None:
    """Both exporters say that all is well in SILENCED and that it burns in BACK; else they are gone."""
    burning, calm = groups_of(slo)
    high = number(float(factor(tier, slo.period_seconds)) * 1.01)

    def say(name: str, silenced: str, back: str, **labels: str) -> None:
        gone = [("stale", 1), ("_", PHASE - 1)]
        runs = [("_", start), (silenced, PHASE), *gone, (back, PHASE), *gone]
        scenario.replicas(name, [runs, runs], **labels)

    for group, rate, status in ((burning, high, "1"), *((each, "0", "0") for each in calm)):
        for window in dict.fromkeys((tier.long, tier.short)):
            say("slo_burn_rate", "0", rate, **group, window=window)
        say("slo_burn_p_value", "1", "0", **group, window=tier.long)
        say("slo_status", "0", status, **group)
        say("slo_events", "9", "9", **group, window=PERIOD)


def _low_traffic(spec: Spec, slos: list[Slo]) -> Scenario:
    scenario = Scenario("native: at low traffic one bad event is chance, and ten are not")
    alerts: dict[int, list[Firing]] = {_ONE: [], _TEN: []}
    for slo in slos:
        feed = _few(_kind(slo))
        feed.into(scenario, slo)
        for at, firing in alerts.items():
            firing.extend(feed.firing(slo, spec, at))
    for at, firing in alerts.items():
        scenario.check(at, "SLOErrorBudgetBurn", firing)
    return scenario


@lru_cache(maxsize=_KEPT)
def _few(kind: _Kind) -> _Feed:
    """Three events an hour: one that is bad, ten minutes later ten that are."""
    total = [3 / 3600] * (_ONE + 1) + [10 / RATE_SECONDS + 3 / 3600] * (_TEN - _ONE)
    error, errors = [1 / RATE_SECONDS] * 5, [10 / RATE_SECONDS] * 5
    return _Feed(kind, total, [0.0] * (PHASE + 1) + error + [0.0] * 5 + errors)


def _selector(role: str, group: dict[str, str]) -> str:
    more = f',slo_group="{group["slo_group"]}"}}' if "slo_group" in group else "}"
    return of_slo(rate_name(role), group["slo"]).removesuffix("}") + more


def _runs_of(values: Sequence[float | None]) -> Iterator[tuple[str, int]]:
    """Equal neighbours as one run; a gap begins with a stale marker."""
    i = 0
    while i < len(values):
        end = i
        while end < len(values) and values[end] == values[i]:
            end += 1
        value = values[i]
        if value is None:
            yield "stale", 1
            yield "_", end - i - 1
        else:
            yield number(value), end - i
        i = end
