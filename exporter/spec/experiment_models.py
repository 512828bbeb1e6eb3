"""The spec's shape: experiments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from exporter.spec.base import Model
from exporter.spec.json_paths import Expression
from exporter.spec.types import Alpha, LabelName, LabelValue, Name, Share, Text


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


COLUMNS_OF_KIND: Mapping[str, tuple[str, ...]] = {"proportion": ("variant", "n", "successes")}
"""Kind of a metric -> the columns that a source of rows gives for it."""


class JsonCounts(Model):
    """Where the rows of this metric are in a JSON answer, one per variant, and what is in them."""

    path: str = ""
    """Path or query, appended to the source's url."""
    rows: Expression
    """JMESPath in the answer: the list of rows; those of all pages are put together."""
    columns: dict[Text, Expression] = {}
    """Column (variant, n, successes) -> JMESPath in a row; a column that is not given is the row's key of that name."""
    names: dict[Text, LabelValue] = {}
    """Name in the API -> variant; a name that is not given is the variant's own."""


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
    json_counts: JsonCounts | None = Field(default=None, alias="json")
    """For a source of type http: the rows and columns."""


class EarlyKill(Model):
    """Kill a variant once it is worse than control by more than ``margin`` (relative), at false-kill rate ``alpha``."""

    margin: Share = 0.0
    """Relative loss that is tolerated."""
    alpha: Alpha = 0.01
    """Largest probability of killing a variant that is not worse."""


Status = Literal["draft", "running", "paused", "completed", "failed"]


class JsonShares(Model):
    """Where the planned traffic is in the description of an experiment."""

    rows: Expression
    """JMESPath in the item: a list with one row per variant."""
    name: Expression
    """JMESPath in a row: the variant's name."""
    share: Expression
    """JMESPath in a row: its weight on any scale; the shares are the weights over their sum."""
    names: dict[Text, LabelValue] = {}
    """Name in the API -> variant; a name that is not given is the variant's own."""


class JsonDefinition(Model):
    """Where an API describes the experiment. What it says stands over the YAML's status and shares, which are what is
    true before its first answer."""

    source: Name
    """Name of the source, of type http."""
    path: str = ""
    """Path or query, appended to the source's url."""
    item: Expression = "@"
    """JMESPath in the answer: the experiment; the first page that has it counts."""
    status: Expression | None = None
    """JMESPath in the item: its status."""
    values: dict[Text, Status] = {}
    """Word of the API -> status; our own words mean themselves."""
    variants: JsonShares | None = None
    """Where the planned traffic is."""


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
    status: Status = "running"
    """Where in its life it is."""
    control: LabelValue
    """The variant that the others are compared with."""
    variants: dict[LabelValue, Share]
    """Variant -> planned share of the traffic; they sum to 1."""
    definition: JsonDefinition | None = None
    """Where another system says its status and planned traffic."""
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
