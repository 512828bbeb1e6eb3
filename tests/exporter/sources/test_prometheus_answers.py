"""Rows of an answer: each sample at a time that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from exporter.sources.prometheus_answers import fill

TIMES = np.arange(1_700_000_000.0, 1_700_000_300.0, 60.0)


def test_samples_stand_at_their_times_and_nothing_where_none_is() -> None:
    rows: dict[str, NDArray[np.float64]] = {}
    fill(rows, [("a", [[TIMES[0], "1"], [TIMES[2] + 0.001, "2"], [TIMES[4], "+Inf"]])], TIMES)
    np.testing.assert_array_equal(rows["a"], [1, np.nan, 2, np.nan, np.nan])


@pytest.mark.parametrize("time", [TIMES[0] - 60, TIMES[0] - 1, TIMES[1] + 1, TIMES[-1] + 60, 1e30, -1e30, 1.7e308])
def test_a_time_that_nobody_asked_for_is_refused_however_far_away(time: float) -> None:
    with pytest.raises(ValueError, match="not asked for"):
        fill({}, [("a", [[time, "1"]])], TIMES)
