"""Memory of a long run."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # malloc.h of glibc


def share_one_arena() -> bool:
    """Have all threads allocate from one arena, and say whether that could be done: with glibc only.

    By default glibc gives each thread its own, which keeps what is freed there. Threads that hold Python's lock while
    they allocate gain nothing by that. To be called before there are threads.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, 1))
