"""Whether the data of an experiment say that its split was changed elsewhere, and since when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.stats import split_change

_CONFIRMATIONS = 2
"""Blocks that must have gone on in a changed split, the first one left out."""


def changed_before(units: NDArray[np.float64]) -> int | None:
    """The block with which another split begins, and goes on; None where there is none.

    Parameters
    ----------
    units : ndarray, shape (blocks, arms)
        Units of each arm, counted as independent choices, in blocks one after the other.
    """
    block = int(split_change.find(units))
    return block if block >= 1 and _is_confirmed(units, block) else None


def _is_confirmed(units: NDArray[np.float64], block: int) -> bool:
    """Whether the split differs also without the blocks on either side of the change, and goes on to.

    A reading in which one arm was up to date and another was not makes one block lopsided, and the next one the other
    way: it is no change, and an epoch cut there would have conversions without their units.
    """
    before, after = units[: block - 1], units[block + 1 :]
    if not len(before) or len(after) < _CONFIRMATIONS:
        return False
    return int(split_change.find(np.stack([before.sum(axis=0), after.sum(axis=0)]))) == 1
