"""Memory of a long run."""

from __future__ import annotations

import ctypes
import gc

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h of glibc
_LARGE = 1 << 20
_GC_OBJECTS, _OF_A_SERIES = 50_000, 3


def share_one_arena() -> bool:
    """Have all threads allocate from one arena, and say whether that could be done: with glibc only.

    By default glibc gives each thread its own, which keeps what is freed there. Threads that hold Python's lock while
    they allocate gain nothing by that. Blocks of a megabyte and more, which the bodies of a large exposition are, are
    asked of the system one by one: glibc would soon take them from the common heap, and what small things then lie
    behind them keeps them there when they are free. To be called before there are threads.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE)) and bool(mallopt(_M_ARENA_MAX, 1))


def collect_seldom() -> None:
    """Have Python look for cyclic garbage less often, and never among what was imported.

    Each refresh replaces tens of thousands of objects that are in no cycle, which reference counts free at once;
    looking through them again and again costs a sixth of a refresh of 1,000 SLOs. To be called before the work begins.
    """
    gc.collect()
    gc.freeze()
    expect_series(0)


def expect_series(series: int) -> None:
    """Have Python look for cyclic garbage only where more objects came than a refresh of so many series brings.

    A refresh has the new ones when the old ones are still there, and looking through them keeps Python's lock: 30 ms
    and more at 100,000 series, for which a scrape would wait.
    """
    gc.set_threshold(max(_GC_OBJECTS, _OF_A_SERIES * series), *gc.get_threshold()[1:])


def forget_reloads() -> None:
    """Free what specs of before have left.

    They are objects in cycles, which Python would look for after as many refreshes as hardly ever come: after ten times
    ten of its seldom looks. It takes about a tenth of a second at 2,000 entries, in which nothing else runs.
    """
    gc.collect()
