"""The spec's shape: strict, frozen models. After validation nothing downstream has to check anything again.

Keys that DESIGN names and this version does not carry out are listed in ``NOT_YET`` beside each model and refused by
name: a setting that is silently ignored is worse than one that is missing.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from exporter.spec.base import Model
from exporter.spec.slo_models import Slo
from exporter.spec.types import (
    Alpha,
    Count,
    Delay,
    Duration,
    LabelName,
    LabelValue,
    Name,
    Share,
    Text,
)

DURATIONS = frozenset({"duration", "lag", "long", "max_age", "period", "refresh", "short", "slice", "timeout"})
"""The keys that hold a duration, in whatever model."""

Role = Literal["page", "ticket", "experiment", "heartbeat"]


class PrometheusSource(Model):
    """A server with the Prometheus HTTP API."""

    NOT_YET: ClassVar[dict[str, str]] = {"rules": "the native branch of burn alerts"}
    type: Literal["prometheus"]
    url: Text | None = None
    """Address of the server, like http://localhost:9090."""
    url_file: Text | None = None
    """File that holds the address, where it carries a password."""
    headers: dict[Text, str] = {}
    """Sent with every request, like X-Scope-OrgID for a tenant."""
    token_file: Text | None = None
    """File that holds a bearer token; read again for every connection."""
    timeout: Duration = 10.0
    """How long an answer may take."""


class SqlSource(Model):
    """A database that SQLAlchemy can reach; opened read-only where the database can enforce it."""

    NOT_YET: ClassVar[dict[str, str]] = {"timezone": "times without a zone"}
    type: Literal["sql"]
    url: Text | None = None
    """SQLAlchemy URL, like sqlite:///shop.db or postgresql+psycopg://host/db."""
    url_file: Text | None = None
    """File that holds the URL, where it carries a password."""
    timeout: Duration = 10.0
    """How long an answer may take."""


class FileSource(Model):
    """A CSV file with a header line, read again whenever it has changed."""

    type: Literal["file"]
    path: Text
    """Path of the file, seen from the folder of this YAML file."""


Source = PrometheusSource | SqlSource | FileSource
SOURCE_TYPES_NOT_YET = {"http": "JSON over HTTP"}


class PrometheusCounts(Model):
    """Counters of an experiment: units shown a variant, units that succeeded, and the label that names the variant."""

    exposures: Text
    """Selector of the counter of units shown a variant."""
    events: Text
    """Selector of the counter of units that succeeded."""
    by: Text = "variant"
    """Label that names the variant."""


class CsvCounts(Model):
    """Columns of the CSV file, and the rows that belong to this metric (``where``: column -> value).

    Where ``time`` names a column of Unix seconds, each variant's latest row not after the evaluation counts; without
    it there must be one row per variant.
    """

    variant: Text = "variant"
    """Column of the variant."""
    n: Text = "n"
    """Column of the units shown it."""
    successes: Text = "successes"
    """Column of the units that succeeded."""
    time: Text | None = None
    """Column of Unix seconds, where the file keeps a history."""
    where: dict[Text, str] = {}
    """Column -> value of the rows that count."""


class Metric(Model):
    """One metric of an experiment: cumulative units and successes per variant."""

    NOT_YET: ClassVar[dict[str, str]] = {"minimum_lift": "progress towards a decision"}
    NOT_YET_VALUES: ClassVar[dict[str, dict[str, str]]] = {
        "kind": {"mean": "averages of an amount", "ratio": "ratios of two sums", "rate": "events per time"},
        "role": {"guardrail": "metrics that must not get worse"},
    }
    name: Name
    """Unique within the experiment; the value of the label metric."""
    kind: Literal["proportion"]
    """proportion: units that succeeded out of units shown."""
    role: Literal["primary", "secondary"] = "primary"
    """primary decides, exactly one; secondary is reported."""
    direction: Literal["increase", "decrease"] = "increase"
    """Which way is better."""
    source: Name
    """Name of the source that is asked."""
    query: Text | None = None
    """For a source of type sql: returns variant, n and successes, one row per variant."""
    prometheus: PrometheusCounts | None = None
    """For a source of type prometheus: the counters."""
    csv: CsvCounts | None = None
    """For a source of type file: the columns."""


class EarlyKill(Model):
    """Kill a variant once it is worse than control by more than ``margin`` (relative), at false-kill rate ``alpha``."""

    margin: Share = 0.0
    """Relative loss that is tolerated."""
    alpha: Alpha = 0.01
    """Largest probability of killing a variant that is not worse."""


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
    """Unique; the value of the label experiment."""
    kind: Literal["ab_test", "multivariate", "feature_flag", "bandit"] = "ab_test"
    """How the traffic is split."""
    status: Literal["draft", "running", "paused", "completed", "failed"] = "running"
    """Where in its life it is."""
    control: LabelValue
    """The variant that the others are compared with."""
    variants: dict[LabelValue, Share]
    """Variant -> planned share of the traffic; they sum to 1."""
    metrics: tuple[Metric, ...] = Field(min_length=1)
    """What is measured; exactly one is primary."""
    alpha: Alpha = 0.05
    """Error rate of the verdicts."""
    false_discovery: Literal["experiment", "all"] = "experiment"
    """Over which verdicts the error rate is kept."""
    early_kill: EarlyKill | None = EarlyKill()
    """When a variant is killed early; null: never."""
    labels: dict[LabelName, LabelValue] = {}
    """Labels of experiment_info and of the alerts."""
    runbook: Text | None = None
    """Address of the page that helps."""

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
    """Address that the alerts are posted to."""
    webhook_file: Text | None = None
    """File that holds the address."""


class Alerting(Model):
    """Receivers of the generated Alertmanager configuration; what has none goes to the next severity's."""

    NOT_YET: ClassVar[dict[str, str]] = {"push": "the fast path to Alertmanager", "alertmanager": "silences and push"}
    receivers: dict[Role, Receiver] = {}
    """Role -> where its alerts go."""


class Links(Model):
    """Where people look things up: base addresses for the links in alerts."""

    grafana: Text = "http://localhost:3000"
    """Address of Grafana."""
    runbooks: Text = "deploy/runbooks"
    """Address below which the runbooks are."""


class Limits(Model):
    """Caps that keep one selector from costing everybody."""

    NOT_YET: ClassVar[dict[str, str]] = {"labels": "content variants"}
    groups: Annotated[Count, Field(ge=1, le=10_000)] = 50
    """Groups of one SLO that are shown; the worst ones stay."""
    series: Annotated[Count, Field(ge=1, le=1_000_000)] = 5000
    """Series of one selector above which sums are asked for."""


class StateStore(Model):
    """The database for what must survive a restart."""

    url: Text | None = None
    """SQLAlchemy URL of SQLite or PostgreSQL."""
    url_file: Text | None = None
    """File that holds the URL, where it carries a password."""


class Spec(Model):
    """Everything: one YAML file, or a folder of them merged."""

    NOT_YET: ClassVar[dict[str, str]] = {
        "tenant": "a label on every series",
        "engagement": "content variants",
        "live": "the live page",
    }
    refresh: Duration = 15.0
    """How often everything is computed; divides 5m."""
    lag: Delay = 20.0
    """How far behind the clock is evaluated: a scrape interval and a little more."""
    max_age: Duration | None = None
    """How long the last values of something that fails are served; 3 refreshes, at least 1m, if not given."""
    limits: Limits = Limits()
    """Caps."""
    sources: dict[Name, Annotated[Source, Field(discriminator="type")]] = {}
    """Name -> where data come from."""
    slos: tuple[Slo, ...] = ()
    """Service level objectives."""
    experiments: tuple[Experiment, ...] = ()
    """Experiments."""
    alerting: Alerting = Alerting()
    """Where alerts go."""
    links: Links = Links()
    """Addresses for the links in alerts."""
    state: StateStore = StateStore(url="sqlite:///winburn-state.db")
    """What must survive a restart."""

    @property
    def keep_seconds(self) -> float:
        """How long a failing entity's last series are served: ``max_age``, else 3 refreshes, at least 60 s."""
        return self.max_age if self.max_age is not None else max(3 * self.refresh, 60.0)
