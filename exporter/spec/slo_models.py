"""The spec's SLOs: what is counted, over which period, what is left out, and which alerts there are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

from exporter.promql import format_duration
from exporter.spec.base import Model
from exporter.spec.types import (
    Alpha,
    Duration,
    Factor,
    LabelName,
    LabelValue,
    Moment,
    Name,
    Objective,
    Rolling,
    Share,
    Text,
    Threshold,
    Weight,
    Zone,
)

CALENDAR_SECONDS = {"day": 86400, "week": 7 * 86400, "month": 30 * 86400, "quarter": 90 * 86400, "year": 365 * 86400}
"""Nominal lengths, by which alert tiers are scaled: rules cannot change with the length of a month."""


class Calendar(Model):
    """A period that begins with the calendar's day, week (on Monday), month, quarter or year in a time zone."""

    calendar: Literal["day", "week", "month", "quarter", "year"]
    """What the period is."""
    timezone: Zone = "UTC"
    """IANA name of the zone that it begins in, like Europe/Berlin."""


def _kind_of_period(value: Any) -> str:
    return "calendar" if isinstance(value, dict | Calendar) else "rolling"


Period = Annotated[
    Annotated[Rolling, Tag("rolling")] | Annotated[Calendar, Tag("calendar")], Discriminator(_kind_of_period)
]
"""Told apart before they are read, so that a mistake in one is not reported as one in the other too."""


class Latency(Model):
    """Requests that took at most ``threshold`` seconds are good."""

    histogram: Text
    """Name and matchers of the histogram, without _bucket: http_request_duration_seconds{job="web"}."""
    threshold: Threshold
    """Seconds (or the histogram's unit); a bound of its buckets."""
    native: Annotated[bool, Strict()] = False
    """The histogram is a native one; the bound then need not be a bucket's."""


class Slices(Model):
    """Time slices: each is good where the comparison holds for all of its series at its end."""

    good_when: Text
    """PromQL comparison, like: max(queue_length) < 100."""
    slice: Duration = 60.0
    """Length of a slice."""


class CsvSlots(Model):
    """Columns of a CSV file with events per time slot."""

    time: Text = "time"
    """Column of the slot's start, Unix seconds."""
    total: Text = "total"
    """Column of all events."""
    bad: Text | None = None
    """Column of bad events; where neither is given: the column bad."""
    good: Text | None = None
    """Column of good events, instead of bad."""
    where: dict[Text, str] = {}
    """Column -> value of the rows that count."""


class Component(Model):
    """One SLO of a composite; its events count ``weight`` times."""

    slo: Name
    """Name of the SLO."""
    weight: Weight = 1.0
    """How much its events count."""


class Sli(Model):
    """What is counted; exactly one kind.

    - ``total`` with ``bad`` or ``good``: plain PromQL selectors of counters
    - ``latency``: a histogram and a threshold
    - ``bool``: PromQL selector of gauges that are 1 while all is well, such as probe_success; every sample counts
    - ``ratio``: PromQL of the share of bad events, with $window for the range; time counts, not events
    - ``slices``: time slices that are good or bad
    - ``sql``: a query that gives per time slot the columns ``slot`` (its start, Unix seconds), ``total`` and ``bad`` or
      ``good``, for ``:start <= time < :end`` in slots of ``:step`` seconds; slots without events may be left out
    - ``csv``: events per time slot from a source of type file
    - ``composite``: other SLOs, their events weighted
    - ``journey``: other SLOs, all of which must go well for a user
    """

    source: Name | None = None
    """Name of the source that is asked; composites have none."""
    total: Text | None = None
    """Selector of the counter of all events."""
    bad: Text | None = None
    """Selector of the counter of bad events."""
    good: Text | None = None
    """Selector of the counter of good events, instead of bad."""
    latency: Latency | None = None
    """Requests within a threshold."""
    bool: Text | None = None
    """Selector of gauges that are 1 or 0."""
    ratio: Text | None = None
    """PromQL of the share of bad events, with $window."""
    slices: Slices | None = None
    """Time slices."""
    sql: Text | None = None
    """Query for a source of type sql."""
    csv: CsvSlots | None = None
    """Columns for a source of type file."""
    composite: tuple[Component, ...] | None = None
    """SLOs whose events are added up, weighted."""
    journey: tuple[Name, ...] | None = None
    """SLOs that a user's journey needs, one and all."""

    @property
    def source_label(self) -> str:
        """Value of the label source: the source's name, or what stands for it."""
        return self.source if self.source is not None else self.kind

    @property
    def kind(self) -> str:
        """counters, latency, bool, ratio, slices, sql, csv, composite or journey; the loader guarantees exactly one."""
        kinds = ("latency", "bool", "ratio", "slices", "sql", "csv", "composite", "journey")
        return next((kind for kind in kinds if getattr(self, kind) is not None), "counters")


class Correction(Model):
    """A time whose events do not count: once ``from``-``to``, or again and again by ``rrule``."""

    begin: Moment | None = Field(default=None, alias="from")
    """When it began or will begin, with zone: 2026-11-01T22:00:00Z."""
    end: Moment | None = Field(default=None, alias="to")
    """When it ended or will end."""
    rrule: Text | None = None
    """RFC 5545 rule, like FREQ=WEEKLY;BYDAY=SU."""
    start: Text | None = None
    """Time of day at which each begins, like 02:00; a date and time where the rule needs a first day."""
    duration: Duration | None = None
    """How long each takes."""
    timezone: Zone = "UTC"
    """IANA name of the zone that start and rule are in."""
    reason: Text
    """Why; shown in reports."""


class OwnTier(Model):
    """An alert tier of one's own, instead of the usual four; give ``factor`` or ``budget_share``."""

    name: Name
    """Value of the label tier."""
    severity: Literal["page", "ticket"]
    """Whether it pages or files a ticket."""
    long: Duration
    """The window in which the budget burns."""
    short: Duration
    """The window in which it must still burn; lets the alert clear soon after the errors end."""
    factor: Factor | None = None
    """Burn rate above which it fires."""
    budget_share: Share | None = None
    """Share of the period's budget, spent within long, at which it fires."""


class SloAlerting(Model):
    """Which tier pages and which files a ticket; ``low_traffic_gate`` null switches the gate off."""

    page: tuple[str, ...] = ("fast", "medium")
    """Tiers that page: fast (1h), medium (6h), slow (1d), trickle (3d)."""
    ticket: tuple[str, ...] = ("slow", "trickle")
    """Tiers that file a ticket."""
    tiers: tuple[OwnTier, ...] | None = None
    """Tiers of one's own, instead of page and ticket."""
    low_traffic_gate: Alpha | None = 1e-4
    """Alert only if so many errors by chance are less likely than this; null: always."""


class Slo(Model):
    """One service level objective."""

    name: Name
    """Unique; the value of the label slo."""
    service: Name
    """The service it belongs to; the value of the label slo_service."""
    category: Literal["performance", "availability", "quality", "cost", "security"] = "availability"
    """What kind of promise it is."""
    objective: Objective
    """Percent of good events, like 99.9."""
    period: Period
    """Period of the error budget: rolling, like 30d, or {calendar: month, timezone: Europe/Berlin}."""
    sli: Sli
    """What is counted."""
    group_by: tuple[LabelName, ...] = ()
    """Labels: one SLO for each of their values, with the label slo_group."""
    no_data: Literal["page", "ticket", "ignore"] = "ticket"
    """What happens when data that was there is missing."""
    labels: dict[LabelName, LabelValue] = {}
    """Labels of slo_info and of the alerts."""
    runbook: Text | None = None
    """Address of the page that helps the person on call."""
    corrections: tuple[Correction, ...] = ()
    """Times whose events do not count, such as maintenance."""
    alerting: SloAlerting = SloAlerting()
    """Which burn alerts there are."""

    @property
    def period_seconds(self) -> int:
        """Length of the period; of a calendar's the nominal one."""
        return CALENDAR_SECONDS[self.period.calendar] if isinstance(self.period, Calendar) else round(self.period)

    @property
    def period_label(self) -> str:
        """``30d``, or ``calendar month``."""
        return f"calendar {self.period.calendar}" if isinstance(self.period, Calendar) else format_duration(self.period)
