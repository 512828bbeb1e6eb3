"""What the schema cannot say of alert tiers: those that are listed, and those of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from exporter.promql import format_duration
from exporter.spec.slo_models import OwnTier, Slo
from exporter.spec.tiers import tiers_in_force
from exporter.spec.tree import Parts, Problem, did_you_mean, listed, shown
from exporter.windows import TIERS, Severity, Tier, factor, reachable

_TIERS = {tier.name: tier for tier in TIERS}
_LISTS: tuple[Severity, ...] = ("page", "ticket")


def check_tiers(slo: Slo, parts: Parts, refresh: float) -> Iterator[Problem]:
    """The mistakes in an SLO's ``alerting``, which stands at ``parts``."""
    if slo.alerting.tiers is not None:
        yield from _own(slo, slo.alerting.tiers, parts, refresh)
        return
    yield from _listed(slo, parts)
    yield from _too_long(slo, parts)
    dead = [tier for tier, _ in tiers_in_force(slo) if never_fires(slo, tier)]
    for tier in dead:
        yield Problem(parts, _never(slo, tier, dead))


def never_fires(slo: Slo, tier: Tier) -> str | None:
    """Why a tier cannot fire whatever happens, with the arithmetic; None where it can."""
    fires_above = factor(tier, slo.period_seconds)
    if reachable(fires_above, slo.objective):
        return None
    return (
        f"tier {tier.name} fires above a burn rate of {plain(fires_above)}, but with objective {slo.objective} the "
        f"burn rate cannot exceed {plain(Decimal(100) / (100 - slo.objective))} (all events bad)"
    )


def plain(value: Decimal) -> str:
    """A number with at most four decimals, as people write it."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def lowest_objective(burn_factor: Decimal) -> str:
    """The objective above which a burn rate can exceed ``burn_factor``, rounded up to two decimals."""
    return plain((100 - 100 / burn_factor).quantize(Decimal("0.01"), ROUND_CEILING))


def _never(slo: Slo, tier: Tier, dead: list[Tier]) -> str:
    names = {tier.name for tier in dead}
    changes = [
        f"{key}: [{', '.join(name for name in getattr(slo.alerting, key) if name not in names)}]"
        for key in _LISTS
        if names.intersection(getattr(slo.alerting, key))
    ]
    return (
        f"{never_fires(slo, tier)}: leave it out with alerting: {{{', '.join(changes)}}}, or raise the objective above "
        f"{lowest_objective(factor(tier, slo.period_seconds))}"
        + ("; objectives are percentages, did you mean 99.9?" if slo.objective <= 1 else "")
    )


def _listed(slo: Slo, parts: Parts) -> Iterator[Problem]:
    for key in _LISTS:
        for i, name in enumerate(getattr(slo.alerting, key)):
            if name not in _TIERS:
                hint = did_you_mean(name, _TIERS)
                way_out = f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(_TIERS)}"
                yield Problem((*parts, key, i), f"there is no tier {shown(name)}{way_out}")
            elif name in getattr(slo.alerting, key)[:i]:
                yield Problem((*parts, key, i), f"the tier {shown(name)} is listed twice; keep one")
    for name in slo.alerting.page:
        if name in slo.alerting.ticket and name in _TIERS:
            yield Problem(parts, _both(slo, name))


def _both(slo: Slo, name: str) -> str:
    """The defaults are named where they are the reason: a list that is not written down cannot be found in the file."""
    implied = [key for key in _LISTS if key not in slo.alerting.model_fields_set]
    if not implied:
        return f"the tier {name} stands under both page and ticket; keep one of them"
    left = ", ".join(other for other in getattr(slo.alerting, implied[0]) if other != name)
    default = ", ".join(getattr(slo.alerting, implied[0]))
    return (
        f"the tier {name} stands under both page and ticket ({implied[0]} is [{default}] unless it is given); add "
        f"{implied[0]}: [{left}]"
    )


def _too_long(slo: Slo, parts: Parts) -> Iterator[Problem]:
    """Only tiers that the spec itself lists: those of the defaults are left out quietly (lint tells)."""
    for key in _LISTS:
        for i, name in enumerate(getattr(slo.alerting, key)):
            tier = _TIERS.get(name)
            if tier and key in slo.alerting.model_fields_set and 4 * tier.long_seconds > slo.period_seconds:
                message = (
                    f"tier {name} looks back {tier.long}, more than a quarter of the period of "
                    f"{slo.period_label}; leave it out, or use a period of at least "
                    f"{format_duration(4 * tier.long_seconds)}"
                )
                yield Problem((*parts, key, i), message)


def _own(slo: Slo, tiers: tuple[OwnTier, ...], parts: Parts, refresh: float) -> Iterator[Problem]:
    beside = [key for key in _LISTS if key in slo.alerting.model_fields_set]
    if beside:
        message = f"tiers of your own stand in place of page and ticket; remove {listed(beside)}, or tiers"
        yield Problem((*parts, "tiers"), message, on_key=True)
    for i, tier in enumerate(tiers):
        here = (*parts, "tiers", i)
        if tier.name in [other.name for other in tiers[:i]]:
            yield Problem((*here, "name"), f"the tier {shown(tier.name)} is listed twice; rename one of them")
        yield from _when(tier, here)
        yield from _windows(slo, tier, here, refresh)


def _when(tier: OwnTier, parts: Parts) -> Iterator[Problem]:
    if tier.factor is None and tier.budget_share is None:
        message = (
            "factor or budget_share is required: the burn rate above which the tier fires, like factor: 14.4, or the "
            "share of the budget that is spent by then, like budget_share: 0.02"
        )
        yield Problem(parts, message)
    elif tier.factor is not None and tier.budget_share is not None:
        yield Problem(parts, "factor and budget_share are both given; keep one, the other follows from it")
    elif tier.budget_share == 0:
        yield Problem((*parts, "budget_share"), "must be greater than 0: the share of the budget that is spent by then")


def _windows(slo: Slo, tier: OwnTier, parts: Parts, refresh: float) -> Iterator[Problem]:
    step = max(1, round(refresh * 1000))
    for key, seconds in (("long", tier.long), ("short", tier.short)):
        if left := round(seconds * 1000) % step:
            fitting = [x for x in (seconds - left / 1000, seconds + (step - left) / 1000) if x > 0]
            message = (
                f"{format_duration(seconds)} is not a whole number of refreshes ({format_duration(refresh)}); write "
                f"{' or '.join(map(format_duration, fitting))}"
            )
            yield Problem((*parts, key), message)
    if tier.short >= tier.long:
        message = (
            f"{format_duration(tier.short)} is not shorter than long ({format_duration(tier.long)}); a twelfth of it "
            "is usual, like 5m for 1h"
        )
        yield Problem((*parts, "short"), message)
    if tier.long > slo.period_seconds:
        message = f"{format_duration(tier.long)} is longer than the period ({slo.period_label}); write a shorter one"
        yield Problem((*parts, "long"), message)
