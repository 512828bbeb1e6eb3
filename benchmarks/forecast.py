"""Calibration of the budget forecast on simulated services: ``python -m benchmarks.forecast`` (about a minute).

The weeks after "now" are held back and compared with what was foretold. Services have daily and weekly cycles in
traffic and errors, background errors and Poisson incidents of lognormal size; some drift, some jump, some have few
incidents.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.stats.forecast import DAY, exhaustion

KINDS = ("steady", "incidents", "few", "mixed", "drift", "step")
HISTORIES = (7, 14, 21, 30, 60)
PERIOD_DAYS = 30
HOUR = 3600.0
# Of incidents: per day, and their share of all bad events.
_INCIDENTS = {
    "incidents": ((0.2, 0.8), (0.3, 0.8)),
    "few": ((0.02, 0.08), (0.5, 0.95)),
    "mixed": ((0.08, 0.3), (0.3, 0.8)),
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast and what came: seconds until the budget was gone, inf where it lasted the period."""

    kind: str
    history: int
    low: float
    high: float
    probability: float
    came: float

    @property
    def contains(self) -> float:
        """1 where the time lies between the quantiles 0.1 and 0.9, an absent one being beyond the period."""
        return float(self.low <= self.came <= self.high)

    @property
    def covered(self) -> float:
        """As ``contains``; a budget that lasts counts by the part of its probability inside (0.1, 0.9).

        All that is known of such a time is that it lies in the upper 1 - P of the forecast, of which this share is
        inside the interval: the randomised probability integral transform (Czado, Gneiting and Held 2009, Biometrics
        65) in expectation. A calibrated forecast gives 0.8, where ``contains`` gives up to 0.9.
        """
        if np.isfinite(self.came):
            return self.contains
        return max(0.0, 0.9 - max(self.probability, 0.1)) / (1.0 - self.probability) if self.probability < 1 else 0.0


def service(rng: np.random.Generator, kind: str, days: int) -> tuple[Floats, Floats, float]:
    """Bad and all events per hour, and the budget; a month spends 70 % of it in the median."""
    budget = float(rng.choice([0.01, 0.005, 0.001]))
    total, level = _traffic_and_level(rng, days)
    level = level * _drift(rng, kind, days)
    spent = np.exp(rng.normal(np.log(0.7), 0.6))
    rates, shares = _INCIDENTS.get(kind, ((0.0, 0.0), (0.0, 0.0)))
    share = rng.uniform(*shares)
    ratio = level / np.average(level, weights=total) * spent * (1 - share) * budget
    if share:
        rate, sigma = rng.uniform(*rates), rng.uniform(0.6, 1.3)
        mean_size = share * spent * budget * total.mean() * 24 / rate
        for start in rng.integers(0, days * 24, rng.poisson(rate * days)):
            hours = slice(start, start + int(np.clip(rng.lognormal(0.5, 0.9), 1, 24)))
            ratio[hours] += mean_size * rng.lognormal(-sigma * sigma / 2, sigma) / max(total[hours].sum(), 1.0)
    bad = rng.binomial(total.astype(np.int64), np.clip(ratio, 0, 1)).astype(np.float64)
    return bad, total, budget


def _traffic_and_level(rng: np.random.Generator, days: int) -> tuple[Floats, Floats]:
    hour = np.arange(days * 24)
    start = int(rng.integers(0, 168))
    day = 1 + rng.uniform(0.2, 0.8) * np.sin(2 * np.pi * (hour + start) / 24)
    weekend = ((hour + start) // 24) % 7 >= 5
    expected = 10 ** rng.uniform(2.5, 5) * day * np.where(weekend, rng.uniform(0.3, 1), 1)
    total = rng.poisson(expected * rng.lognormal(0, 0.05, hour.size)).astype(np.float64)
    daily_noise = rng.lognormal(0, rng.uniform(0.05, 0.4), days)[hour // 24]
    level = daily_noise * (1 + rng.uniform(-0.3, 0.6) * (day - 1)) * np.where(weekend, rng.uniform(0.5, 1.2), 1)
    return total, level


def _drift(rng: np.random.Generator, kind: str, days: int) -> Floats:
    log = np.zeros(days * 24)
    if kind == "drift" and rng.random() < 0.5:
        log += np.repeat(rng.normal(0, 0.02) * np.arange(days), 24)
    elif kind == "drift":
        log += np.repeat(np.cumsum(rng.normal(0, 0.06, days)), 24)
    elif kind == "step":
        for at in rng.integers(0, days * 24, rng.poisson(days / 25)):
            log[at:] += rng.normal(0, 0.5)
    return np.exp(log)


def came_true(bad: Floats, total: Floats, budget: float, now: int) -> float:
    """Seconds after slot `now` until the window's budget is spent, inf where it lasts; arrays reach one period on."""
    period = PERIOD_DAYS * 24
    end = np.arange(now, now + period + 1)
    start = np.maximum(0, end - period)
    spent, events = (sums[end] - sums[start] for sums in (np.append(0.0, np.cumsum(x)) for x in (bad, total)))
    gone = np.flatnonzero((spent > 0) & (spent * np.minimum(1.0, end / period) >= budget * events))
    return float(gone[0]) * HOUR if gone.size else float("inf")


def cases(seed: int, services: int, histories: Sequence[int] = HISTORIES, most_left: float = 1.0) -> Iterator[Case]:
    """Forecasts at two moments of each service, of budgets that have something left, at most `most_left`."""
    rng = np.random.default_rng(seed)
    for number in range(services):
        kind = KINDS[number % len(KINDS)]
        bad, total, budget = service(rng, kind, max(HISTORIES) + 21 + PERIOD_DAYS)
        for now in rng.integers(max(HISTORIES) * 24, (max(HISTORIES) + 21) * 24, 2):
            for history in histories:
                start = now - history * 24
                past = bad[start:now], total[start:now]
                spent = past[0][-PERIOD_DAYS * 24 :].sum() / past[1][-PERIOD_DAYS * 24 :].sum() / budget
                if not 0 < 1 - spent * min(1.0, history / PERIOD_DAYS) <= most_left:
                    continue
                told = exhaustion(*past, 100 - 100 * budget, PERIOD_DAYS * DAY, min_history=0.0)
                low, _, high = (np.inf if np.isnan(x) else x for x in told.seconds)
                came = came_true(
                    bad[start : now + PERIOD_DAYS * 24], total[start : now + PERIOD_DAYS * 24], budget, now - start
                )
                yield Case(kind, history, low, high, told.probability, came)


def mean(values: Sequence[float]) -> float:
    """nan where there are none."""
    return float(np.mean(values)) if values else float("nan")


def row(title: str, of: Sequence[Case]) -> str:
    """One line of the table, in percent."""
    told = [c for c in of if c.probability >= 0.1]
    sure = [c for c in of if c.probability >= 0.9]
    gone, true = (100 * mean([np.isfinite(c.came) for c in group]) for group in (of, sure))
    covered, contains, surely = (
        100 * mean(values) for values in ([c.covered for c in told], *([c.contains for c in g] for g in (told, sure)))
    )
    figures = (
        f"{len(of):6d} {gone:6.0f}",
        f"{len(told):7d} {covered:7.0f} {contains:9.0f}",
        f"{len(sure):7d} {surely:9.0f} {true:6.0f}",
    )
    return f"{title:>20} |" + " |".join(figures)


def main() -> int:
    """Print the table; exit code 1 where from 14 days of history on a bar is missed."""
    everyone, late = list(cases(2026, 300)), list(cases(2027, 2400, (30, 60), most_left=0.25))
    print("Held-back weeks of simulated services; figures in percent. An interval goes from quantile 0.1 to 0.9.\n")
    print(" " * 21 + "|  cases   gone |  P>=0.1 covered contains |  P>=0.9 contains   true")
    for title, group in (("all", everyone), ("at most 25 % left", late)):
        print(title)
        for history in sorted({c.history for c in group}):
            print(row(f"{history} days", [c for c in group if c.history == history]))
    print("by kind, 14 days and more")
    foretold = [c for c in everyone + late if c.history >= 14]
    for kind in KINDS:
        print(row(kind, [c for c in foretold if c.kind == kind]))
    met = True
    for history in sorted({c.history for c in foretold}):
        of = [c for c in foretold if c.history == history]
        met &= 0.7 <= mean([c.covered for c in of if c.probability >= 0.1]) <= 0.9
        met &= mean([np.isfinite(c.came) for c in of if c.probability >= 0.9]) >= 0.8
    print("\ncovered 70 to 90 and P >= 0.9 true in 80 or more, from 14 days on:", "met" if met else "MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
