"""The document's SLOs."""

from __future__ import annotations

from exporter.live.gather import Families, Labels, Row, Section, in_order, key
from exporter.overview import NOT_MEASURED, SLO_STATUS

TREND = {-1.0: "degrading", 0.0: "stable", 1.0: "improving"}

_FIELDS = {
    "slo_objective_ratio": "objective",
    "slo_error_budget_remaining_ratio": "budget_ratio",
    "slo_error_budget_remaining_seconds": "budget_minutes",
    "slo_error_budget_exhaustion_probability_ratio": "exhaustion_probability",
    "slo_status": "status",
    "slo_trend": "trend",
}
_BY_WINDOW = {"slo_burn_rate": "burn", "slo_events": "events", "slo_coverage_ratio": "coverage"}
_INFO = {"slo_service": "service", "category": "category", "source": "source", "period": "period"}


def slos(families: Families) -> Section:
    """One row per (slo, slo_group). ``burn``, ``events`` and ``coverage`` are by window.

    ``exhausted_at`` is Unix time by quantile of the forecast; ``budget_minutes`` are of total outage at average
    traffic. Of ``status`` the words are those of the landing page.
    """
    section: Section = {}

    def row(labels: Labels) -> Row:
        slo, group = labels["slo"], labels.get("slo_group", "")
        identity = key(slo, group) if group else key(slo)
        return section.setdefault(identity, _blank(slo, group))

    for labels, _ in families["slo_info"]:
        row(labels).update({field: labels[label] for label, field in _INFO.items()}, labels=_own(labels))
    for labels, field, value in families.spread(_FIELDS):
        row(labels)[field] = _worded(field, value)
    for labels, field, value in families.spread(_BY_WINDOW):
        row(labels)[field][labels["window"]] = value
    for labels, value in families["slo_error_budget_exhaustion_timestamp_seconds"]:
        row(labels)["exhausted_at"][labels["forecast_quantile"]] = value
    return in_order(section)


def _worded(field: str, value: float) -> float | str | None:
    if field == "status":
        return SLO_STATUS.get(value, NOT_MEASURED)
    if field == "trend":
        return TREND.get(value)
    return value / 60 if field == "budget_minutes" else value


def _own(labels: Labels) -> dict[str, str]:
    """The labels that the spec gave, and those that it groups by."""
    return {name: labels[name] for name in sorted(labels.keys() - _INFO.keys() - {"slo", "slo_group"})}


def _blank(slo: str, group: str) -> Row:
    return {
        "name": slo,
        "group": group,
        **dict.fromkeys(_INFO.values(), ""),
        "labels": {},
        "status": NOT_MEASURED,
        "objective": None,
        "budget_ratio": None,
        "budget_minutes": None,
        "burn": {},
        "events": {},
        "coverage": {},
        "trend": None,
        "exhausted_at": {},
        "exhaustion_probability": None,
    }
