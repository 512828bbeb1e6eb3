"""Instant vectors as Prometheus writes them, read without an object for each label: half the cost of JSON.

Only what is written exactly so is taken, and nothing is guessed: no blanks, no escapes, no warnings, floats as texts.
For any other answer, right or wrong, there is the JSON parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.sources.base import BETWEEN, INSIDE

_HEAD = b'{"status":"success","data":{"resultType":"vector","result":['
_TAIL = b"]}}"
_ODD = bytes(range(32)) + b"\\"
"""What JSON refuses in a text, the two signs of series keys among it, and what begins an escape."""
_DOUBTFUL = ('":":"', '":","', '",":"')
"""Where a text is a lone colon or comma, its quotes could be taken for those of its neighbours."""
_SERIES = re.compile(r'\{"metric":\{"([^"]*)"\},"value":\[((?:0|[1-9][0-9]*)(?:\.[0-9]+)?),"([^"]*)"\]\}')
_AROUND = len('{"metric":{""},"value":[,""]},')

Series = tuple[str, tuple[str, str]]
"""Key, and time and value as they stand in the answer."""


@dataclass(frozen=True, slots=True)
class Vector:
    """The series of an answer: labels (pairs as in a series key, in the order of the answer), time, value."""

    found: list[tuple[str, str, str]]

    def split(self, marker: str | None, count: int) -> list[list[Series]]:
        """See :func:`exporter.sources.prometheus_answers.split`; ValueError for a series of no selector."""
        if marker is None:
            return [[(_key(labels), (time, value)) for labels, time, value in self.found]]
        answers: dict[str, list[Series]] = {str(number): [] for number in range(count)}
        before = f"{BETWEEN}{marker}{INSIDE}"
        try:
            for labels, time, value in self.found:
                head, _, tail = (BETWEEN + labels).partition(before)
                number, more, rest = tail.partition(BETWEEN)
                pairs = (head + more + rest)[1:].split(BETWEEN)
                pairs.sort()  # as in _key()
                answers[number].append((BETWEEN.join(pairs), (time, value)))
        except KeyError:
            raise ValueError("a series that belongs to no selector") from None
        return [*answers.values()]


def vector(body: bytes) -> Vector | None:
    """The series of a body; None where the JSON parser must read it."""
    if not (body.startswith(_HEAD) and body.endswith(_TAIL)) or len(body.translate(None, _ODD)) < len(body):
        return None
    try:
        text = body[len(_HEAD) : -len(_TAIL)].decode()
    except UnicodeDecodeError:
        return None
    if any(doubt in text for doubt in _DOUBTFUL):
        return None
    # Without escapes every quote begins or ends a text, so that these stand between texts and never in one.
    text = text.replace('":"', INSIDE).replace('","', BETWEEN)
    found = _SERIES.findall(text)
    taken = sum([len(labels) + len(time) + len(value) for labels, time, value in found]) + _AROUND * len(found)
    # As long as all that was found, and the commas between: nothing was passed over.
    whole = taken == len(text) + 1 and text.count(INSIDE) == text.count(BETWEEN) + len(found)
    return Vector(found) if whole or not text else None


def _key(labels: str) -> str:
    pairs = labels.split(BETWEEN)
    pairs.sort()  # by name: the sign after it comes before all others
    return BETWEEN.join(pairs)
