"""What a Prometheus knows that has scraped winburn: every family of the contract, for as many entities as a test wants.

The series are those of the contract (names, labels), the values are made up: small, and of a size that a query can be
checked by hand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from exporter.contract import FAMILIES, PROCESS_SERIES, Sample, sample

END = 1_700_000_000
STEP = 15
LENGTH = 600

SEVERAL = {"window": ("5m", "1h", "period"), "forecast_quantile": ("0.1", "0.5", "0.9")}
VALUES = {
    "slo_error_budget_remaining_ratio": 0.5,
    "slo_period_seconds": 2592000.0,
    "slo_burn_rate": 2.0,
    "experiment_srm_p_value": 0.0001,
    "experiment_srm_deviation_ratio": 0.02,
    "experiment_variant_e_value": 100.0,
    "experiment_variant_participants": 1000.0,
    "experiment_variant_early_kill": 1.0,
    "experiment_variant_traffic_ratio": 0.52,
    "experiment_variant_traffic_planned_ratio": 0.5,
    "variant_engagement_ratio": 0.05,
    "variant_predicted_engagement_ratio": 0.04,
}
SINCE_END = {
    "slo_error_budget_exhaustion_timestamp_seconds": 86400.0,
    "variant_killed_timestamp_seconds": -60.0,
    "winburn_collector_last_success_timestamp_seconds": -20.0,
}
"""Times, in seconds after the end of the world."""
STATES = {
    "slo_trend": (-1, 0, 1),
    "experiment_variant_verdict": (-1, 0, 1),
    "experiment_variant_early_kill": (1, 0),
    "experiment_variant_slo_breach": (1, 0),
    "experiment_segment_verdict": (1, 0, -1),
    "experiment_variant_trend": (-1, 0, 1),
    "variant_early_kill": (1, 0),
    "pattern_fatigued": (1, 0),
    "slo_groups": (2,),
    "winburn_source_up": (0, 1),
    "winburn_slo_exact": (1, 0),
    "winburn_collector_success": (0, 1),
    "winburn_config_last_reload_successful": (1,),
}
"""Families whose numbers are words, and which they can be; used where values are spread."""
SUGGESTION = {"action": "rest", "kind": "pattern", "reason": "uses", "subject": "hook"}
"""Its words are not those of a recommendation, whose labels are called the same."""


@dataclass(frozen=True, slots=True)
class World:
    """Who is in it. ``spread``: values differ between entities, and the last entity of each kind lacks ``gaps``."""

    slos: Mapping[tuple[str, str], int]
    experiments: tuple[str, ...]
    variants: tuple[str, ...]
    metrics: tuple[str, ...]
    content: tuple[Mapping[str, str], ...]
    collectors: tuple[str, ...] = ("slo:prod", "experiment:shop")
    instances: tuple[str, ...] = ("a:10345", "b:10345")
    alerts: tuple[Mapping[str, str], ...] = ()
    acknowledged: tuple[Mapping[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    gaps: frozenset[str] = frozenset()
    spread: bool = False
    end: float = END

    def label(self, name: str) -> str:
        """The value of a label that is the same for all."""
        return self.labels.get(name, f"some-{name}")


SMALL = World(
    slos={("checkout", "zone=eu"): 2, ("checkout", "zone=us"): 1, ("search", ""): 0},
    experiments=("button",),
    variants=("blue", "green"),
    metrics=("conversion", "signup"),
    content=(
        {"variant": "v1", "persona": "p1", "pattern": "hook"},
        {"variant": "v1", "persona": "p1", "pattern": "list"},
        {"variant": "v2", "persona": "", "pattern": ""},
    ),
    alerts=(
        {"alertname": "SLOErrorBudgetBurn", "alertstate": "firing", "slo": "search", "tier": "fast"},
        {"alertname": "SLONoData", "alertstate": "pending", "slo": "search", "tier": "fast"},
        {"alertname": "ExperimentEarlyKill", "alertstate": "firing", "experiment": "button", "variant": "green"},
        {"alertname": "ExperimentDecided", "alertstate": "pending", "experiment": "button", "variant": "green"},
    ),
    acknowledged=(
        {"alertname": "SLOErrorBudgetBurn", "acknowledged_by": "anna", "slo": "search"},
        {"alertname": "SLOErrorBudgetBurn", "acknowledged_by": "bert", "slo": "search"},
        {"alertname": "ExperimentEarlyKill", "acknowledged_by": "bert", "experiment": "button", "variant": "green"},
    ),
)
"""SLOs with their status, a variant of two patterns, and one without persona and pattern."""

OWN = (
    *(("up", ()), ("scrape_duration_seconds", ()), ("scrape_samples_scraped", ())),
    *((name, ()) for name in sorted(PROCESS_SERIES)),
    *(("winburn_event_latency_seconds_bucket", (("le", le),)) for le in ("0.1", "1.0", "+Inf")),
)
"""Of each process, beside the families: Prometheus' own, client_python's, and the histogram."""


def samples(world: World = SMALL) -> Iterator[Sample]:
    """What one replica exports: every family."""
    for family in FAMILIES.values():
        rows = list(_rows(world, family.name, set(family.labels), grouped=family.may_have("slo_group")))
        seen: Counter[tuple[str, ...]] = Counter()
        for labels, value in rows:
            # Lines that belong to one entity (windows, quantiles) vary together.
            entity = tuple(text for key, text in labels.items() if key not in SEVERAL)
            seen.setdefault(entity, len(seen))
            number = seen[entity]
            last = len(rows) > 1 and labels.items() >= _named(rows[-1][0]).items()
            if world.spread and last and family.name in world.gaps:
                continue
            yield sample(family.name, _value(world, family.name, number, value), **labels)


def _named(labels: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in labels.items() if key not in SEVERAL}


def _value(world: World, family: str, number: int, given: float | None) -> float:
    if given is not None:
        return given
    if family in SINCE_END:
        return world.end + SINCE_END[family] - (60.0 * number if world.spread else 0.0)
    plain = VALUES.get(family, 0.25)
    if not world.spread:
        return plain
    states = STATES.get(family)
    return float(states[number % len(states)]) if states else plain * (1 + number / 10)


def _rows(world: World, name: str, labels: set[str], *, grouped: bool) -> Iterator[tuple[dict[str, str], float | None]]:
    """Labels, and the value where the world gives it."""
    if "slo" in labels and grouped:
        for (slo, group), status in world.slos.items():
            own = {"slo": slo} | ({"slo_group": group} if group else {})
            own |= {label: world.label(label) for label in sorted(labels - {"slo", *SEVERAL})}
            (several,) = labels & SEVERAL.keys() or {""}
            for each in SEVERAL.get(several, ("",)):
                yield own | ({several: each} if several else {}), float(status) if name == "slo_status" else None
    elif labels == {"slo"}:
        yield from (({"slo": slo}, None) for slo in dict.fromkeys(slo for slo, _ in world.slos))
    elif "experiment" in labels:
        yield from _of_experiments(world, labels)
    elif labels == {"collector"}:
        yield from (({"collector": each}, None) for each in world.collectors)
    elif "persona" in labels:
        yield from ((each, None) for each in _of_content(world, labels))
    elif name == "alert_acknowledged_until_timestamp_seconds":
        for number, each in enumerate(world.acknowledged):
            yield dict(each), world.end + 60.0 * (number + 1)
    else:
        own = SUGGESTION if name == "suggestion_info" else {}
        yield {label: own.get(label, world.label(label)) for label in sorted(labels)}, None


def _of_content(world: World, labels: set[str]) -> Iterator[dict[str, str]]:
    """One row for each variant and persona, or for each pattern where the family has one."""
    seen = []
    for each in world.content:
        own = {label: each.get(label, world.label(label) if label == "reason" else "") for label in sorted(labels)}
        if own not in seen and ("pattern" in labels or each["pattern"] in {"", "hook"}):
            seen.append(own)
    yield from seen


def _of_experiments(world: World, labels: set[str]) -> Iterator[tuple[dict[str, str], float | None]]:
    for experiment in world.experiments:
        if "status" in labels:
            for status in ("running", "paused"):
                yield {"experiment": experiment, "status": status}, float(status == "running")
            continue
        for variant in world.variants if "variant" in labels else ("",):
            for metric in world.metrics if "metric" in labels else ("",):
                own = {"experiment": experiment, "variant": variant, "metric": metric}
                more = {label: world.label(label) for label in sorted(labels - own.keys())}
                more |= {"primary_metric": world.metrics[0]} if "primary_metric" in more else {}
                yield {key: text for key, text in own.items() if text} | more, None


def exposition(worlds: Iterable[World] = (SMALL,)) -> str:
    """The worlds' replicas with equal series, and their alerts; OpenMetrics with times. Worlds must not overlap."""
    lines: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for world in sorted(worlds, key=lambda each: each.end):
        for (name, labels), value in _series(world).items():
            for instance in world.instances:
                where = () if name.startswith("ALERTS") else (("instance", instance), ("job", "winburn"))
                text = ",".join(f"{key}={json.dumps(text)}" for key, text in (*labels, *where))
                counted = name.endswith(("_total", "_bucket"))
                times = range(int(world.end) - LENGTH, int(world.end) + 1, STEP)
                found = lines.setdefault((name, (*labels, *where)), [])
                found += [f"{name}{{{text}}} {at - world.end + 1000 if counted else value} {at}" for at in times]
    every = dict.fromkeys(line for group in lines.values() for line in group)
    return "\n".join([*every, "# EOF", ""])


def _series(world: World) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    series = {(s.name, s.labels): s.value for s in samples(world)}
    for number, alert in enumerate(world.alerts):
        state, own = alert["alertstate"], [(k, v) for k, v in alert.items() if k != "alertstate"]
        labels = (own[0], ("severity", "page"), *own[1:])
        series["ALERTS", (("alertstate", state), *labels)] = 1
        series["ALERTS_FOR_STATE", labels] = world.end - 300 - (60 * number if world.spread else 0)
    return series | dict.fromkeys(OWN, 1)
