"""When more data would cost more than they could gain: a recommendation, with no promise about errors."""

import numpy as np
from numpy.typing import ArrayLike

from exporter.stats.domain import Floats, counts, finite
from exporter.stats.special import ndtr


def anscombe(z: ArrayLike, n: ArrayLike, horizon: ArrayLike) -> Floats:
    """Whether to stop and take the arm that is ahead.

    Parameters
    ----------
    z : array_like
        z-score of the difference, finite; only its size counts.
    n : array_like
        Units seen in both arms, at least 0.
    horizon : array_like
        Units still to be decided for, at least 0. All broadcast.

    Returns
    -------
    float or ndarray
        1 stop, 0 go on, nan where an argument is nan (and nan is true to Python: ask for == 1). With nothing
        left to decide for: 1.

    Raises
    ------
    ValueError
        If z is infinite, or n or the horizon negative or infinite.

    Notes
    -----
    Stop when 1 - Phi(|z|) <= (n / 2) / horizon. Anscombe 1963, J. Amer. Statist. Assoc. 58.
    """
    (z,), (n, horizon) = finite(z=z), counts(n=n, horizon=horizon)
    stop = np.where(ndtr(-np.abs(z)) * horizon <= n / 2.0, 1.0, 0.0)
    return np.where(np.isnan(z + n + horizon), np.nan, stop)[()]
