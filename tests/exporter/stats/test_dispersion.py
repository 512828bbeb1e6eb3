import numpy as np
import pytest

from exporter.stats.dispersion import design_effect

DAY = 200 * (1.0 + 0.5 * np.sin(np.arange(200) / 8))  # exposures rise and fall, and the rate with them


@pytest.fixture
def chance() -> np.random.Generator:
    """Of each test alone: which tests ran before it in its worker must not decide what it sees."""
    return np.random.default_rng(11)


def split(chance: np.random.Generator, windows: int, rate: float, cluster: int = 1) -> tuple[np.ndarray, np.ndarray]:
    exposures = np.stack([DAY[:windows] * 0.4, DAY[:windows] * 0.6], axis=-1)
    events = cluster * chance.poisson(exposures * rate * DAY[:windows, None] / 200 / cluster * np.array([1.0, 1.3]))
    return events, exposures


def test_independent_events_have_no_design_effect_whatever_the_hour(chance: np.random.Generator) -> None:
    phi = [design_effect(*split(chance, 200, 0.5)) for _ in range(20)]
    assert 1.0 <= np.mean(phi) < 1.1


def test_events_in_fives_have_a_design_effect_of_five(chance: np.random.Generator) -> None:
    phi = [design_effect(*split(chance, 200, 0.5, cluster=5)) for _ in range(20)]
    assert np.mean(phi) == pytest.approx(5, rel=0.1)


def test_two_arms_of_equal_exposure_by_hand() -> None:
    # shares 1/2 by symmetry: each window adds (x_a - x_b)^2 / (x_a + x_b), over 30 windows and 29 degrees
    events = np.array([[30, 10], [10, 30]] * 15)
    assert design_effect(events, np.ones((30, 2))) == pytest.approx(30 * 20**2 / 40 / 29)


def test_a_lift_is_not_dispersion() -> None:
    exposures = np.stack([np.full(40, 100.0), np.full(40, 300.0)], axis=-1)
    assert design_effect(exposures * [0.1, 0.2], exposures) == 1.0


def test_shares_that_move_are_followed_and_so_is_the_lift() -> None:
    share = np.linspace(0.1, 0.9, 50)[:, None]
    exposures = 1000 * np.concatenate([1 - share, share], axis=-1)
    assert design_effect(exposures * [0.1, 0.3], exposures) == 1.0


def test_three_arms(chance: np.random.Generator) -> None:
    exposures = np.ones((2000, 3))
    events = 4 * chance.poisson(5.0, (2000, 3))
    assert design_effect(events, exposures) == pytest.approx(4, rel=0.1)


def test_windows_without_events_or_with_one_arm_do_not_count(chance: np.random.Generator) -> None:
    events, exposures = split(chance, 30, 0.5)
    known = design_effect(events, exposures)
    more = np.concatenate([events, [[0, 0], [7, 0]]]), np.concatenate([exposures, [[5, 5], [9, 0]]])
    assert design_effect(*more) == pytest.approx(known, rel=1e-12)  # the sums are of other lengths
    assert np.isnan(design_effect(events[:29], exposures[:29]))
    assert not np.isnan(design_effect(events[:5], exposures[:5], min_windows=5))


def test_an_arm_without_any_event_leaves_the_others_comparable() -> None:
    events = np.array([[30.0, 10.0, 0.0], [10.0, 30.0, 0.0]] * 15)
    with_dead_arm = design_effect(events, np.ones((30, 3)))
    assert with_dead_arm == pytest.approx(design_effect(events[:, :2], np.ones((30, 2))))
    assert np.isnan(design_effect(events[:, 1:] * [1, 0], np.ones((30, 2))))


def test_leading_axes_are_experiments_and_nan_stays_alone(chance: np.random.Generator) -> None:
    several = [split(chance, 60, 0.5, cluster=c) for c in (1, 3, 4)]
    events, exposures = np.array([x for x, _ in several], dtype=float), np.array([m for _, m in several])
    events[2, 5, 0] = np.nan
    together = design_effect(events, exposures)
    np.testing.assert_allclose(together[:2], [design_effect(*one) for one in several[:2]], rtol=1e-9)
    assert np.isnan(together[2])
    assert isinstance(design_effect(*several[0]), np.float64)


def clustered_proportion(chance: np.random.Generator, rate: float, each: int) -> tuple[np.ndarray, np.ndarray]:
    """60 windows of 200 users in two arms, all the visits of a user with the same outcome."""
    users = chance.binomial(200, 0.4, 60)
    exposures = np.stack([200 - users, users], axis=-1)
    return each * chance.binomial(exposures, rate * np.array([1.0, 1.1])), each * exposures


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.85])
def test_a_proportion_has_the_design_effect_of_its_clusters_at_every_rate(
    chance: np.random.Generator, rate: float
) -> None:
    alone, in_fours = (
        np.mean([design_effect(*clustered_proportion(chance, rate, each), at_most_one=True) for _ in range(30)])
        for each in (1, 4)
    )
    assert 1 <= alone < 1.2
    assert in_fours == pytest.approx(4, rel=0.12)
    # as counts the same events would hide it
    assert design_effect(*clustered_proportion(chance, 0.85, 4)) == pytest.approx(1, abs=0.1)


def test_two_arms_of_a_proportion_by_hand() -> None:
    # given 40 events of 100 exposures the split's variance is 10 * 60 / 99: each window adds 100 / that
    events = np.array([[30, 10], [10, 30]] * 15)
    found = design_effect(events, np.full((30, 2), 50.0), at_most_one=True)
    assert found == pytest.approx(30 * 100 / (10 * 60 / 99) / 29)
    certain = np.concatenate([events, [[50, 50]]]), np.full((31, 2), 50.0)
    assert design_effect(*certain, at_most_one=True) == pytest.approx(found, rel=1e-12)


def test_a_wrong_domain_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="events must be finite and at least 0"):
        design_effect([[-1, 1]], [[1, 1]])
    with pytest.raises(ValueError, match="windows and the arms"):
        design_effect([1, 1], [1, 1])
    with pytest.raises(ValueError, match="min_windows"):
        design_effect([[1, 1]], [[1, 1]], min_windows=1)
