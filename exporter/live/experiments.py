"""The document's experiments, each with its variants."""

from __future__ import annotations

from collections.abc import Callable

from exporter.live.gather import Families, Labels, Row, Section, in_order, key
from exporter.overview import VERDICT

TREND = {-1.0: "falling", 0.0: "steady", 1.0: "rising"}

_EXPERIMENT = {
    "experiment_srm_p_value": "srm_p_value",
    "experiment_srm_deviation_ratio": "srm_deviation",
    "experiment_epochs": "epochs",
    "experiment_remaining_participants": "remaining_participants",
    "experiment_remaining_seconds": "remaining_seconds",
}
_VARIANT = {
    "experiment_variant_participants": "participants",
    "experiment_variant_traffic_ratio": "traffic",
    "experiment_variant_traffic_planned_ratio": "traffic_planned",
    "experiment_variant_traffic_recommended_ratio": "traffic_recommended",
    "experiment_variant_early_kill": "killed",
    "experiment_variant_kill_e_value": "kill_e_value",
    "experiment_variant_roi_ratio": "roi",
    "experiment_variant_roi_lower_ratio": "roi_lower",
    "experiment_variant_roi_upper_ratio": "roi_upper",
}
_OF_METRIC = {
    "experiment_variant_metric_value": "rate",
    "experiment_variant_win_ratio": "win",
    "experiment_variant_beats_control_ratio": "beats_control",
    "experiment_variant_expected_loss_ratio": "expected_loss",
    "experiment_variant_lift_ratio": "lift",
    "experiment_variant_lift_lower_ratio": "lift_lower",
    "experiment_variant_lift_upper_ratio": "lift_upper",
    "experiment_variant_e_value": "e_value",
    "experiment_variant_p_value": "p_value",
    "experiment_variant_verdict": "verdict",
    "experiment_variant_trend": "trend",
}
_VALUE = {
    "experiment_variant_value_per_day": "value",
    "experiment_variant_value_per_day_lower": "lower",
    "experiment_variant_value_per_day_upper": "upper",
}

_WORDS = {"verdict": VERDICT, "trend": TREND}


def experiments(families: Families) -> Section:
    """One row per experiment, its variants by name with the numbers of the primary metric.

    ``participants`` of the experiment is the sum over its variants; money is by currency, ``cost`` summed over the
    categories. A lift without a lower end is bounded by -1 all the same; one without an upper end is not bounded.
    """
    section: Section = {}

    def row(labels: Labels) -> Row:
        return section.setdefault(key(labels["experiment"]), _blank(labels["experiment"]))

    for labels, _ in families["experiment_info"]:
        known = {"kind": labels["kind"], "control": labels["control"], "metric": labels["primary_metric"]}
        row(labels).update(known, labels=_own(labels))
    for labels, value in families["experiment_status"]:
        if value:
            row(labels)["status"] = labels["status"]
    for labels, field, value in families.spread(_EXPERIMENT):
        row(labels)[field] = value
    for labels, value in families["experiment_waiting_loss_per_day"]:
        row(labels)["waiting_loss_per_day"][labels["currency"]] = value
    for labels, value in families["experiment_recommendation_info"]:
        if value:
            row(labels)["recommendation"] = {each: labels.get(each, "") for each in ("variant", "action", "reason")}
    _variants(families, row)
    for each in section.values():
        _complete(each)
    return in_order(section)


def _variants(families: Families, row: Callable[[Labels], Row]) -> None:
    def variant(labels: Labels) -> Row:
        variants: Section = row(labels)["variants"]
        return variants.setdefault(labels["variant"], _blank_variant())

    for labels, field, value in families.spread(_VARIANT):
        variant(labels)[field] = bool(value) if field == "killed" else value
    for labels, field, value in families.spread(_OF_METRIC):
        if labels["metric"] == row(labels)["metric"]:
            variant(labels)[field] = _WORDS[field].get(value) if field in _WORDS else value
    for labels, field, value in families.spread(_VALUE):
        variant(labels)["value_per_day"].setdefault(labels["currency"], {})[field] = value
    for labels, value in families["experiment_variant_cost"]:
        cost: dict[str, float] = variant(labels)["cost"]
        cost[labels["currency"]] = cost.get(labels["currency"], 0.0) + value


def _complete(row: Row) -> None:
    variants: Section = row["variants"]
    counts = [each["participants"] for each in variants.values() if each["participants"] is not None]
    row["participants"] = sum(counts) if counts else None
    row["variants"] = in_order(variants)


def _own(labels: Labels) -> dict[str, str]:
    known = {"experiment", "kind", "control", "primary_metric"}
    return {name: labels[name] for name in sorted(labels.keys() - known)}


def _blank(experiment: str) -> Row:
    return {
        "name": experiment,
        **dict.fromkeys(("kind", "control", "metric", "status"), ""),
        "labels": {},
        "participants": None,
        **dict.fromkeys(_EXPERIMENT.values()),
        "waiting_loss_per_day": {},
        "recommendation": None,
        "variants": {},
    }


def _blank_variant() -> Row:
    return {**dict.fromkeys((*_VARIANT.values(), *_OF_METRIC.values())), "value_per_day": {}, "cost": {}}
