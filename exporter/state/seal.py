"""Documents as texts that tell whether they are still what was written.

No database sees a bit that has turned within a text: a name that is misspelt by it, or a number, is as good JSON as the
right one, and whoever restores its state of it fails at each start.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from exporter.state.engine import dump

_SEAL = re.compile(r'"~crc":([0-9]{1,10})\}')


class DamagedError(ValueError):
    """The text is not what was written."""


def sealed(body: Any) -> str:
    """JSON as the store keeps it, an object with a checksum of its text as the last key; ValueError as of dump."""
    text = dump(body)
    if not isinstance(body, Mapping):
        return text
    return f'{text[:-1]}{"," if body else ""}"~crc":{_sum(text)}}}'


def unsealed(text: str) -> Any:
    """What :func:`sealed` was given; DamagedError where it cannot be that. Texts of before have no checksum."""
    try:
        found = _SEAL.fullmatch(text, max(text.rfind('"~crc":'), 0))
        if found is None:
            return json.loads(text)
        bare = text[: found.start()].removesuffix(",") + "}"
        if _sum(bare) != int(found[1]):
            raise DamagedError("its checksum is another")
        return json.loads(bare)
    except (ValueError, RecursionError) as error:
        raise DamagedError(str(error)) from None


def _sum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
