"""How long each tier takes to detect a steady error ratio, and to clear after it: by formula, for any SLO.

Beyer et al., The Site Reliability Workbook (2018), ch. 5, https://sre.google/workbook/alerting-on-slos/: detection time
(1 - SLO) / error ratio x window x burn rate. The reset time follows from the short window in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from exporter.spec import Slo, tiers_in_force
from exporter.windows import Tier, factor

ERRORS: tuple[Decimal, ...] = tuple(Decimal(e) for e in ("100", "50", "20", "10", "5", "2", "1", "0.5", "0.2", "0.15"))
"""Error ratios in percent that are shown."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """A tier's answer to a steady error ratio (percent) after a time without errors, at flat traffic: seconds to the
    alert, and from the end of the errors until it clears; both None where it never fires."""

    errors: Decimal
    tier: str
    detection: float | None
    reset: float | None


def reactions(slo: Slo, keep: float, errors: Sequence[Decimal] = ERRORS) -> list[list[Reaction]]:
    """One row for each error ratio, one entry for each tier in force; nothing where none is.

    With e the error ratio, b the budget, f the factor: fires if e > f b, after f b long / e; clears after
    short (1 - f b / e) and ``keep``, the rules' keep_firing_for. The low-traffic gate is not in it: it delays detection
    only where there are few events.
    """
    tiers = tiers_in_force(slo)
    return [[_reaction(slo, keep, one, tier) for tier, _ in tiers] for one in errors] if tiers else []


def _reaction(slo: Slo, keep: float, errors: Decimal, tier: Tier) -> Reaction:
    share = factor(tier, slo.period_seconds) * (100 - slo.objective) / errors
    if share >= 1:
        return Reaction(errors, tier.name, None, None)
    detection = float(share * max(tier.long_seconds, tier.short_seconds))
    return Reaction(errors, tier.name, detection, float(tier.short_seconds * (1 - share)) + keep)
