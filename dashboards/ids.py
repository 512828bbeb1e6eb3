"""Panel ids, for ever: links such as ``?viewPanel=12`` in chats and alerts point at them.

Append new panels with the next free number of their dashboard. Never renumber and never give a number of a removed
panel to another one; a test compares this table with the registry of every id ever given out.
"""

from __future__ import annotations

PANEL_IDS: dict[str, dict[str, int]] = {
    "slo-overview": {
        "breached": 1,
        "at-risk": 2,
        "no-data": 3,
        "ok": 4,
        "worst-budget": 5,
        "data-age": 6,
        "slos": 7,
        "alerts": 8,
        "status-over-time": 9,
        "burn-over-time": 10,
        "budget-over-time": 11,
        "events-over-time": 12,
        "coverage": 13,
        "how-to-read": 14,
        "corrected": 15,
    },
    "slo-detail": {
        "status": 1,
        "objective": 2,
        "budget": 3,
        "outage-left": 4,
        "gone-in": 5,
        "data-age": 6,
        "coverage": 7,
        "probability": 8,
        "corrected": 9,
        "groups": 10,
        "groups-dropped": 11,
        "exact": 12,
        "budget-over-time": 13,
        "forecast-over-time": 14,
        "burn-over-time": 15,
        "events-over-time": 16,
        "each-group": 17,
        "alerts": 18,
        "coverage-by-window": 19,
        "corrected-over-time": 20,
        "oddities-over-time": 21,
        "how-to-read": 22,
    },
    "experiments": {
        "running": 1,
        "split-mismatch": 2,
        "killed": 3,
        "decided": 4,
        "data-age": 5,
        "health": 6,
        "results": 7,
        "traffic": 8,
        "win-over-time": 9,
        "evidence-over-time": 10,
        "participants-over-time": 11,
        "how-to-read": 12,
    },
}
