"""Small pieces of the landing page: cells, status pills, bars and intervals. All text that comes in is escaped here,
except what is said to be markup."""

from __future__ import annotations

from html import escape

# Shapes say what colours say, for those who do not see the colours.
_SHAPES = {
    "bad": '<path d="M2 0l3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3-3-3z"/>',
    "warn": '<path d="M5 0l5 10H0z"/>',
    "good": '<path d="M1.4 4.2L4 6.8 8.6 1.4 10 2.8 4.1 9.6 0 5.6z"/>',
    "info": '<path d="M1 0l9 5-9 5z"/>',
    "": '<path d="M0 4h10v2.4H0z"/>',
}
_WIDTH = 132
_MIDDLE = _WIDTH / 2


def cell(label: str, markup: str | None, *, kind: str = "num", hide: bool = False) -> str:
    """A table cell of markup; a dash where there is nothing to say, nothing at all where the column does not apply.

    Kinds: ``num`` a number, ``num wide`` one with a picture, ``state`` a pill.
    """
    if hide:
        return f'<td role="cell" class="{kind}"></td>'
    shown = '<span class="none" title="not defined now">–</span>' if markup is None else markup
    return f'<td role="cell" data-label="{escape(label)}" class="{kind}"><span>{shown}</span></td>'


def pill(word: str, tone: str) -> str:
    """A status as word, shape and colour."""
    shape = f'<svg viewBox="0 0 10 10" aria-hidden="true">{_SHAPES[tone]}</svg>'
    return f'<span class="pill {tone}">{shape}{escape(word)}</span>'


def bar(share: float, tone: str) -> str:
    """A horizontal bar, full at 1; shares outside 0..1 are drawn at the ends."""
    width = 100 * min(1.0, max(0.0, share))
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="8"/><rect class="fill {tone}" width="{width:.1f}" height="8"/></svg>'
    )


def gauge(share: float, markup: str, tone: str) -> str:
    """A bar with its number (markup) beside it."""
    return f'<span class="gauge">{bar(share, tone)}<b>{markup}</b></span>'


def whisker(middle: float, lower: float | None, upper: float | None, reach: float, tone: str) -> str:
    """An interval around zero, drawn from -reach to +reach; an end that is None runs off the picture."""

    def x(value: float) -> float:
        return _MIDDLE + (_MIDDLE - 4) * (value / reach if reach else 0.0)

    left, right = (0.0 if lower is None else x(lower)), (float(_WIDTH) if upper is None else x(upper))
    return (
        f'<svg class="range" viewBox="0 0 {_WIDTH} 18" aria-hidden="true">'
        f'<path class="zero" d="M{_MIDDLE:.0f} 0v18"/><path class="span {tone}" d="M{left:.1f} 9H{right:.1f}"/>'
        f'<circle class="dot {tone}" cx="{x(middle):.1f}" cy="9" r="4"/></svg>'
    )


def compact(number: float | None) -> str | None:
    """A count: 1,234 up to a million, then 1.23M."""
    if number is None:
        return None
    for limit, suffix in ((1e9, "G"), (1e6, "M")):
        if abs(number) >= limit:
            return f"{number / limit:.2f}{suffix}"
    return f"{number:,.0f}"


def ratio_percent(ratio: float) -> str:
    """0.8731 as 87.3 %, with a minus sign for people."""
    return f"{100 * ratio:,.1f} %".replace("-", "−")


def signed_percent(ratio: float) -> str:
    """A difference: +2.1 %, −0.4 %."""
    return f"{100 * ratio:+,.1f} %".replace("-", "−")
