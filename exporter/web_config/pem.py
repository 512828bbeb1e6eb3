"""PEM texts for a library that reads only files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_file(data: bytes) -> Iterator[str]:
    """The path of a private file with these bytes, which is gone after the block.

    In memory where the system can (Linux), so that a key touches no disk and a read-only root is no hindrance; else a
    temporary file of mode 0600.
    """
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - no Path for one question
        handle = os.memfd_create("winburn-pem", os.MFD_CLOEXEC)
        try:
            os.write(handle, data)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    handle, path = tempfile.mkstemp(prefix="winburn-pem-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        yield path
    finally:
        os.unlink(path)  # noqa: PTH108 - as above
