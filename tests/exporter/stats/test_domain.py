import numpy as np
import pytest

from exporter.stats import domain


def test_what_is_in_the_domain_passes_unchanged_and_nan_with_it() -> None:
    (array,) = domain.counts(events=[0, 2.5, np.nan])
    np.testing.assert_array_equal(array, [0, 2.5, np.nan])
    part, whole = domain.part_of_whole(successes=[3, np.nan], trials=[3, 1])
    assert (part[0], whole[0]) == (3, 3)
    assert domain.shares(share=[1e-9, 0.5])[0].tolist() == [1e-9, 0.5]
    assert domain.finite(z=-3)[0] == -3
    assert domain.level(0.05) == 0.05
    assert domain.scales("tuning", 500).tolist() == [500.0]


def test_a_refusal_names_the_argument_and_the_value() -> None:
    with pytest.raises(ValueError, match="events must be finite and at least 0, got -2"):
        domain.counts(events=[1, -2])
    with pytest.raises(ValueError, match="successes must not exceed trials"):
        domain.part_of_whole(successes=[3, 4], trials=3)
    with pytest.raises(ValueError, match="share must be strictly between 0 and 1, got 1"):
        domain.shares(share=1)
    with pytest.raises(ValueError, match="z must be finite, got inf"):
        domain.finite(z=np.inf)
    with pytest.raises(ValueError, match="alpha must be strictly between 0 and 1, got nan"):
        domain.level(float("nan"))


@pytest.mark.parametrize("values", [[], [[1.0]], [0.0], [np.nan], [np.inf, 1.0]])
def test_scales_of_a_mixture_are_positive_numbers(values: list[float]) -> None:
    with pytest.raises(ValueError, match="concentrations must be one or more positive finite numbers"):
        domain.scales("concentrations", values)
