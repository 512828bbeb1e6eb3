"""What is known of one SLO over time: its ledger, the memory of its counters, and what survives a restart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.counters import Memory
from exporter.ledger import Ledger, Slot
from exporter.spec import Slo
from exporter.state import StoredLedger, StoredSlot
from exporter.windows import DAY

TREND_SPAN = 7 * DAY
Floats = NDArray[np.float64]


class Track:
    """One SLO's past. ``fine`` and ``origin`` give the grid of its ledger (seconds)."""

    def __init__(self, slo: Slo, fine: float, origin: float) -> None:
        self.slo = slo
        self.horizon = float(max(slo.period_seconds, TREND_SPAN))
        self.memory = Memory()
        self.ledger = Ledger(fine, self.horizon, origin)
        self.first_measured: float | None = None
        self.clamped = 0.0
        self.newborn = 0
        self._carry = 0.0
        self._saved: float | None = None

    @property
    def roles(self) -> dict[str, str]:
        """Role -> selector of the counters that the SLI reads; the first decides whether anything was there."""
        sli = self.slo.sli
        selectors = {"total": sli.total, "bad": sli.bad, "good": sli.good}
        return {role: selector for role, selector in selectors.items() if selector is not None}

    @property
    def definition(self) -> str:
        """A hash of what is counted; stored slots of another definition are counts of something else."""
        sli = self.slo.sli
        return hashlib.sha256(json.dumps([sli.source, self.roles, sli.sql]).encode()).hexdigest()

    def add(self, times: Floats, total: Floats, bad: Floats, measured: Floats) -> None:
        """Add increments to the ledger, bad events clamped to [0, total].

        Counters are not read at one instant, so a reading may show an event as good before it shows it as an event. The
        excess is carried into the next slot, where the other counter catches up, and no further: a wrong pair of
        selectors must not pile up a debt that hides real errors.
        """
        if np.all(bad >= 0) and np.all(bad <= total) and not self._carry:
            self.ledger.add(times, total, bad, measured)
            return
        clamped = np.empty_like(bad)
        for i, (wanted, most) in enumerate(zip(bad.tolist(), total.tolist(), strict=True)):
            excess = wanted - min(max(wanted, 0.0), most)
            clamped[i] = min(max(wanted + self._carry, 0.0), most)
            self._carry = excess
            self.clamped += abs(excess)
        self.ledger.add(times, total, clamped, measured)

    def stored(self) -> StoredLedger:
        """What changed since the last call of :meth:`mark_saved`, for the state store."""
        slots = self.ledger.slots_since(self._saved)
        return StoredLedger(self.slo.name, "", self.definition, self._head(), [_to_store(slot) for slot in slots])

    def mark_saved(self) -> None:
        """The store has what :meth:`stored` gave."""
        self._saved = self.ledger.end

    def restore(self, stored: StoredLedger) -> bool:
        """Take over a stored ledger; False where it counts something else or reaches back less far."""
        head = stored.head
        if stored.definition != self.definition or head["horizon"] < self.horizon or head["end"] is None:
            return False
        self.memory = Memory.from_document(head["memory"])
        self.first_measured, self._carry = head["first_measured"], head["carry"]
        self.clamped, self.newborn = head["clamped"], head["newborn"]
        self.ledger.load(_from_store(stored.slots), head["end"])
        same_grid = {slot.width for slot in stored.slots} <= set(self.ledger.spans)
        self._saved = self.ledger.end if same_grid else None
        return True

    def _head(self) -> dict[str, Any]:
        return {
            "end": self.ledger.end,
            "horizon": self.horizon,
            "first_measured": self.first_measured,
            "clamped": self.clamped,
            "newborn": self.newborn,
            "carry": self._carry,
            "memory": self.memory.document(),
        }


def _to_store(slot: Slot) -> StoredSlot:
    return StoredSlot(slot.width, slot.ends_at, slot.total, slot.bad, slot.measured)


def _from_store(slots: Sequence[StoredSlot]) -> list[Slot]:
    return [Slot(slot.width, slot.ends_at, slot.total, slot.bad, slot.measured) for slot in slots]
