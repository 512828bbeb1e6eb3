"""The spec's shape: strict, frozen models. After validation nothing downstream has to check anything again.

Keys that DESIGN names and this version does not carry out are listed in ``NOT_YET`` beside each model and refused by
name: a setting that is silently ignored is worse than one that is missing.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from exporter.spec.types import (
    Alpha,
    Count,
    Delay,
    Duration,
    LabelName,
    LabelValue,
    Name,
    Objective,
    Share,
    Text,
)

DURATIONS = frozenset({"lag", "max_age", "period", "refresh", "timeout"})
"""The keys that hold a duration, in whatever model."""

Role = Literal["page", "ticket", "experiment", "heartbeat"]


class Model(BaseModel):
    """Base of all: unknown keys are errors, values cannot be changed.

    ``NOT_YET`` gives for each key that DESIGN names and this version does not carry out what it would be for, and
    ``NOT_YET_VALUES`` the same for values of a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    NOT_YET: ClassVar[dict[str, str]] = {}
    NOT_YET_VALUES: ClassVar[dict[str, dict[str, str]]] = {}


class PrometheusSource(Model):
    """A server with the Prometheus HTTP API."""

    NOT_YET: ClassVar[dict[str, str]] = {"rules": "the native branch of burn alerts"}
    type: Literal["prometheus"]
    url: Text | None = None
    url_file: Text | None = None
    headers: dict[Text, str] = {}
    token_file: Text | None = None
    timeout: Duration = 10.0


class SqlSource(Model):
    """A database that SQLAlchemy can reach; opened read-only where the database can enforce it."""

    NOT_YET: ClassVar[dict[str, str]] = {"timezone": "times without a zone"}
    type: Literal["sql"]
    url: Text | None = None
    url_file: Text | None = None
    timeout: Duration = 10.0


class FileSource(Model):
    """A CSV file with a header line, read again whenever it has changed."""

    type: Literal["file"]
    path: Text


Source = PrometheusSource | SqlSource | FileSource
SOURCE_TYPES_NOT_YET = {"http": "JSON over HTTP"}


class Sli(Model):
    """What is counted: ``total`` with ``bad`` or ``good`` as plain PromQL selectors of counters, or ``sql``.

    ``sql`` is a query that gives per time slot the columns ``slot`` (its start, Unix seconds), ``total`` and ``bad`` or
    ``good``, for ``:start <= time < :end`` in slots of ``:step`` seconds; slots without events may be left out.
    """

    NOT_YET: ClassVar[dict[str, str]] = {
        "latency": "latency histograms",
        "bool": "probe gauges",
        "ratio": "free PromQL ratios",
        "slices": "time slices",
        "composite": "composite SLOs",
    }
    source: Name
    total: Text | None = None
    bad: Text | None = None
    good: Text | None = None
    sql: Text | None = None


class SloAlerting(Model):
    """Which tier pages and which files a ticket; ``low_traffic_gate`` null switches the gate off."""

    page: tuple[str, ...] = ("fast", "medium")
    ticket: tuple[str, ...] = ("slow", "trickle")
    low_traffic_gate: Alpha | None = 1e-4


class Slo(Model):
    """One service level objective."""

    NOT_YET: ClassVar[dict[str, str]] = {"group_by": "one SLO per label value", "corrections": "maintenance windows"}
    name: Name
    service: Name
    category: Literal["performance", "availability", "quality", "cost", "security"] = "availability"
    objective: Objective
    period: Duration
    sli: Sli
    no_data: Literal["page", "ticket", "ignore"] = "ticket"
    labels: dict[LabelName, LabelValue] = {}
    runbook: Text | None = None
    alerting: SloAlerting = SloAlerting()


class PrometheusCounts(Model):
    """Counters of an experiment: units shown a variant, units that succeeded, and the label that names the variant."""

    exposures: Text
    events: Text
    by: Text = "variant"


class CsvCounts(Model):
    """Columns of the CSV file, and the rows that belong to this metric (``where``: column -> value).

    Where ``time`` names a column of Unix seconds, each variant's latest row not after the evaluation counts; without
    it there must be one row per variant.
    """

    variant: Text = "variant"
    n: Text = "n"
    successes: Text = "successes"
    time: Text | None = None
    where: dict[Text, str] = {}


class Metric(Model):
    """One metric of an experiment: cumulative units and successes per variant."""

    NOT_YET: ClassVar[dict[str, str]] = {"minimum_lift": "progress towards a decision"}
    NOT_YET_VALUES: ClassVar[dict[str, dict[str, str]]] = {
        "kind": {"mean": "means", "ratio": "ratios of sums", "rate": "events per time"},
        "role": {"guardrail": "metrics that must not get worse"},
    }
    name: Name
    kind: Literal["proportion"]
    role: Literal["primary", "secondary"] = "primary"
    direction: Literal["increase", "decrease"] = "increase"
    source: Name
    query: Text | None = None
    prometheus: PrometheusCounts | None = None
    csv: CsvCounts | None = None


class EarlyKill(Model):
    """Kill a variant once it is worse than control by more than ``margin`` (relative), at false-kill rate ``alpha``."""

    margin: Share = 0.0
    alpha: Alpha = 0.01


class Experiment(Model):
    """One experiment."""

    NOT_YET: ClassVar[dict[str, str]] = {
        "guardrails": "SLOs split by variant",
        "apply": "changes to the outside",
        "value": "money",
        "cost": "money",
        "dimensions": "segments",
    }
    name: Name
    kind: Literal["ab_test", "multivariate", "feature_flag", "bandit"] = "ab_test"
    status: Literal["draft", "running", "paused", "completed", "failed"] = "running"
    control: LabelValue
    variants: dict[LabelValue, Share]
    metrics: tuple[Metric, ...] = Field(min_length=1)
    alpha: Alpha = 0.05
    false_discovery: Literal["experiment", "all"] = "experiment"
    early_kill: EarlyKill | None = EarlyKill()
    labels: dict[LabelName, LabelValue] = {}
    runbook: Text | None = None

    @property
    def primary(self) -> Metric:
        """The metric that decides; the loader guarantees exactly one."""
        return next(metric for metric in self.metrics if metric.role == "primary")


class Receiver(Model):
    """Where one kind of alert goes: a webhook, whose address may stand in a file because it often holds a token."""

    NOT_YET: ClassVar[dict[str, str]] = dict.fromkeys(
        ("slack", "pagerduty", "opsgenie", "email", "teams"), "receivers other than webhook"
    )
    webhook: Text | None = None
    webhook_file: Text | None = None


class Alerting(Model):
    """Receivers of the generated Alertmanager configuration; what has none goes to the next severity's."""

    NOT_YET: ClassVar[dict[str, str]] = {"push": "the fast path to Alertmanager", "alertmanager": "silences and push"}
    receivers: dict[Role, Receiver] = {}


class Links(Model):
    """Where people look things up: base addresses for the links in alerts."""

    grafana: Text = "http://localhost:3000"
    runbooks: Text = "deploy/runbooks"


class Limits(Model):
    """Caps that keep one selector from costing everybody."""

    NOT_YET: ClassVar[dict[str, str]] = {"groups": "one SLO per label value", "labels": "content variants"}
    series: Annotated[Count, Field(ge=1, le=1_000_000)] = 5000


class StateStore(Model):
    """The database for what must survive a restart."""

    url: Text | None = None
    url_file: Text | None = None


class Spec(Model):
    """Everything: one YAML file, or a folder of them merged."""

    NOT_YET: ClassVar[dict[str, str]] = {
        "tenant": "tenants",
        "engagement": "content variants",
        "live": "the live page",
    }
    refresh: Duration = 15.0
    lag: Delay = 20.0
    max_age: Duration | None = None
    limits: Limits = Limits()
    sources: dict[Name, Annotated[Source, Field(discriminator="type")]] = {}
    slos: tuple[Slo, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    alerting: Alerting = Alerting()
    links: Links = Links()
    state: StateStore = StateStore(url="sqlite:///winburn-state.db")

    @property
    def keep_seconds(self) -> float:
        """How long a failing entity's last series are served: ``max_age``, else 3 refreshes, at least 60 s."""
        return self.max_age if self.max_age is not None else max(3 * self.refresh, 60.0)
