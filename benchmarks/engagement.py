"""Early kills and fatigue of content variants on simulated engagement: ``python -m benchmarks.engagement`` (minutes).

Kills: of 4,000 variants of each true rate, watched every 25 views, how many die and after how many views; the rule
``evidence`` against ``threshold``. Fatigue: 500 exposures a use at 8 %, watched after each of 200 uses. With the
Upworthy archive (WINBURN_SHARED) also the wear of headline patterns, by week.
"""

import csv
import gzip
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporter.collectors.engagement_fatigue import LEAST_DAYS, wear
from exporter.collectors.engagement_kill import log_evidence
from exporter.sources.engagement_rows import Engagement, Period
from exporter.spec import Fatigue
from exporter.stats.fatigue import trend

PREDICTED, RATIO, ALPHA, STEP, VIEWS, PATHS = 0.06, 0.5, 0.01, 25, 10_000, 4000
USES, EXPOSURES, RATE, FATIGUE_PATHS = 200, 500, 0.08, 1000
COMMON_RATE = 0.015
"""About the mean rate of clicks: which one it is does not matter."""
HELD = (datetime(2013, 6, 25, tzinfo=UTC), datetime(2014, 1, 10, tzinfo=UTC))
"""Upworthy's assignment was faulty between these (Matias et al. 2021)."""
HEADLINES = {
    "question": r"\?",
    "number first": r"^\W*\d",
    "you": r"\b(?:you|your|you're|you'll)\b",
    "how, why, what": r"^\W*(?:how|why|what)\b",
    "this, these": r"^\W*(?:this|these)\b",
    "here": r"^\W*here(?:'s| is| are)\b",
    "see, watch": r"\b(?:see|watch)\b",
    "quotes": r"[\"“].+[\"”]",
}

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def by_evidence(interactions: Floats, views: float) -> Bools:
    """Whom the rule ``evidence`` kills, with its floor of 100 views."""
    counts, whose = np.unique(interactions, return_inverse=True)
    n = len(counts)
    log_e = log_evidence(counts.tolist(), [views] * n, [RATIO * PREDICTED] * n)
    return (log_e[whose] >= -np.log(ALPHA)) & (views >= 100)


def by_threshold(interactions: Floats, views: float) -> Bools:
    """Whom the superseded rule kills; its ten minutes never end here, which is to its advantage."""
    killed: Bools = (interactions >= 10) & (interactions / views < 0.5 * PREDICTED)
    return killed


def killed(rule: Callable[[Floats, float], Bools], share: float, seed: int = 0) -> tuple[float, float]:
    """Share of the variants that die within 10,000 views, and the mean views of those that do (nan for none)."""
    rng = np.random.default_rng(seed)
    interactions, views, dead = np.zeros(PATHS), np.arange(STEP, VIEWS + 1, STEP), np.full(PATHS, np.nan)
    for seen in views.tolist():
        interactions += rng.binomial(STEP, share * PREDICTED, PATHS)
        alive = np.flatnonzero(np.isnan(dead))
        if not len(alive):
            break
        dead[alive[rule(interactions[alive], seen)]] = seen
    died = np.isfinite(dead)
    return float(died.mean()), float(dead[died].mean()) if died.any() else np.nan


def kill_table() -> str:
    """Markdown: share killed and mean views of both rules by true rate."""
    lines = [
        "| true rate / prediction | evidence: killed, after views | threshold: killed, after views |",
        "|---|---|---|",
    ]
    for share in (0.0, 0.25, 0.5, 0.8, 1.0):
        cells = [_cell(*killed(rule, share)) for rule in (by_evidence, by_threshold)]
        lines.append(f"| {share:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(share: float, views: float) -> str:
    return "never" if share == 0 else f"{share:.1%}, {views:,.0f}"


def uses(
    noise: float, cycle: float, decay: float, site: float, seed: int, exposures: int = EXPOSURES
) -> tuple[Floats, Floats]:
    """Exposures and events of many patterns over 200 daily uses: rate noise (its variation), a weekly cycle, a decline
    of the pattern and one of the site, each per use."""
    rng = np.random.default_rng(seed)
    k = np.arange(USES)
    rate = RATE * (1 - decay) ** k * (1 - site) ** k * (1 + cycle * np.sin(2 * np.pi * k / 7))
    rates = np.clip(rate * (1 + noise * rng.standard_normal((FATIGUE_PATHS, USES))), 0, 1)
    m = np.full((FATIGUE_PATHS, USES), float(exposures))
    return m, rng.binomial(exposures, rates).astype(np.float64)


def first_alarm(m: Floats, x: Floats, rest: tuple[Floats, Floats] | None) -> Floats:
    """Uses until the first alarm of each path, nan for none; ``rest``: the other patterns of the same days."""
    alarm = np.full(len(m), np.nan)
    for k in range(LEAST_DAYS, USES + 1):
        seen, events = m[:, :k], x[:, :k]
        if rest is not None:  # as engagement_fatigue.compared
            others = rest[1][:, :k] / rest[0][:, :k]
            average = (rest[1][:, :k].sum(axis=1) / rest[0][:, :k].sum(axis=1))[:, None]
            seen = np.maximum(events, seen * others / average)
        said = trend(seen, events).log_e_value >= np.log(20)
        alarm[np.isnan(alarm) & said] = k
    return alarm


def fatigue_table() -> str:
    """Markdown: alarms in 200 uses, alone and compared with 2,000 exposures a day of other patterns."""
    lines = ["| noise, cycle | truth | alone | compared with others |", "|---|---|---|---|"]
    cases = [(noise, cycle) for noise in (0.0, 0.1, 0.2) for cycle in (0.0, 0.15)]
    truths = {"constant": (0.0, 0.0), "site falls 1 % a use": (0.0, 0.01)}
    truths |= {"pattern falls 1 % a use": (0.01, 0.0), "pattern falls 2 % a use": (0.02, 0.0)}
    for seed, (noise, cycle) in enumerate(cases):
        for what, (decay, site) in truths.items():
            m, x = uses(noise, cycle, decay, site, seed)
            rest = uses(noise, cycle, 0.0, site, seed + 1000, exposures=4 * EXPOSURES)
            cells = [_alarms(first_alarm(m, x, each)) for each in (None, rest)]
            about = f"{noise:.0%}{', weekly 15 %' if cycle else ''}"
            lines.append(f"| {about} | {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _alarms(alarm: Floats) -> str:
    found = np.isfinite(alarm)
    return f"{found.mean():.1%}" + (f", after {alarm[found].mean():.0f}" if found.mean() > 0.5 else "")


def headlines(path: Path) -> str:
    """Markdown: clicks of headline patterns over those of the other headlines of the same test (one story, its readers
    randomised), by quarter, and the trend over weeks."""
    periods = tuple(_against_same_test(_tests(path)))
    quarters = sorted({_quarter(period.start) for period in periods})
    columns = [*quarters, "headlines", "e-value", "half of it after"]
    lines = [f"| headline | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for each in sorted(wear(Engagement(uses=(), periods=periods), Fatigue(), 0.0), key=lambda one: one.pattern):
        own = [period for period in periods if period.pattern == each.pattern]
        cells = [_ratio([period for period in own if _quarter(period.start) == quarter]) for quarter in quarters]
        half = f"{each.half_life:,.0f} headlines" if each.half_life else "rises"
        e_value = "-" if each.e_value is None else f"{each.e_value:.3g}"
        cells += [f"{sum(period.uses for period in own):,.0f}", e_value, half]
        lines.append(f"| {each.pattern} | {' | '.join(cells)} |")
    return "\n".join(lines)


Sums = dict[str, list[float]]


def _tests(path: Path) -> list[tuple[float, Sums]]:
    """The Monday of each test, and pattern -> headlines, impressions, clicks; a headline has its first pattern."""
    tests: dict[tuple[str, float], Sums] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["test_created_at_oid"])
            if HELD[0] <= at <= HELD[1]:
                continue
            week = (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
            found = [name for name, wanted in HEADLINES.items() if re.search(wanted, row["headline"], re.IGNORECASE)]
            test = tests.setdefault((row["clickability_test_id"], week.timestamp()), {})
            sums = test.setdefault(found[0] if found else "none of these", [0.0, 0.0, 0.0])
            for i, number in enumerate((1.0, float(row["impressions"]), float(row["clicks"]))):
                sums[i] += number
    return [(week, sums) for (_, week), sums in sorted(tests.items())]


def _against_same_test(tests: list[tuple[float, Sums]]) -> list[Period]:
    """Week by week: clicks, and for exposures the clicks that the rate of the others of each test would have given,
    at a common rate. A persona of its own for each pattern: they are compared already."""
    weeks: dict[tuple[str, float], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for week, sums in tests:
        for name, (number, impressions, clicks) in sums.items():
            others = [values for other, values in sums.items() if other != name]
            seen, clicked = sum(values[1] for values in others), sum(values[2] for values in others)
            if clicked >= 30:
                for i, value in enumerate((number, impressions * clicked / seen / COMMON_RATE, clicks)):
                    weeks[name, week][i] += value
    return [Period(name, name, week, *values) for (name, week), values in sorted(weeks.items())]


def _quarter(at: float) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.year} Q{(day.month + 2) // 3}"


def _ratio(periods: list[Period]) -> str:
    exposures, events = (sum(getattr(period, name) for period in periods) for name in ("exposures", "events"))
    return f"{events / exposures / COMMON_RATE:.2f}" if exposures else "-"


def main() -> int:
    """Print every table."""
    print(
        f"Early kill: predicted {PREDICTED:.0%}, acceptable half of it, alpha {ALPHA}\n\n{kill_table()}\n", flush=True
    )
    print(f"Fatigue: alarms within {USES} uses at e >= 20\n\n{fatigue_table()}\n", flush=True)
    shared = Path(os.environ.get("WINBURN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    archive = shared / "data" / "upworthy" / "packages.csv.gz"
    if archive.exists():
        print(f"Upworthy headlines against the others of the same test\n\n{headlines(archive)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
