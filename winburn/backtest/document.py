"""A backtest as a JSON value: the numbers of the tables, times as Unix seconds, shares 0 to 1, null where undefined."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from winburn.backtest.run import Backtest
from winburn.backtest.summary import Summary


def document(result: Backtest) -> dict[str, Any]:
    """One SLO."""
    slo, span = result.slo, result.course.span
    return {
        "slo": slo.name,
        "slo_group": result.group or None,
        "service": slo.service,
        "objective": float(slo.objective),
        "period_seconds": slo.period_seconds,
        "from": span.start,
        "to": span.end,
        "step_seconds": span.step,
        "keep_firing_for_seconds": result.keep,
        "first_measured": result.course.past.first_measured,
        "summary": _summary(result.summary),
        "firings": [{**asdict(f), "detection_seconds": f.detection} for f in result.firings],
        "what_if": [{"change": name, **_summary(s)} for name, s in result.what_ifs],
        "reactions": [
            {
                "error_ratio": float(row[0].errors / 100),
                "tiers": {r.tier: {"detection_seconds": r.detection, "reset_seconds": r.reset} for r in row},
            }
            for row in result.reactions
        ],
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "never": list(summary.never)}
