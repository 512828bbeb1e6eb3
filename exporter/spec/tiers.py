"""Which burn alerts and which windows an SLO has."""

from __future__ import annotations

from decimal import Decimal

from exporter.promql import format_duration
from exporter.spec.slo_models import OwnTier, Slo
from exporter.windows import Severity, Tier, tiers_for, windows_for


def tiers_in_force(slo: Slo) -> tuple[tuple[Tier, Severity], ...]:
    """The SLO's own tiers, else those that it lists and whose long window fits its period; fastest first, with the
    severity of each."""
    if slo.alerting.tiers is not None:
        own = sorted(slo.alerting.tiers, key=lambda tier: (tier.long, tier.name))
        return tuple((_own(tier), tier.severity) for tier in own)
    listed: dict[str, Severity] = {
        **dict.fromkeys(slo.alerting.page, "page"),
        **dict.fromkeys(slo.alerting.ticket, "ticket"),
    }
    return tuple((tier, listed[tier.name]) for tier in tiers_for(slo.period_seconds) if tier.name in listed)


def windows_of(slo: Slo) -> dict[str, int]:
    """Value of the label window -> seconds of every window of the SLO: the usual ones that fit its period, those of its
    own tiers, and the period (of a calendar's the nominal length)."""
    windows = windows_for(slo.period_seconds)
    own = {
        label: seconds
        for tier, _ in tiers_in_force(slo)
        for label, seconds in ((tier.long, tier.long_seconds), (tier.short, tier.short_seconds))
    }
    return dict(sorted({**windows, **own}.items(), key=lambda item: (item[0] == "period", item[1])))


def _own(tier: OwnTier) -> Tier:
    return Tier(
        tier.name,
        tier.severity,
        Decimal(str(tier.budget_share or 0)),
        format_duration(tier.long),
        format_duration(tier.short),
        round(tier.long),
        round(tier.short),
        tier.factor,
    )
