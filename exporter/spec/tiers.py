"""Which burn alerts an SLO has."""

from __future__ import annotations

from exporter.spec.models import Slo
from exporter.windows import Severity, Tier, tiers_for


def tiers_in_force(slo: Slo) -> tuple[tuple[Tier, Severity], ...]:
    """The tiers that the SLO lists and whose long window fits its period, fastest first, with the severity of the list
    in which each stands."""
    listed: dict[str, Severity] = {
        **dict.fromkeys(slo.alerting.page, "page"),
        **dict.fromkeys(slo.alerting.ticket, "ticket"),
    }
    return tuple((tier, listed[tier.name]) for tier in tiers_for(int(slo.period)) if tier.name in listed)
