"""A replayed experiment as text for a terminal, and as a JSON value."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from exporter.promql import format_duration
from winburn.backtest.experiment import AtEnd, Replay, Told
from winburn.backtest.text import NONE, columns, indented, number, percent, plural, when

_HEADS = ("alert", "severity", "variant", "metric", "verdict", "from", "until", "sent")
_END_HEADS = ("variant", "metric", "participants", "lift", "interval", "e-value", "verdict")
_VERDICTS = {-1: "worse", 0: "undecided", 1: "better"}


def experiment_table(replay: Replay) -> str:
    """Everything about one experiment, ending with a newline."""
    it, span = replay.experiment, replay.span
    title = f"{it.name}: {', '.join(_others(replay))} against {it.control}, {when(span.start)} to {when(span.end)} UTC"
    lines = [f"{title}, every {format_duration(span.step)}", "", f"  would have sent: {_sent(replay)}", ""]
    if replay.told:
        lines += [*indented(columns(_HEADS, [_row(each) for each in replay.told])), ""]
    lines += [*indented(columns(_END_HEADS, [_end(each) for each in replay.variants])), ""]
    return "\n".join([*lines, ""])


def experiment_document(replay: Replay) -> dict[str, Any]:
    """Times as Unix seconds, shares 0 to 1, null where undefined."""
    return {
        "experiment": replay.experiment.name,
        "control": replay.experiment.control,
        "from": replay.span.start,
        "to": replay.span.end,
        "step_seconds": replay.span.step,
        "alerts": [{**asdict(each), "severity": each.severity} for each in replay.told],
        "variants": [asdict(each) for each in replay.variants],
    }


def _others(replay: Replay) -> list[str]:
    return [variant for variant in replay.experiment.variants if variant != replay.experiment.control]


def _sent(replay: Replay) -> str:
    told = [each.severity for each in replay.told if each.told is not None]
    nouns = {"page": "page", "ticket": "ticket", "info": "message"}
    return ", ".join(plural(told.count(severity), noun) for severity, noun in nouns.items())


def _row(each: Told) -> tuple[str, ...]:
    until = "still holds" if each.until is None else when(each.until)
    sent = "too short" if each.told is None and each.until is not None else when(each.told)
    names = (each.variant, each.metric, each.word)
    return (each.alert, each.severity, *(name or NONE for name in names), when(each.since), until, sent)


def _end(each: AtEnd) -> tuple[str, ...]:
    return (
        each.variant,
        each.metric,
        NONE if each.participants is None else number(each.participants),
        percent(each.lift),
        NONE if each.lower is None and each.upper is None else f"{percent(each.lower)} to {percent(each.upper)}",
        NONE if each.e_value is None else number(each.e_value),
        NONE if each.verdict is None else _VERDICTS[int(each.verdict)],
    )
