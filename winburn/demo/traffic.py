"""What happens in the demo's shop, as pure functions of the seed and the second: no clock, no database.

Every second of every stream has a random generator of its own, so that the same seconds give the same events however
they are asked for. The shop's calendar hangs on the demo's start: it is always a weekday, three hours after the daily
peak, and incidents and experiments come at the same distance from the opening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MINUTE, HOUR, DAY = 60, 3600, 86400
SLOW_MILLISECONDS = 300

INCIDENT_FIRST, INCIDENT_EVERY, INCIDENT_LENGTH = 20, 8 * MINUTE, MINUTE
"""Seconds from the opening to the first incident, from each to the next, and of one."""
INCIDENT_FAILURES, INCIDENT_RETRIES = 0.97, 2.0
"""Share of checkouts that fail in an incident, and how many times the usual requests arrive because people retry."""
PAST_INCIDENTS = ((23.30, 4), (16.40, 2), (11.05, 2), (5.55, 2))
"""Days before the origin, and minutes: together they spent nearly half of the month's budget of checkout."""
STRAY_ERROR = 40
"""Seconds from the opening to the one invoice export that fails."""


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of request: how many at the daily peak, and which shares fail or are slow outside incidents."""

    name: str
    per_second: float
    failing: float = 0.0
    slow: float = 0.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant with its share of the visits and its true conversion rate."""

    name: str
    share: float
    rate: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment: visits per second, and the hours of history it has at the origin.

    One with ``waits`` gets no visits between origin and opening, so that it grows before the newcomer's eyes.
    """

    name: str
    variants: tuple[Variant, ...]
    per_second: float
    past_per_hour: float = 0.0
    past_hours: int = 0
    waits: bool = True


CHECKOUT = Route("checkout", 15.0, failing=5e-5, slow=0.02)
SEARCH = Route("search", 25.0, failing=2e-4, slow=0.004)
INVOICES = Route("invoice-export", 6 / HOUR, failing=1e-3, slow=0.01)
ROUTES = (CHECKOUT, SEARCH, INVOICES)

BUTTON = Experiment("checkout-button", (Variant("blue", 0.5, 0.10), Variant("green", 0.5, 0.14)), per_second=50.0)
AA_TEST = Experiment(
    "aa-test",
    (Variant("same", 0.5, 0.10), Variant("same-again", 0.5, 0.10)),
    per_second=0.3,
    past_per_hour=1080.0,
    past_hours=30 * 24,
    waits=False,
)
NEW_CHECKOUT = Experiment("new-checkout", (Variant("old", 0.5, 0.10), Variant("new", 0.5, 0.0)), per_second=12.0)
EXPERIMENTS = (BUTTON, AA_TEST, NEW_CHECKOUT)


@dataclass(frozen=True, slots=True)
class Story:
    """What the events follow from. ``origin``: the second where history ends and single events begin;
    ``opening``: the second from which incidents and experiments run, None as long as it is not known."""

    seed: int
    origin: int
    opening: int | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one route, one entry each, in order of time."""

    route: str
    at: Floats
    ok: Integers
    milliseconds: Floats


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of one experiment, one entry each, in order of time; ``variant`` is the index of the variant."""

    experiment: Experiment
    at: Floats
    variant: Integers
    converted: Integers


def cycle(time: Floats, origin: int) -> Floats:
    """Traffic at Unix times as a share of the peak: a daily wave, less by 30 % on two days of seven."""
    days = (time - origin) / DAY
    weekend = (np.mod(days, 7) >= 2) & (np.mod(days, 7) < 4)
    wave: Floats = (0.6 + 0.4 * np.cos(2 * np.pi * (days + 3 / 24))) * np.where(weekend, 0.7, 1.0)
    return wave


def in_incident(time: Floats, story: Story) -> NDArray[np.bool_]:
    """Whether checkout is down at Unix times: the past incidents, and the live ones from the opening on."""
    down = np.zeros(time.shape, dtype=np.bool_)
    for days, minutes in PAST_INCIDENTS:
        begin = story.origin - round(days * DAY / MINUTE) * MINUTE
        down |= (time >= begin) & (time < begin + minutes * MINUTE)
    if story.opening is not None:
        since = time - story.opening - INCIDENT_FIRST
        down |= (since >= 0) & (np.mod(since, INCIDENT_EVERY) < INCIDENT_LENGTH)
    return down


def request_rate(route: Route, time: Floats, story: Story) -> Floats:
    """Expected requests per second at Unix times."""
    retries = np.where(in_incident(time, story) & (route is CHECKOUT), INCIDENT_RETRIES, 1.0)
    rate: Floats = route.per_second * cycle(time, story.origin) * retries
    return rate


def failure_share(route: Route, time: Floats, story: Story) -> Floats:
    """Expected share of requests that fail at Unix times."""
    return np.where(in_incident(time, story) & (route is CHECKOUT), INCIDENT_FAILURES, route.failing)


def requests_by_minute(route: Route, story: Story, days: int) -> tuple[Integers, Integers, Integers, Integers]:
    """The history before the origin: minutes (Unix seconds of their start), requests, failed, slow (failed included).

    Minutes without a request are left out.
    """
    rng = np.random.default_rng([story.seed, 0, ROUTES.index(route)])
    minutes = story.origin - MINUTE * np.arange(days * DAY // MINUTE, 0, -1, dtype=np.int64)
    middle = minutes.astype(np.float64) + MINUTE / 2
    total = rng.poisson(request_rate(route, middle, story) * MINUTE)
    failed = rng.binomial(total, failure_share(route, middle, story))
    slow = failed + rng.binomial(total - failed, route.slow)
    some = total > 0
    return minutes[some], total[some], failed[some], slow[some]


def visits_by_hour(experiment: Experiment, story: Story, days: int) -> tuple[Integers, Integers, Integers]:
    """The history before the origin: hours (Unix seconds of their start), and visits and conversions, one row an hour
    and one column a variant."""
    rng = np.random.default_rng([story.seed, 1, EXPERIMENTS.index(experiment)])
    count = min(experiment.past_hours, days * 24)
    hours = story.origin - HOUR * np.arange(count, 0, -1, dtype=np.int64)
    visits = rng.multinomial(rng.poisson(experiment.past_per_hour, count), [each.share for each in experiment.variants])
    converted = rng.binomial(visits, [each.rate for each in experiment.variants])
    return hours, visits, converted


def requests_of(route: Route, story: Story, second: int) -> Requests:
    """All requests of a route with ``second <= at < second + 1``."""
    rng = np.random.default_rng([story.seed, 2, ROUTES.index(route), second - story.origin])
    middle = np.array([second + 0.5])
    stray = int(route is INVOICES and story.opening is not None and second == story.opening + STRAY_ERROR)
    count = int(rng.poisson(request_rate(route, middle, story)[0])) + stray
    at = second + np.sort(rng.random(count))
    ok = (rng.random(count) >= failure_share(route, middle, story)[0]).astype(np.int64)
    ok[:stray] = 0
    return Requests(route.name, at, ok, _milliseconds(route, ok, rng))


def visits_of(experiment: Experiment, story: Story, second: int) -> Visits:
    """All visits of an experiment with ``second <= at < second + 1``."""
    begin = story.opening if experiment.waits else story.origin
    if begin is None or second < begin:
        return Visits(experiment, np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    rng = np.random.default_rng([story.seed, 3, EXPERIMENTS.index(experiment), second - begin])
    count = int(rng.poisson(experiment.per_second))
    at = second + np.sort(rng.random(count))
    variant = rng.choice(len(experiment.variants), count, p=[each.share for each in experiment.variants])
    rates = np.array([each.rate for each in experiment.variants])
    return Visits(experiment, at, variant, (rng.random(count) < rates[variant]).astype(np.int64))


def seconds(start: float, end: float) -> Iterator[int]:
    """Every whole second that has a part in ``start <= time < end``."""
    return iter(range(int(np.floor(start)), int(np.ceil(end))))


def _milliseconds(route: Route, ok: Integers, rng: np.random.Generator) -> Floats:
    """Slow ones by the route's share; what fails takes long: it ran into a timeout."""
    quick = np.minimum(rng.lognormal(np.log(80), 0.4, ok.size), SLOW_MILLISECONDS - 1)
    slow = SLOW_MILLISECONDS + rng.exponential(300, ok.size)
    usual = np.where(rng.random(ok.size) < route.slow, slow, quick)
    return np.where(ok == 1, usual, 2000 + rng.exponential(500, ok.size))
