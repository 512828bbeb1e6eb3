"""Documents as texts that tell whether they are still what was written.

No database sees a bit that has turned within a text: a name that is misspelt by it, or a number, is as good JSON as the
right one, and whoever restores its state of it fails at each start.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from exporter.state.engine import dump

_SEAL = re.compile(r'"~crc":([0-9]{1,10})\}')


class DamagedError(ValueError):
    """The text is not what was written."""


def sealed(body: Any, *beside: str | float | None) -> str:
    """JSON as the store keeps it, an object with a checksum as the last key: of its text, and of what stands ``beside``
    it in its row. ValueError as of dump."""
    text = dump(body)
    if not isinstance(body, Mapping):
        return text
    return f'{text[:-1]}{"," if body else ""}"~crc":{_sum(text, beside)}}}'


def unsealed(text: str, *beside: str | float | None) -> Any:
    """What :func:`sealed` was given; DamagedError where it, or what stands beside it, cannot be that. Texts of before
    have no checksum."""
    try:
        found = _SEAL.fullmatch(text, max(text.rfind('"~crc":'), 0))
        if found is None:
            return json.loads(text)
        bare = text[: found.start()].removesuffix(",") + "}"
        if _sum(bare, beside) != int(found[1]):
            raise DamagedError("its checksum is another")
        return json.loads(bare)
    except (ValueError, RecursionError) as error:
        raise DamagedError(str(error)) from None


def _sum(text: str, beside: Sequence[str | float | None]) -> int:
    more = dump(beside) if beside else ""
    return zlib.crc32(f"{text}{more}".encode("utf-8", "surrogatepass"))
