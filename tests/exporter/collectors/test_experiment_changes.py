import numpy as np
import pytest

from exporter.collectors.experiment_changes import changed_before

EVEN, UNEVEN = (500.0, 500.0), (900.0, 100.0)


@pytest.mark.parametrize(
    ("blocks", "begins"),
    [
        ([EVEN] * 8, None),
        ([EVEN] * 4 + [UNEVEN] * 4, 4),
        ([EVEN] * 2 + [UNEVEN] * 3, 2),
        ([EVEN] * 5 + [UNEVEN] * 2, None),  # it has not gone on for long enough
        ([EVEN] + [UNEVEN] * 6, None),  # nothing is known of before but the block next to the change
        ([EVEN] * 4 + [(900.0, 500.0), (100.0, 500.0)] + [EVEN] * 3, None),  # one arm was read late, and caught up
    ],
)
def test_a_change_goes_on_or_it_is_none(blocks: list[tuple[float, float]], begins: int | None) -> None:
    assert changed_before(np.array(blocks)) == begins
