"""Posteriors of many experiments at once, and how to go through them in pieces that fit."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exporter.stats import logit_grid
from exporter.stats.domain import Floats

Direction = Literal["increase", "decrease"]

_CELLS_AT_ONCE = 100_000  # experiments x arms x nodes in one go: arrays of 0.8 MB stay in a processor's cache


def signed(direction: Direction) -> float:
    """1 where more is better, -1 where less is.

    Raises
    ------
    ValueError
        If the direction is neither "increase" nor "decrease".
    """
    if direction not in ("increase", "decrease"):
        raise ValueError(f'direction must be "increase" or "decrease", got {direction!r}')
    return 1.0 if direction == "increase" else -1.0


def need_arms(array: Floats) -> None:
    """Refuse, by ValueError, what has no arms on its last axis."""
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError("the last axis must hold the arms, at least one")


def posterior(successes: Floats, trials: Floats, prior: tuple[float, float]) -> tuple[Floats, Floats]:
    """Parameters of the Beta posteriors; nan where an arm has no trials. ValueError where the prior is not positive."""
    if not (prior[0] > 0 and prior[1] > 0 and np.all(np.isfinite(prior))):
        raise ValueError(f"prior must be two positive numbers, got {prior}")
    seen = np.where(trials > 0, successes, np.nan)
    return seen + prior[0], trials - seen + prior[1]


def stacked(compare: Callable[..., tuple[Floats, ...]]) -> Callable[..., Floats]:
    """The same comparison with its answers on a new last axis."""
    return lambda *arguments: np.stack(compare(*arguments), axis=-1)


def over_rows(
    a: Floats, b: Floats, on_grid: Callable[..., Floats], exactly: Callable[..., Floats], width: int
) -> Floats:
    """Answers for every experiment, each from the smallest grid that resolves its arms or else by quadrature."""
    a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    answers = np.full((len(a), width), np.nan)
    left = np.flatnonzero(~np.isnan(a + b).any(axis=-1))
    for size in logit_grid.SIZES:
        fine = logit_grid.resolved(a[left], b[left], size)
        for rows in chunks(left[fine], a.shape[-1] * size):
            answers[rows] = on_grid(a[rows], b[rows], size)
        left = left[~fine]
    # The cuts of the quadrature grow with the arms: two ends each, 64 nodes between.
    for rows in chunks(left, 128 * a.shape[-1] ** 2):
        answers[rows] = exactly(a[rows], b[rows])
    return answers


def chunks(rows: NDArray[np.intp], cells_per_row: int) -> list[NDArray[np.intp]]:
    """Rows in pieces of about a hundred thousand cells."""
    step = max(1, _CELLS_AT_ONCE // cells_per_row)
    return [rows[start : start + step] for start in range(0, len(rows), step)]
