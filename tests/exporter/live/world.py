"""Samples of a small world with everything in it, for the live page's tests: families that exist, and some to come."""

from __future__ import annotations

from exporter.contract import Sample
from exporter.render import Exposition
from exporter.snapshot import Snapshot, build


def one(name: str, value: float, /, **labels: str) -> Sample:
    """A sample that asks no catalogue: several families are made by collectors of a later version."""
    return Sample(name, tuple(labels.items()), float(value))


def snapshot(samples: list[Sample], *, at: float = 1000.0, expires: float = 1e18) -> Snapshot:
    """A snapshot of samples that need not be in the catalogue: they are in no body, only in ``samples``."""
    empty = build((), own=Exposition(), at=at, expires=expires)
    return Snapshot(empty.full, empty.health, tuple(sorted(samples)), at, expires)


def slo(
    name: str, status: float, budget: float, burn: float, category: str = "availability", group: str = ""
) -> list[Sample]:
    """An SLO with all that its card shows."""
    labels = {"slo": name} | ({"slo_group": group} if group else {})
    info = one("slo_info", 1, slo_service="shop", category=category, source="prod", period="30d", team="web", **labels)
    windows = {"5m": 1.4, "1h": 1.0, "6h": 0.7, "3d": 0.4}
    return [
        info,
        one("slo_status", status, **labels),
        one("slo_objective_ratio", 0.999, **labels),
        one("slo_error_budget_remaining_ratio", budget, **labels),
        one("slo_error_budget_remaining_seconds", budget * 2592, **labels),
        one("slo_trend", -1 if burn > 1 else 0, **labels),
        *(one("slo_burn_rate", burn * scale, window=window, **labels) for window, scale in windows.items()),
        *(one("slo_events", 1000, window=window, **labels) for window in windows),
    ]


def variant(name: str, win: float, lift: float, *, killed: bool = False, experiment: str = "checkout") -> list[Sample]:
    """A variant of an experiment by its primary metric, conversion."""
    who = {"experiment": experiment, "variant": name}
    metric = {**who, "metric": "conversion"}
    return [
        one("experiment_variant_participants", 12_000, **who),
        one("experiment_variant_early_kill", killed, **who),
        one("experiment_variant_metric_value", 0.1 * (1 + lift), **metric),
        one("experiment_variant_win_ratio", win, **metric),
        one("experiment_variant_lift_ratio", lift, **metric),
        one("experiment_variant_lift_lower_ratio", lift - 0.05, **metric),
        one("experiment_variant_lift_upper_ratio", lift + 0.05, **metric),
        one("experiment_variant_e_value", 31.0, **metric),
        one("experiment_variant_verdict", -1 if killed else 1 if win > 0.95 else 0, **metric),
        one("experiment_variant_value_per_day", 120.5, currency="EUR", **who),
        one("experiment_variant_value_per_day_lower", 12, currency="EUR", **who),
        one("experiment_variant_value_per_day_upper", 230, currency="EUR", **who),
    ]


def experiment(win: float = 0.7, *, killed: bool = False) -> list[Sample]:
    """A running experiment of three variants."""
    name = "checkout"
    return [
        one("experiment_info", 1, experiment=name, kind="ab_test", control="blue", primary_metric="conversion"),
        *(one("experiment_status", word == "running", experiment=name, status=word) for word in ("draft", "running")),
        one(
            "experiment_recommendation_info", 1, experiment=name, variant="green", action="ship", reason="it is better"
        ),
        *variant("blue", 1 - win, 0.0),
        *variant("green", win, 0.04),
        *variant("red", 0.01, -0.3, killed=killed),
    ]


def content(
    name: str, engagement: float, *, persona: str = "ada", pattern: str = "hook", kill: float = 0
) -> list[Sample]:
    """A content variant; ``kill`` is when it was killed, 0 for never."""
    who = {"variant": name, "persona": persona}
    killed = [one("variant_killed_timestamp_seconds", kill, **who)] if kill else []
    return [
        one("variant_impressions", 5000, pattern=pattern, **who),
        one("variant_interactions", 5000 * engagement, pattern=pattern, **who),
        one("variant_engagement_ratio", engagement, pattern=pattern, **who),
        one("variant_predicted_engagement_ratio", 0.06, pattern=pattern, **who),
        one("variant_early_kill", bool(kill), **who),
        *killed,
    ]


def patterns() -> list[Sample]:
    """A tired pattern and a fresh one, a persona's predictions, and a suggestion."""
    tired, fresh = {"pattern": "hook", "persona": "ada"}, {"pattern": "story", "persona": "ada"}
    return [
        one("pattern_uses", 5, **tired),
        one("pattern_freshness_ratio", 0, **tired),
        one("pattern_fatigued", 1, **tired),
        one("pattern_fatigue_e_value", 80, **tired),
        one("pattern_uses", 1, **fresh),
        one("pattern_freshness_ratio", 0.5, **fresh),
        one("prediction_calibration_error_ratio", -0.12, persona="ada"),
        one("variant_kill_ratio", 0.31, persona="ada"),
        one("variant_kills_total", 4, persona="ada", reason="evidence"),
        one("suggestion_info", 1, subject="hook", kind="pattern", action="rest", reason="5 uses in 7 days"),
    ]


def health() -> list[Sample]:
    """A source and a collector."""
    return [
        one("winburn_source_up", 1, source="prod"),
        one("winburn_collector_success", 1, collector="slo:prod"),
        one("winburn_collector_series", 40, collector="slo:prod"),
        one("winburn_collector_duration_seconds", 0.01, collector="slo:prod"),
    ]


def world(tick: int = 0) -> list[Sample]:
    """All of it; numbers move with ``tick``, and from tick 3 on the red variant and post-9 are killed."""
    wave = (tick * 37 % 100) / 100
    return [
        *slo("checkout-availability", 2, -0.2 - 0.01 * wave, 14 + wave),
        *slo("search-latency", 1, 0.4 - 0.01 * wave, 3 + 5 * wave, category="performance"),
        *slo("login", 0, 0.93, 0.2 * wave, group="zone=eu"),
        *slo("login", 0, 0.88, 0.4 * wave, group="zone=us"),
        *slo("images", 3, 0.7, 0, category="quality"),
        *experiment(0.6 + 0.35 * wave, killed=tick >= 3),
        *(s for number in range(6) for s in content(f"post-{number}", 0.02 + 0.01 * number + 0.002 * wave)),
        *content("post-9", 0.001, pattern="story", kill=1000.0 if tick >= 3 else 0),
        *patterns(),
        *health(),
    ]
