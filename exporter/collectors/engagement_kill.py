"""Early kill of a variant against its expectation: two rules, both pure.

``evidence`` keeps its error rate however often one looks; ``threshold`` is the superseded system's rule bit for bit
(a point estimate against half of what was expected, from ten interactions on), thresholds of each session honoured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.contract import E_VALUE_CAP
from exporter.sources.engagement_rows import Session, VariantRow
from exporter.spec import VariantKill
from exporter.stats.kill import expectation_count_log_e, expectation_log_e

GONE = frozenset({"archived", "completed", "deleted", "draft", "inactive", "killed"})
"""Statuses of variants that are not shown to anybody: there is nothing to kill."""
_LOG_CAP = math.log(E_VALUE_CAP)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A kill: of whom, why in one sentence, and the numbers of that moment."""

    variant: VariantRow
    reason: str
    facts: dict[str, float | str]


def e_value(log_e: float) -> float:
    """The e-value of its logarithm, capped at what is exported; nan for nan."""
    return E_VALUE_CAP if log_e >= _LOG_CAP else math.exp(log_e)


def log_evidence(
    interactions: Sequence[float], views: Sequence[float], acceptable: Sequence[float]
) -> NDArray[np.float64]:
    """Log e-value of each variant that its rate is below ``acceptable``; 0 without views.

    Where interactions outnumber views (several of one viewer, or views that do not count yet) they are events per
    view, else shares of the views. Interactions may belong to views that do not count yet: that speaks for the
    variant, so the error rate holds.
    """
    x, m, p = (np.asarray(each, dtype=np.float64) for each in (interactions, views, acceptable))
    shares = x <= m
    log_e = np.zeros(len(x))
    log_e[shares] = expectation_log_e(x[shares], m[shares], p[shares])
    log_e[~shares] = expectation_count_log_e(x[~shares], m[~shares], p[~shares])
    return log_e


def by_evidence(
    variants: Sequence[VariantRow], views: Sequence[float], log_e: NDArray[np.float64], rule: VariantKill
) -> list[Verdict]:
    """The variants to kill, of those with their views that count and their evidence."""
    found = []
    for variant, counted, log in zip(variants, views, log_e.tolist(), strict=True):
        if counted < rule.min_views or log < -math.log(rule.alpha):
            continue
        expected = variant.predicted or 0.0
        interactions = variant.interactions or 0.0
        reason = (
            f"{interactions:g} interactions with {counted:g} views are below {rule.expected_ratio:.4g} of the "
            f"predicted rate {expected:.4g}, e-value {e_value(log):.4g} >= {1 / rule.alpha:.4g}"
        )
        facts: dict[str, float | str] = {
            "rule": "evidence",
            "e_value": e_value(log),
            "alpha": rule.alpha,
            "expected_ratio": rule.expected_ratio,
            "predicted": expected,
            "interactions": interactions,
            "views": counted,
            "impressions": variant.impressions or 0.0,
        }
        found.append(Verdict(variant, reason, facts))
    return found


def is_below_threshold(session: Session, interactions: float, views: float, at: float) -> bool:
    """The superseded rule: the session runs, has its least number of interactions, and its rate is below
    ``kill_threshold`` of what it expected. A session without views or without an expectation is never killed."""
    if not session.is_active(at) or session.expected is None:
        return False
    if interactions < session.min_interactions or views <= 0:
        return False
    return interactions / views < session.kill_threshold * session.expected


def by_threshold(variants: Iterable[VariantRow], sessions: Iterable[Session], at: float) -> list[Verdict]:
    """The variants that one of their running sessions kills."""
    known = {variant.variant: variant for variant in variants}
    found: dict[str, Verdict] = {}
    for session in sessions:
        variant = known.get(session.variant)
        if variant is None or session.variant in found or variant.impressions is None or variant.interactions is None:
            continue
        if is_below_threshold(session, variant.interactions, variant.impressions, at):
            found[session.variant] = _of_session(variant, session)
    return list(found.values())


def _of_session(variant: VariantRow, session: Session) -> Verdict:
    interactions, views = variant.interactions or 0.0, variant.impressions or 0.0
    reason = (
        f"{interactions:g} interactions with {views:g} views are below {session.kill_threshold:.4g} of the expected "
        f"rate {session.expected:.4g}"
    )
    facts: dict[str, float | str] = {
        "rule": "threshold",
        "kill_threshold": session.kill_threshold,
        "min_interactions": session.min_interactions,
        "timeout": session.timeout,
        "predicted": session.expected or 0.0,
        "interactions": interactions,
        "views": views,
        "impressions": views,
    }
    return Verdict(variant, reason, facts)
