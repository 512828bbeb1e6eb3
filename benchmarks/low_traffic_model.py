"""A healthy service at 99.9 % over 30 days, its false pages, and how late incidents are seen, by three rules.

The tiers are those of :mod:`exporter.windows`, everything is evaluated every 15 s. The rules: ``plain``, two windows
above the factor, as in the SRE Workbook and Sloth; ``binomial``, and the exact tail of the long window below 1e-4;
``ours``, the same gate with the burst factor of the 30 days that ended 6 h ago, renewed every hour, and where that is
above 1, also open when the bad events spread over too many slots of 5 m.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.stats import burn
from exporter.stats.bursts import burst_factor, burst_p_value, spread_p_value
from exporter.windows import DAY, HOUR, TIERS, Tier, factor

STEP = 15
OBJECTIVE, PERIOD, GATE = 99.9, 30 * DAY, 1e-4
BUDGET = float(burn.budget(OBJECTIVE))
HEALTHY = 0.5 * BUDGET
PER_SLOT, PER_HOUR, PER_DAY, PER_MONTH = 300 // STEP, HOUR // STEP, DAY // STEP, PERIOD // STEP
HISTORY_HOURS, QUIET_HOURS = PERIOD // HOUR, 6
MERGED_WITHIN = 30 * 60 // STEP
CHUNK = 2000
INCIDENTS_PER_PAST = 8
PAGES = tuple(tier for tier in TIERS if tier.severity == "page")
TICKETS = tuple(tier for tier in TIERS if tier.severity == "ticket")
RULES = ("plain", "binomial", "ours")

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Steps = NDArray[np.intp]
ByRule = dict[str, Steps]


@dataclass(frozen=True, slots=True)
class Service:
    """A healthy service: requests an hour (None: a daily cycle of 10 to 590, mean 228), how many errors come together
    (exactly ``burst``, or that on average where ``varied``: geometric), and the mean seconds between them."""

    rate: float | None
    burst: int = 1
    varied: bool = False
    gap: float = 10.0

    def __str__(self) -> str:
        rate = "10 to 590/h by day" if self.rate is None else f"{self.rate:g}/h"
        size = f"{'about ' * self.varied}{self.burst}"
        errors = "independent" if self.burst == 1 else f"bursts of {size} in {self.gap * (self.burst - 1):.0f} s"
        return f"{rate}, {errors}"


@dataclass(frozen=True, slots=True)
class Run:
    """Running sums of all and of bad requests at the edges of the steps, the first 0."""

    total: Counts
    bad: Counts

    def within(self, at: Steps, steps: int) -> tuple[Floats, Floats]:
        """Bad and all requests in the ``steps`` that end with step ``at``; nothing was before the run."""
        return self._between(np.maximum(at + 1 - steps, 0), at + 1)

    def slots(self, at: Steps, steps: int) -> tuple[Floats, Floats]:
        """The same in slots of 5 m on the ledger's grid, the last one cut by the window, shape (at, slots)."""
        first = np.maximum(at + 1 - steps, 0) // PER_SLOT * PER_SLOT
        edges = np.minimum(first[:, None] + np.arange(steps // PER_SLOT + 2) * PER_SLOT, at[:, None] + 1)
        return self._between(edges[:, :-1], edges[:, 1:])

    def hours(self, hour: Steps) -> tuple[Floats, Floats]:
        """The same in the hours of the past that the burst factor is computed from, shape (hour, 720)."""
        edges = np.maximum(hour[:, None] - QUIET_HOURS + np.arange(-HISTORY_HOURS, 1), 0) * PER_HOUR
        return self._between(edges[:, :-1], edges[:, 1:])

    def _between(self, start: Steps, end: Steps) -> tuple[Floats, Floats]:
        bad, total = ((sums[end] - sums[start]).astype(np.float64) for sums in (self.bad, self.total))
        return bad, total


def traffic(service: Service, steps: int, rng: np.random.Generator) -> tuple[Counts, Counts]:
    """All and bad requests of the service in each step."""
    by_day = 10 + 580 * np.sin(np.pi * np.arange(PER_DAY) / PER_DAY) ** 4
    rate = np.resize(by_day, steps) if service.rate is None else np.full(steps, service.rate)
    starts = rng.poisson(rate * STEP / HOUR * HEALTHY / service.burst)
    bad = starts if service.burst == 1 else _bursts(starts, service, rng)
    return (bad + rng.poisson(rate * STEP / HOUR * (1 - HEALTHY))).astype(np.int32), bad.astype(np.int32)


def _bursts(starts: NDArray[np.int64], service: Service, rng: np.random.Generator) -> NDArray[np.int64]:
    first = np.repeat(np.flatnonzero(starts), starts[starts > 0])
    sizes = rng.geometric(1 / service.burst, len(first)) if service.varied else np.full(len(first), service.burst)
    elapsed = np.cumsum(rng.exponential(service.gap, int(sizes.sum())))
    since_first = elapsed - np.repeat(elapsed[np.cumsum(sizes) - sizes], sizes)
    steps = np.repeat(first, sizes) + (since_first / STEP + rng.random(len(elapsed))).astype(np.intp)
    return np.bincount(steps[steps < len(starts)], minlength=len(starts))


def run_of(total: Counts, bad: Counts) -> Run:
    """Running sums of what :func:`traffic` gives."""
    sums = (np.concatenate(([0], np.cumsum(values))).astype(np.int32) for values in (total, bad))
    return Run(*sums)


def burning(run: Run, tier: Tier, first: int) -> Steps:
    """Steps from ``first`` on at which both windows of the tier burn faster than its factor."""
    limit = float(factor(tier, PERIOD)) * BUDGET
    at: Steps = np.arange(first, len(run.bad) - 1)
    for seconds in (tier.short_seconds, tier.long_seconds):
        bad, total = run.within(at, seconds // STEP)
        at = at[bad > limit * total]
    return at


def exact_p_values(run: Run, at: Steps, steps: int) -> Floats:
    """The binomial tail at each step for a window of ``steps``."""
    p_values: Floats = burn.p_value(*run.within(at, steps), OBJECTIVE)
    return p_values


def our_p_values(run: Run, at: Steps, steps: int) -> Floats:
    """p-value of our gate at each step for a window of ``steps``."""
    hours, of = np.unique(at // PER_HOUR, return_inverse=True)
    in_force = np.concatenate([burst_factor(*run.hours(some), OBJECTIVE) for some in chunks(hours)])[of]
    p_values: Floats = burst_p_value(*run.within(at, steps), OBJECTIVE, in_force)
    unsure = np.flatnonzero((in_force > 1) & (p_values >= GATE))
    for some in chunks(unsure):
        p_values[some] = np.minimum(p_values[some], spread_p_value(*run.slots(at[some], steps), OBJECTIVE))
    return p_values


def chunks(values: Steps) -> Iterator[Steps]:
    """Parts small enough for a few hundred slots of each; one empty part of nothing."""
    return (values[i : i + CHUNK] for i in range(0, max(len(values), 1), CHUNK))


def firing(run: Run, tiers: Sequence[Tier], first: int) -> ByRule:
    """Rule -> the steps from ``first`` on at which one of the tiers fires."""
    fired: dict[str, list[Steps]] = {rule: [] for rule in RULES}
    for tier in tiers:
        at, steps = burning(run, tier, first), tier.long_seconds // STEP
        # Each rule only narrows the one before, so that none has more false alerts than it.
        for rule, p_values in (("plain", None), ("binomial", exact_p_values), ("ours", our_p_values)):
            at = at if p_values is None else at[p_values(run, at, steps) < GATE]
            fired[rule].append(at)
    return {rule: np.unique(np.concatenate(steps)) for rule, steps in fired.items()}


def alerts(fired: Steps) -> int:
    """Firings, those less than half an hour apart counted as one."""
    return int(len(fired) > 0) + int(np.count_nonzero(np.diff(fired) > MERGED_WITHIN))


def false_alerts(service: Service, months: int, seed: Sequence[int], tiers: Sequence[Tier] = PAGES) -> dict[str, float]:
    """Rule -> alerts a month of a healthy service that has been there for a month."""
    run = run_of(*traffic(service, (months + 1) * PER_MONTH, np.random.default_rng(seed)))
    return {rule: alerts(fired) / months for rule, fired in firing(run, tiers, PER_MONTH).items()}


def alerts_when_new(service: Service, times: int, seed: Sequence[int]) -> dict[str, float]:
    """Rule -> false pages in the first month of a new service, the mean of ``times``."""
    rng = np.random.default_rng(seed)
    runs = [firing(run_of(*traffic(service, PER_MONTH, rng)), PAGES, 0) for _ in range(times)]
    return {rule: sum(alerts(fired[rule]) for fired in runs) / times for rule in RULES}


@dataclass(frozen=True, slots=True)
class Past:
    """Days before an incident, the last of them without errors; on ``outages`` of the others all failed for a while."""

    days: int = 31
    outages: int = 0
    minutes: int = 30


def delays(
    service: Service, error: float, times: int, seed: Sequence[int], past: Past = Past()
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Rule -> minutes from the start of incidents of error ratio ``error`` to the page, and to the first alert of any
    tier; inf if none comes in a day. Every past is followed by eight incidents, each on its own."""
    rng, start = np.random.default_rng(seed), past.days * PER_DAY
    found: list[dict[str, list[float]]] = [{rule: [] for rule in RULES} for _ in range(2)]
    for i in range(times):
        if i % INCIDENTS_PER_PAST == 0:
            total, bad = traffic(service, start + PER_DAY, rng)
            _add_outages(total, bad, past, rng)
        total[start:], _ = traffic(service, PER_DAY, rng)
        bad[start:] = rng.binomial(total[start:], error)
        for each, minutes in zip(found, _first_alerts(run_of(total, bad), start), strict=True):
            for rule in RULES:
                each[rule].append(minutes[rule])
    first, second = ({rule: np.array(minutes) for rule, minutes in each.items()} for each in found)
    return first, second


def _first_alerts(run: Run, start: int) -> tuple[dict[str, float], dict[str, float]]:
    """Rule -> minutes from step ``start`` to the first page and to the first alert of any tier."""
    for hours in (1, 6, 24):  # most incidents are seen soon, and the rest of the day need not be looked at
        end = start + hours * PER_HOUR + 1
        until = Run(run.total[:end], run.bad[:end])
        pages = firing(until, PAGES, start)
        if all(len(fired) for fired in pages.values()):
            break
    tickets = firing(until, TICKETS, start)
    page, ticket = (
        {rule: (fired[0] + 1 - start) * STEP / 60 if len(fired) else np.inf for rule, fired in each.items()}
        for each in (pages, tickets)
    )
    return page, {rule: min(page[rule], ticket[rule]) for rule in RULES}


def _add_outages(total: Counts, bad: Counts, past: Past, rng: np.random.Generator) -> None:
    for day in rng.permutation(past.days - 1)[: past.outages]:
        begin = day * PER_DAY + rng.integers(PER_DAY - past.minutes * 60 // STEP)
        outage = slice(begin, begin + past.minutes * 60 // STEP)
        bad[outage] = total[outage]
    bad[(past.days - 1) * PER_DAY : past.days * PER_DAY] = 0
