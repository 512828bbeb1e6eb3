"""The spec's shape: experiments."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exporter.spec.base import Model
from exporter.spec.kinds import KINDS, KindName
from exporter.spec.types import Alpha, Amount, Currency, Duration, LabelName, LabelValue, Name, Share, Text


class PrometheusCounts(Model):
    """Counters of an experiment, one for each column that the metric's kind needs, and the label that names the
    variant."""

    exposures: Text
    """Selector of the counter of units shown a variant; of their time for kind rate."""
    events: Text | None = None
    """Selector of the counter of units that succeeded; of events for kind rate."""
    sum: Text | None = None
    """Kind mean: selector of the counter of the amounts."""
    sum_squares: Text | None = None
    """Kind mean: selector of the counter of the squared amounts."""
    numerator: Text | None = None
    """Kind ratio: selector of the counter of the numerator."""
    numerator_squares: Text | None = None
    """Kind ratio: selector of the counter of its squares."""
    denominator: Text | None = None
    """Kind ratio: selector of the counter of the denominator."""
    denominator_squares: Text | None = None
    """Kind ratio: selector of the counter of its squares."""
    product: Text | None = None
    """Kind ratio: selector of the counter of numerator times denominator."""
    by: Text = "variant"
    """Label that names the variant."""
    once: bool = False
    """True where each unit is counted once at most: then no design effect is estimated, and verdicts need not wait."""

    def selectors(self, kind: str) -> dict[str, str | None]:
        """Column of the kind -> its selector."""
        units, *others = KINDS[kind].columns
        keys = {"successes": "events"}
        return {units: self.exposures, **{column: getattr(self, keys.get(column, column)) for column in others}}


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
    columns: dict[Text, Text] = {}
    """Column that the kind needs -> column of the file, where the names differ."""
    time: Text | None = None
    """Column of Unix seconds, where the file keeps a history."""
    where: dict[Text, str] = {}
    """Column -> value of the rows that count."""

    def column(self, name: str) -> str:
        """The file's column for one that the kind needs."""
        return {"n": self.n, "successes": self.successes, **self.columns}.get(name, name)


class Metric(Model):
    """One metric of an experiment: cumulative sums over units per variant."""

    name: Name
    """Unique within the experiment; the value of the label metric."""
    kind: KindName
    """proportion: units that succeeded; mean: amount per unit; ratio: of two sums; rate: events per exposure."""
    role: Literal["primary", "secondary", "guardrail"] = "primary"
    """primary decides, exactly one; secondary is reported; guardrail must not get worse."""
    direction: Literal["increase", "decrease"] = "increase"
    """Which way is better."""
    margin: Share = 0.0
    """Role guardrail: relative loss that counts as no harm (non-inferiority)."""
    minimum_lift: Share | None = None
    """Smallest relative difference worth knowing: progress is measured against it."""
    conversion_lag: Duration = 600.0
    """How long after the exposure an event may come: the design effect is estimated over windows of three of these."""
    source: Name
    """Name of the source that is asked."""
    query: Text | None = None
    """For a source of type sql: returns variant and the kind's columns, one row per variant."""
    segments: Text | None = None
    """For a source of type sql: as query, with dimension and segment, one row per variant, dimension and segment."""
    prometheus: PrometheusCounts | None = None
    """For a source of type prometheus: the counters."""
    csv: CsvCounts | None = None
    """For a source of type file: the columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the kind needs."""
        return KINDS[self.kind].columns


class EarlyKill(Model):
    """Kill a variant once it is worse than control by more than ``margin`` (relative), at false-kill rate ``alpha``."""

    margin: Share = 0.0
    """Relative loss that is tolerated."""
    alpha: Alpha = 0.01
    """Largest probability of killing a variant that is not worse."""


class Guardrail(Model):
    """An SLO that no variant may burn: it is measured for each variant by itself."""

    slo: Name
    """Name of the SLO."""
    by: Text = "variant"
    """Label (or column) of the SLO's events that names the variant."""


class Value(Model):
    """What the experiment is worth."""

    metric: Name
    """Name of the metric that earns."""
    per_event: Amount
    """Worth of one success, of one unit of the amount, or of one event; below 0 where it costs."""
    currency: Currency
    """Unit of money, like EUR."""
    horizon: Duration = 30 * 86400.0
    """For how long a decision pays."""


class PrometheusCost(Model):
    """A counter of money spent."""

    spent: Text
    """Selector of the counter."""
    by: Text = "variant"
    """Label that names the variant."""
    category: Text = "category"
    """Label that names the category."""


class Cost(Model):
    """What the variants cost, by category: infrastructure, ai_provider, operational, storage, networking, other."""

    source: Name
    """Name of the source that is asked."""
    query: Text | None = None
    """For a source of type sql: returns variant, category, amount (of all time), and perhaps currency."""
    prometheus: PrometheusCost | None = None
    """For a source of type prometheus: the counter."""
    currency: Currency | None = None
    """Unit of the amounts where the query has no column currency; that of value, if not given."""
    limit: Amount | None = None
    """Amount for all variants together above which ExperimentCostOverrun fires."""


class Experiment(Model):
    """One experiment."""

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
    guardrails: tuple[Guardrail, ...] = ()
    """SLOs that no variant may burn."""
    dimensions: tuple[Text, ...] = ()
    """Dimensions, like country, by whose values the primary metric is shown too."""
    value: Value | None = None
    """What a success is worth."""
    cost: Cost | None = None
    """What the variants cost."""
    stalled_after: Duration = 86400.0
    """Without a new unit for so long, a running experiment is stalled."""
    keep_ended: Duration = 30 * 86400.0
    """For how long the results of a completed or failed experiment are shown."""
    labels: dict[LabelName, LabelValue] = {}
    """Labels of experiment_info and of the alerts."""
    runbook: Text | None = None
    """Address of the page that helps."""

    @property
    def primary(self) -> Metric:
        """The metric that decides; the loader guarantees exactly one."""
        return next(metric for metric in self.metrics if metric.role == "primary")
