"""Which alert tiers an SLO has."""

from __future__ import annotations

from exporter.spec.models import Slo
from exporter.windows import Severity, Tier, tiers_for


def tiers_in_force(slo: Slo) -> tuple[tuple[Tier, Severity], ...]:
    """The tiers that make sense for the SLO's period and that its ``alerting`` lists, fastest first, each with the
    severity of the list it stands in; a tier in both lists pages."""
    severities: dict[str, Severity] = {
        **dict.fromkeys(slo.alerting.ticket, "ticket"),
        **dict.fromkeys(slo.alerting.page, "page"),
    }
    return tuple((tier, severities[tier.name]) for tier in tiers_for(int(slo.period)) if tier.name in severities)
