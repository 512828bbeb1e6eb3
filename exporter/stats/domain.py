"""Domains of the arguments: what every function of this package refuses, in one wording."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Scalars in give numpy float scalars out; they answer to the same operations, hence the one type.
Floats: TypeAlias = NDArray[np.float64]


def _checked(name: str, value: ArrayLike, wrong: str, low: float, high: float, *, ends: bool) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    outside = (array < low) | (array > high) if ends else (array <= low) | (array >= high)
    if np.any(outside):
        raise ValueError(f"{name} must be {wrong}, got {array[outside].flat[0]:g}")
    return array


def counts(**named: ArrayLike) -> list[Floats]:
    """Arrays of finite numbers of at least 0; they need not be whole; nan passes.

    Raises
    ------
    ValueError
        If a value is negative or infinite.
    """
    largest = float(np.finfo(np.float64).max)
    return [_checked(name, value, "finite and at least 0", 0.0, largest, ends=True) for name, value in named.items()]


def part_of_whole(**named: ArrayLike) -> list[Floats]:
    """Two counts, given as part and whole, the first never above the second (successes and trials).

    Raises
    ------
    ValueError
        If one of them is no count, or the part is larger than the whole.
    """
    part, whole = counts(**named)
    if np.any(part > whole):
        part_name, whole_name = named
        raise ValueError(f"{part_name} must not exceed {whole_name}")
    return [part, whole]


def shares(**named: ArrayLike) -> list[Floats]:
    """Arrays of numbers strictly between 0 and 1; nan passes.

    Raises
    ------
    ValueError
        If a value is 0 or less, or 1 or more.
    """
    return [_checked(name, value, "strictly between 0 and 1", 0.0, 1.0, ends=False) for name, value in named.items()]


def finite(**named: ArrayLike) -> list[Floats]:
    """Arrays of finite numbers of either sign; nan passes.

    Raises
    ------
    ValueError
        If a value is infinite.
    """
    return [_checked(name, value, "finite", -np.inf, np.inf, ends=False) for name, value in named.items()]


def level(alpha: float) -> float:
    """An error level: one number strictly between 0 and 1.

    Raises
    ------
    ValueError
        If it is nan or outside.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must be strictly between 0 and 1, got {alpha:g}")
    return float(alpha)


def scales(name: str, values: ArrayLike) -> Floats:
    """The positive scales of a mixture, a single number or a sequence, as one axis.

    Raises
    ------
    ValueError
        If there is none, or one is not positive and finite.
    """
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if array.ndim != 1 or array.size == 0 or not np.all((array > 0) & np.isfinite(array)):
        raise ValueError(f"{name} must be one or more positive finite numbers")
    return array
