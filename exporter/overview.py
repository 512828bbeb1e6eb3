"""A snapshot's samples as rows for people: SLOs worst first, experiments with their variants, the exporter's health."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exporter.contract import Sample

SLO_STATUS = {0.0: "ok", 1.0: "at risk", 2.0: "breached", 3.0: "no data"}
NOT_MEASURED = "not measured"
VERDICT = {-1.0: "worse", 0.0: "undecided", 1.0: "better"}

_SLO_ORDER = ("breached", "at risk", "no data", NOT_MEASURED, "ok")
_EXPERIMENT_ORDER = ("failed", "running", "paused", "draft", "completed")


@dataclass(frozen=True, slots=True)
class Slo:
    """One SLO or one of its groups; what is None is not defined now."""

    name: str
    group: str
    service: str
    status: str
    objective: float | None
    budget_ratio: float | None
    budget_seconds: float | None
    burn_5m: float | None
    burn_1h: float | None
    events_1h: float | None


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant, by the experiment's primary metric."""

    name: str
    control: bool
    participants: float | None
    win: float | None
    lift: float | None
    lift_lower: float | None
    lift_upper: float | None
    verdict: str | None
    killed: bool


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment; ``status`` is empty where the snapshot has none."""

    name: str
    status: str
    metric: str
    participants: float | None
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A source or a collector: ``success`` is None before its first run is over."""

    name: str
    success: bool | None
    seconds: float | None = None
    last_success: float | None = None
    series: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the landing page shows of a snapshot."""

    slos: tuple[Slo, ...]
    experiments: tuple[Experiment, ...]
    sources: tuple[Part, ...]
    collectors: tuple[Part, ...]


class _Index:
    """Values by family and chosen labels."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self._labels: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
        for name, labels, value in samples:
            self._values[name, tuple(sorted(labels))] = value
            self._labels[name].append(dict(labels))

    def value(self, name: str, /, **labels: str) -> float | None:
        """The value of exactly this series; an empty label counts as absent."""
        return self._values.get((name, tuple(sorted((k, v) for k, v in labels.items() if v))))

    def labels(self, *names: str) -> Iterator[dict[str, str]]:
        """The labels of every series of these families."""
        for name in names:
            yield from self._labels[name]


def overview(samples: Iterable[Sample]) -> Overview:
    """The rows that the samples give."""
    index = _Index(s for s in samples if s.name in _SHOWN)
    return Overview(_slos(index), _experiments(index), _sources(index), _collectors(index))


_SHOWN = frozenset(
    {
        "slo_info",
        "slo_status",
        "slo_objective_ratio",
        "slo_error_budget_remaining_ratio",
        "slo_error_budget_remaining_seconds",
        "slo_burn_rate",
        "slo_events",
        "experiment_info",
        "experiment_status",
        "experiment_variant_participants",
        "experiment_variant_traffic_planned_ratio",
        "experiment_variant_win_ratio",
        "experiment_variant_lift_ratio",
        "experiment_variant_lift_lower_ratio",
        "experiment_variant_lift_upper_ratio",
        "experiment_variant_verdict",
        "experiment_variant_early_kill",
        "winburn_source_up",
        "winburn_collector_success",
        "winburn_collector_duration_seconds",
        "winburn_collector_last_success_timestamp_seconds",
        "winburn_collector_series",
    }
)


def _slos(index: _Index) -> tuple[Slo, ...]:
    services = {(each["slo"], each.get("slo_group", "")): each["slo_service"] for each in index.labels("slo_info")}
    status = index.labels("slo_status", "slo_objective_ratio")
    names = services.keys() | {(each["slo"], each.get("slo_group", "")) for each in status}
    return tuple(sorted((_slo(index, *name, services.get(name, "")) for name in names), key=_slo_rank))


def _slo(index: _Index, slo: str, group: str, service: str) -> Slo:
    def value(name: str, **labels: str) -> float | None:
        return index.value(name, slo=slo, slo_group=group, **labels)

    status = value("slo_status")
    return Slo(
        name=slo,
        group=group,
        service=service,
        status=NOT_MEASURED if status is None else SLO_STATUS.get(status, NOT_MEASURED),
        objective=value("slo_objective_ratio"),
        budget_ratio=value("slo_error_budget_remaining_ratio"),
        budget_seconds=value("slo_error_budget_remaining_seconds"),
        burn_5m=value("slo_burn_rate", window="5m"),
        burn_1h=value("slo_burn_rate", window="1h"),
        events_1h=value("slo_events", window="1h"),
    )


def _slo_rank(slo: Slo) -> tuple[int, float, str, str]:
    budget = float("inf") if slo.budget_ratio is None else slo.budget_ratio
    return _SLO_ORDER.index(slo.status), budget, slo.name, slo.group


def _experiments(index: _Index) -> tuple[Experiment, ...]:
    info = {each["experiment"]: each for each in index.labels("experiment_info")}
    status: dict[str, str] = {}
    for each in index.labels("experiment_status"):
        if index.value("experiment_status", **each):
            status[each["experiment"]] = each["status"]
    variants: defaultdict[str, set[str]] = defaultdict(set)
    for each in index.labels("experiment_variant_participants", "experiment_variant_traffic_planned_ratio"):
        variants[each["experiment"]].add(each["variant"])
    rows = (
        _experiment(index, name, info.get(name, {}), status.get(name, ""), variants[name])
        for name in info.keys() | status.keys() | set(variants)
    )
    return tuple(sorted(rows, key=lambda row: (_position(_EXPERIMENT_ORDER, row.status), row.name)))


def _experiment(index: _Index, name: str, info: dict[str, str], status: str, variants: set[str]) -> Experiment:
    control, metric = info.get("control", ""), info.get("primary_metric", "")
    # Control first: it is what the others are read against.
    order = sorted(variants, key=lambda variant: (variant != control, variant))
    rows = tuple(_variant(index, name, variant, metric, control=variant == control) for variant in order)
    counts = [row.participants for row in rows if row.participants is not None]
    return Experiment(name, status, metric, sum(counts) if counts else None, rows)


def _variant(index: _Index, experiment: str, variant: str, metric: str, *, control: bool) -> Variant:
    def value(name: str, **labels: str) -> float | None:
        return index.value(f"experiment_variant_{name}", experiment=experiment, variant=variant, **labels)

    verdict = value("verdict", metric=metric)
    return Variant(
        name=variant,
        control=control,
        participants=value("participants"),
        win=value("win_ratio", metric=metric),
        lift=value("lift_ratio", metric=metric),
        lift_lower=value("lift_lower_ratio", metric=metric),
        lift_upper=value("lift_upper_ratio", metric=metric),
        verdict=None if verdict is None else VERDICT.get(verdict),
        killed=value("early_kill") == 1.0,
    )


def _sources(index: _Index) -> tuple[Part, ...]:
    names = sorted(each["source"] for each in index.labels("winburn_source_up"))
    return tuple(Part(name, bool(index.value("winburn_source_up", source=name))) for name in names)


def _collectors(index: _Index) -> tuple[Part, ...]:
    return tuple(
        _collector(index, name) for name in sorted(each["collector"] for each in index.labels(_COLLECTOR + "series"))
    )


_COLLECTOR = "winburn_collector_"


def _collector(index: _Index, name: str) -> Part:
    success = index.value(_COLLECTOR + "success", collector=name)
    return Part(
        name,
        None if success is None else bool(success),
        index.value(_COLLECTOR + "duration_seconds", collector=name),
        index.value(_COLLECTOR + "last_success_timestamp_seconds", collector=name),
        index.value(_COLLECTOR + "series", collector=name),
    )


def _position(order: tuple[str, ...], word: str) -> int:
    return order.index(word) if word in order else len(order)
