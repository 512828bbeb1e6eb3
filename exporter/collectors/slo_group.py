"""What is known of one group of an SLO over time: its ledger, and what was odd about its counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.ledger import Ledger, Slot
from exporter.state import StoredLedger, StoredSlot

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """What happened up to each of some instants: events, bad events, seconds of the interval that were measured; when
    the group was first seen in them, and whether it was there at the last."""

    total: Floats
    bad: Floats
    measured: Floats
    first: float | None
    present: bool


class Group:
    """One ledger and its counters. ``name`` is the value of slo_group, "" for an SLO that is not grouped."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        self.name = name
        self.ledger = ledger
        self.first_measured: float | None = None
        self.clamped = 0.0
        self.present = False
        """Whether the last poll found it."""
        self.burst_factor = 1.0
        """How many bad events usually come together, from the quiet past."""
        self.burst_hour: float | None = None
        """The hour in which that was last estimated."""
        self._carry = 0.0
        self._saved: float | None = None

    def add(self, times: Floats, total: Floats, bad: Floats, measured: Floats) -> None:
        """Add increments to the ledger, bad events clamped to [0, total].

        Counters are not read at one instant, so a reading may show an event as good before it shows it as an event. The
        excess is carried into the next slot, where the other counter catches up, and no further: a wrong pair of
        selectors must not pile up a debt that hides real errors.
        """
        # Python's own comparison of one number, as at each refresh, costs a tenth of an array's.
        fits = 0 <= bad[0] <= total[0] if len(bad) == 1 else np.all(bad >= 0) and np.all(bad <= total)
        if fits and not self._carry:
            self.ledger.add(times, total, bad, measured)
            return
        clamped = np.empty_like(bad)
        for i, (wanted, most) in enumerate(zip(bad.tolist(), total.tolist(), strict=True)):
            excess = wanted - min(max(wanted, 0.0), most)
            clamped[i] = min(max(wanted + self._carry, 0.0), most)
            self._carry = excess
            self.clamped += abs(excess)
        self.ledger.add(times, total, clamped, measured)

    def stored(self, slo: str, definition: str, more: Mapping[str, Any]) -> StoredLedger:
        """What changed since :meth:`mark_saved`, for the state store; ``more`` goes into the head."""
        slots = [StoredSlot(*slot) for slot in self.ledger.slots_since(self._saved)]
        return StoredLedger(slo, self.name, definition, {**more, **self._head()}, slots)

    def mark_saved(self) -> None:
        """The store has what :meth:`stored` gave."""
        self._saved = self.ledger.end

    def restore(self, stored: StoredLedger) -> None:
        """Take over what :meth:`stored` gave."""
        head = stored.head
        self.first_measured, self._carry = head["first_measured"], head["carry"]
        self.clamped, self.present = head["clamped"], head["present"]
        self.ledger.load(map(Slot._make, stored.slots), head["end"])
        same_grid = {slot.width for slot in stored.slots} <= set(self.ledger.spans)
        self._saved = self.ledger.end if same_grid else None

    def _head(self) -> dict[str, Any]:
        return {
            "end": self.ledger.end,
            "first_measured": self.first_measured,
            "clamped": self.clamped,
            "present": self.present,
            "carry": self._carry,
        }
