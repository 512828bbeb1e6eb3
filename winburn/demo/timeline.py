"""What the newcomer will see, and when: computed from the shop's numbers, not typed."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from exporter.stats.kill import expectation_log_e
from exporter.windows import DAY, TIERS, factor
from winburn.demo import content, traffic
from winburn.demo.receiver import clock
from winburn.demo.spec import EXPECTED_RATIO, KILL_ALPHA, KILL_LAG, OBJECTIVES, PERIOD_DAYS
from winburn.demo.watch import HOLD

SEEN, PAGED = 4, 10
"""Seconds until an alert fires (refresh, scrape and rule evaluation, half of 2 s each on average, and a little), and
until a page arrives (the SLOs' lag and the route's group_wait besides)."""
KILL_VISITS, DECISION_SECONDS = 370, 60
"""Mean visits to the kill of a variant that never converts, at a rate of 10 % and false-kill rate 0.01; and when half
of the seeds have decided the winner, nine of ten within a factor of two and a half."""
PACE_SECONDS = 30 * traffic.MINUTE
"""Seconds of visits from which on the exporter says how many a day there are, and what a variant is worth a day."""


def fast_threshold() -> float:
    """The share of failed checkouts within the hour above which the fast tier fires."""
    budget = 1 - Decimal(str(OBJECTIVES["checkout-availability"])) / 100
    return float(factor(TIERS[0], PERIOD_DAYS * DAY) * budget)


def seconds_to_page() -> float:
    """Seconds from an incident's first error until the fast tier's threshold is crossed, at steady traffic.

    Failed f r t of the hour's 3600 + (r - 1) t, in units of the usual requests a second, where r times as many come
    and the share f of them fails.
    """
    threshold, retries = fast_threshold(), traffic.INCIDENT_RETRIES
    return 3600 * threshold / (traffic.INCIDENT_FAILURES * retries - threshold * (retries - 1))


def dud_views() -> int:
    """Views after which the bad post's evidence reaches 1 / alpha, where it gets just the answers it should."""
    views = np.arange(1.0, 2000.0)
    log_e = expectation_log_e(content.DUD.rate * views, views, EXPECTED_RATIO * content.DUD.predicted)
    return int(views[np.argmax(log_e >= -math.log(KILL_ALPHA))])


def timeline(opening: int, until: float | None, *, alerting: bool) -> list[str]:
    """Lines of what will happen and when, in order; only what comes before ``until``.

    ``alerting``: whether Prometheus and Alertmanager run.
    """
    page = "the page arrives: SLOErrorBudgetBurn" if alerting else "its fast burn rate passes 14.4"
    clear = traffic.INCIDENT_FIRST + traffic.INCIDENT_LENGTH + 5 * traffic.MINUTE
    again = traffic.INCIDENT_FIRST + traffic.INCIDENT_EVERY
    events = [
        (traffic.INCIDENT_FIRST, "checkout fails for a minute, and people retry"),
        (
            KILL_VISITS / traffic.NEW_CHECKOUT.per_second + SEEN,
            f"early kill of new-checkout's variant new: no sale in about {KILL_VISITS} visits to both",
        ),
        (
            content.DUD.posted + dud_views() / content.DUD.per_second + 2 * KILL_LAG + SEEN,
            f"early kill of the post {content.DUD.name}: {content.DUD.predicted:.0%} predicted, hardly anybody answers",
        ),
        (
            traffic.STRAY_ERROR,
            "one of the few invoice exports fails: its burn rate jumps, and the low-traffic gate keeps it quiet",
        ),
        (traffic.INCIDENT_FIRST + seconds_to_page() + PAGED, page),
        (
            DECISION_SECONDS + SEEN + HOLD,
            f"about then: checkout-button's green is better; that is told once it has held for {HOLD:.0f} seconds",
        ),
        (
            clear,
            "the page clears, five minutes after the last error; the message follows within a minute"
            if alerting
            else "it is below 14.4 again",
        ),
        (
            PACE_SECONDS + SEEN,
            "half an hour of visits: what green is worth a day, and its return, are on /live and the dashboards",
        ),
        (again, "the next incident; from now on the page stays, because the medium tier burns as well"),
    ]
    shown = [(at, what) for at, what in sorted(events) if until is None or opening + at < until]
    always = (
        f"{'always':8}  aa-test stays undecided, however often you look: both variants are the same",
        f"{'always':8}  {content.TIRED.persona}'s pattern {content.TIRED.pattern} is tired: it falls with each use",
    )
    return [*(f"{clock(opening + at)}  {what}" for at, what in shown), *always]
