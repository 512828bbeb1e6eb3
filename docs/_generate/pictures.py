"""The pictures of the explanations, from the functions of exporter.stats: `python -m docs._generate.pictures`.

They are kept in docs/pictures, so that the pages can be read without building the site; a test draws them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docs._generate.draw import BLUE, GREEN, GREY, ORANGE, Line, across, chart, upright, words
from docs._generate.house import house
from exporter.stats import burn, epochs, sequential

FOLDER = Path(__file__).resolve().parents[1] / "pictures"
Floats = NDArray[np.float64]
_PERCENT = [(share / 100, f"{share} %") for share in (0, 20, 40, 60)]
_THOUSANDS = [(n, f"{n:,}") for n in (20_000, 40_000, 60_000, 80_000, 100_000)]
_LOOKS, _EVERY, _PATHS = 200, 500, 600


def _counts(rate: tuple[float, float], seed: int, paths: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Cumulative successes and visitors of both arms, shape (paths, looks)."""
    rng = np.random.default_rng(seed)
    new_b = rng.binomial(_EVERY, 0.5, (paths, _LOOKS))
    new = (rng.binomial(_EVERY - new_b, rate[0]), _EVERY - new_b, rng.binomial(new_b, rate[1]), new_b)
    s_a, n_a, s_b, n_b = (np.cumsum(part, axis=1).astype(np.float64) for part in new)
    return s_a, n_a, s_b, n_b


def _z(s_a: Floats, n_a: Floats, s_b: Floats, n_b: Floats) -> Floats:
    p_a, p_b = s_a / n_a, s_b / n_b
    z: Floats = (p_b - p_a) / np.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    return z


def watching() -> str:
    """Share of A/A tests that were ever called, by visitors."""
    counts = _counts((0.1, 0.1), 9, _PATHS)
    s_a, n_a, s_b, n_b = counts
    z, xs = np.abs(_z(*counts)), [float(_EVERY * look) for look in range(1, _LOOKS + 1)]
    evidence = sequential.headline_log_e(*counts, n_b / (n_a + n_b))
    rules = (z > 1.96, (z > 1.6449) & (np.minimum(s_a, s_b) >= 150), evidence >= np.log(20))
    test, chance, ours = (np.maximum.accumulate(rule, axis=1).mean(axis=0).tolist() for rule in rules)
    lines = [
        Line("95 % chance to win, from 150 conversions on", ORANGE, xs, chance, (34_000, 0.595)),
        Line("t test, p < 0.05", BLUE, xs, test, (70_000, 0.36)),
        Line("winburn, alpha 5 %", GREEN, xs, ours, (70_000, 0.07)),
        Line("promised: 5 %", GREY, [0, 100_000], [0.05, 0.05], (4_000, 0.065), dashed=True),
    ]
    return chart(
        "A/A tests that were ever called, watched every 500 visitors",
        across(0, 100_000),
        upright(0, 0.65),
        lines,
        x_ticks=_THOUSANDS,
        y_ticks=_PERCENT,
        x_name="visitors of both arms; 10 % convert, nothing differs",
    )


def e_values() -> str:
    """The e-value of one experiment with a difference and of one without."""
    xs = [float(_EVERY * look) for look in range(1, _LOOKS + 1)]
    paths = []
    for rate, seed in (((0.1, 0.108), 5), ((0.1, 0.1), 12)):
        s_a, n_a, s_b, n_b = _counts(rate, seed, 1)
        paths.append(np.exp(sequential.headline_log_e(s_a, n_a, s_b, n_b, n_b / (n_a + n_b)))[0].tolist())
    lines = [
        Line("the variant is 8 % better", GREEN, xs, paths[0], (12_000, 60)),
        Line("nothing differs", BLUE, xs, paths[1], (70_000, 0.45)),
        Line("20: called at alpha 5 %", GREY, [0, 100_000], [20, 20], (1_500, 24), dashed=True),
    ]
    return chart(
        "The weight of the evidence while visitors come",
        across(0, 100_000),
        upright(0.03, 3000, log=True),
        lines,
        x_ticks=_THOUSANDS,
        y_ticks=[(value, f"{value:g}") for value in (0.1, 1, 10, 100, 1000)],
        x_name="visitors of both arms",
    )


def budget() -> str:
    """What is left of a rolling budget of 30 days after an outage, by days."""
    days = np.arange(0, 45.01, 0.25)
    hourly = np.full(days.shape, 0.0004 * 0.25)  # a quiet day spends 40 % of what it may
    outage = np.where(np.isclose(days, 10), 0.5 * 2 / 24, 0.0)  # two hours in which half of all requests fail
    spent = np.cumsum(hourly + outage)
    before = np.interp(days - 30, days, spent, left=np.nan)
    gone = np.where(np.isnan(before), spent + 0.0004 * (30 - np.minimum(days, 30)), spent - np.nan_to_num(before))
    left = (1 - gone / (30 * 0.001)).tolist()
    lines = [
        Line("error budget left", BLUE, days.tolist(), left, (15, -0.62)),
        Line("none left: the objective is missed", GREY, [0, 45], [0, 0], (0.5, 0.05), dashed=True),
    ]
    return chart(
        "Two hours in which half of all requests fail, objective 99.9 % over 30 days",
        across(0, 45),
        upright(-1, 1),
        lines,
        x_ticks=[(day, f"day {day}") for day in (0, 10, 20, 30, 40)],
        y_ticks=[(share, f"{100 * share:.0f} %") for share in (-1, -0.5, 0, 0.5, 1)],
        x_name="the bad hours leave a rolling period as suddenly as they came, 30 days later",
    )


def gate() -> str:
    """Burn rate and probability of so many errors in an hour of 60 requests."""
    errors = np.arange(0, 6)
    chance = burn.p_value(errors, np.full(6, 60), 99.9).tolist()
    rates = burn.burn_rate(errors, np.full(6, 60), 99.9).tolist()
    x, y = across(-0.5, 5.5), upright(1e-9, 1, log=True)
    marks = [
        mark
        for n, p, rate in zip(errors.tolist(), chance, rates, strict=True)
        for mark in (
            f'<circle cx="{x.at(n):g}" cy="{y.at(p):g}" r="5" fill="{GREEN if p >= 1e-4 else ORANGE}"/>',
            words(
                x.at(n) + (9 if n < 5 else -9),
                y.at(p) + 4,
                f"burn {rate:.1f}",
                size=12,
                anchor="start" if n < 5 else "end",
            ),
        )
    ]
    lines = [Line("pages below this line only", GREY, [-0.5, 5.5], [1e-4, 1e-4], (-0.4, 1.7e-5), dashed=True)]
    return chart(
        "How probable are so many errors in 60 requests, if the objective of 99.9 % is just met?",
        x,
        y,
        lines,
        x_ticks=[(n, str(n)) for n in errors.tolist()],
        y_ticks=[(10.0**power, f"1e{power}" if power else "1") for power in (-8, -6, -4, -2, 0)],
        x_name="failed requests of 60 in the hour (the usual rule pages above a burn rate of 14.4)",
        more=marks,
    )


def ramp() -> str:
    """The lift that a ramp shows, pooled and by epochs, where nothing differs; the mean of many runs."""
    rng = np.random.default_rng(4)
    late = np.arange(_LOOKS) >= _LOOKS // 2
    share, rate = np.where(late, 0.5, 0.1), np.where(late, 0.12, 0.08)
    new_b = rng.binomial(_EVERY, share, (_PATHS, _LOOKS))
    new = (_EVERY - new_b, rng.binomial(_EVERY - new_b, rate), new_b, rng.binomial(new_b, rate))
    pooled_n_a, pooled_s_a, pooled_n_b, pooled_s_b = (np.cumsum(part, axis=1).astype(float) for part in new)
    pooled = (pooled_s_b / pooled_n_b) / (pooled_s_a / pooled_n_a) - 1
    by_epoch = [
        np.stack([np.cumsum(np.where(part, each, 0), axis=1) for part in (~late, late)], axis=-1).astype(float)
        for each in new
    ]
    difference, _ = epochs.stratified_difference(*by_epoch)
    # Over what control has in the same mixture of epochs, so that both lines are relative lifts.
    weights = by_epoch[0] * by_epoch[2] / np.maximum(by_epoch[0] + by_epoch[2], 1)
    control = np.divide(by_epoch[1], by_epoch[0], out=np.zeros_like(by_epoch[0]), where=by_epoch[0] > 0)
    level = (weights * control).sum(axis=-1) / weights.sum(axis=-1)
    xs = [float(_EVERY * look) for look in range(1, _LOOKS + 1)]
    lines = [
        Line("counts pooled", ORANGE, xs, pooled.mean(axis=0).tolist(), (80_000, 0.23)),
        Line("by epochs", GREEN, xs, (difference / level).mean(axis=0).tolist(), (76_000, 0.02)),
        Line("the split changes", GREY, [50_000, 50_000], [-0.05, 0.25], (51_000, 0.235), dashed=True),
    ]
    return chart(
        "The lift of a variant that does not differ, while its traffic goes from 10 to 50 %",
        across(0, 100_000),
        upright(-0.05, 0.25),
        lines,
        x_ticks=_THOUSANDS,
        y_ticks=[(share / 100, f"{share} %") for share in (-5, 0, 5, 10, 15, 20, 25)],
        x_name="visitors of both arms; at the same time the rate of both goes from 8 to 12 %",
    )


PICTURES: Mapping[str, Callable[[], str]] = {
    "budget.svg": budget,
    "e-values.svg": e_values,
    "gate.svg": gate,
    "house.svg": house,
    "ramp.svg": ramp,
    "watching.svg": watching,
}
"""File -> what draws it."""


def main() -> None:
    """Draw all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
