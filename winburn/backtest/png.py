"""The picture as PNG, by matplotlib, which is an optional extra: it draws without a display, and the same bytes for the
same data and release."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

from winburn.backtest.picture import Picture
from winburn.backtest.text import number
from winburn.drawing.scales import Ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISSING = "no PNG: the package matplotlib is not installed; pip install 'winburn[pictures]'"

_COLOURS = ("#c0341d", "#b26a00", "#0b6bab", "#0a7d5a", "#8a3ea8", "#5d6675")
_SOFT = "#596273"


def available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def png(title: str, picture: Picture) -> bytes:
    """The bytes of the file; ImportError where matplotlib is missing."""
    # Not pyplot: it keeps figures and chooses a window system for the whole process.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - an optional extra
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(12, 7.5), dpi=120, layout="constrained")
    heights = [3.0, 4.0, 0.35 * max(1, len(picture.tiers)) + 0.2]
    budget, burn, lanes = figure.subplots(3, 1, sharex=True, height_ratios=heights)
    figure.suptitle(title, fontsize=12)
    _budget(budget, picture)
    _burn(burn, picture)
    _lanes(lanes, picture)
    for axes in (budget, burn):
        _bands(axes, picture)
    lanes.set_xlim(picture.start, picture.end)
    _ticks(lanes.set_xticks, picture.time_ticks)
    lanes.set_xlabel("UTC", fontsize=9, color=_SOFT)
    out = BytesIO()
    FigureCanvasAgg(figure)
    # The library's name and release would change the file without a change of the picture.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _budget(axes: Axes, picture: Picture) -> None:
    axes.set_title("Error budget left", fontsize=9, color=_SOFT, loc="left")
    axes.set_ylim(*picture.budget_range)
    _ticks(axes.set_yticks, picture.budget_ticks)
    axes.grid(visible=True, color="#e1e5eb")
    axes.axhline(0, color=_COLOURS[0], linewidth=0.8)
    for run in picture.budget:
        axes.plot(*zip(*run, strict=True), color="#1d5fd1", linewidth=1.6)


def _burn(axes: Axes, picture: Picture) -> None:
    axes.set_title("Burn rate of each tier's long window", fontsize=9, color=_SOFT, loc="left")
    axes.set_yscale("log")
    axes.set_ylim(*picture.burn_range)
    _ticks(axes.set_yticks, picture.burn_ticks)
    axes.minorticks_off()
    axes.grid(visible=True, color="#e1e5eb")
    for i, tier in enumerate(picture.tiers):
        colour = _COLOURS[i % len(_COLOURS)]
        axes.axhline(tier.factor, color=colour, linewidth=0.9, linestyle="--")
        label = f"{tier.name}: last {tier.window}, fires above {number(tier.factor)}"
        for j, run in enumerate(tier.runs):
            times, values = zip(*run, strict=True)
            shown = [max(value, picture.burn_range[0]) for value in values]
            axes.plot(times, shown, color=colour, linewidth=1.2, label="_" if j else label)
    if any(tier.runs for tier in picture.tiers):
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=4, frameon=False)


def _lanes(axes: Axes, picture: Picture) -> None:
    axes.set_title("Alerts firing", fontsize=9, color=_SOFT, loc="left")
    least = (picture.end - picture.start) / 600
    for i, tier in enumerate(picture.tiers):
        spans = [(since, max(until - since, least)) for since, until in tier.fired]
        axes.broken_barh(spans, (i - 0.35, 0.7), color=_COLOURS[i % len(_COLOURS)])
    axes.set_ylim(max(len(picture.tiers), 1) - 0.5, -0.5)
    names = [f"{tier.name} ({tier.severity}): {len(tier.fired)}" for tier in picture.tiers]
    axes.set_yticks(range(len(names)), names, fontsize=8)


def _bands(axes: Axes, picture: Picture) -> None:
    for i, tier in enumerate(picture.tiers):
        for since, until in tier.fired:
            axes.axvspan(since, until, color=_COLOURS[i % len(_COLOURS)], alpha=0.1, linewidth=0)


def _ticks(put: Any, ticks: Ticks) -> None:
    put([value for value, _ in ticks], [text for _, text in ticks], fontsize=8)
