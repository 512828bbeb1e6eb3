"""What a conversion has to say: where it stands, which SLO it concerns, what was lost and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNPRINTABLE = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]+")


class ConvertError(Exception):
    """Something cannot be converted: ``line`` of the input (0: all of it) and the reason, with a way out."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Note:
    """One warning. ``slo`` is empty where a whole document is meant, ``line`` 0 where a whole file is."""

    file: str
    line: int
    slo: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return one_line(f"{place}: {self.slo}: {self.message}" if self.slo else f"{place}: {self.message}")


def one_line(text: str) -> str:
    """The text without line breaks, control characters and repeated blanks."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def shown(text: str) -> str:
    """A piece of input as a message quotes it: one line, at most 80 characters."""
    flat = one_line(text)
    return f"'{flat if len(flat) <= 80 else flat[:77] + '...'}'"
