"""One arena for all threads, where there is glibc; in a process of its own, because it is for ever."""

from __future__ import annotations

import platform
import subprocess
import sys


def printed(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_it_says_whether_it_could_be_done_and_threads_still_allocate() -> None:
    script = (
        "import threading; from winburn.memory import share_one_arena; done = share_one_arena(); found = []; "
        "t = threading.Thread(target=lambda: found.append(len(bytes(10**7)))); t.start(); t.join(); print(done, found)"
    )
    assert printed(script) == f"{platform.libc_ver()[0] == 'glibc'} [10000000]\n"


def test_a_refresh_of_many_series_is_not_looked_through() -> None:
    script = (
        "import gc; from winburn.memory import collect_seldom, expect_series; collect_seldom()\n"
        "few = gc.get_threshold(); expect_series(100); same = gc.get_threshold()\n"
        "expect_series(100_000); before = gc.get_stats()\n"
        "old = [(i, [i]) for i in range(100_000)]; new = [(i, [i]) for i in range(40_000)]\n"
        "print(few == same, gc.get_threshold()[0] >= 200_000, gc.get_stats() == before)"
    )
    assert printed(script) == "True True True\n"


def test_cyclic_garbage_is_looked_for_seldom_and_still_found() -> None:
    script = (
        "import gc, weakref; from winburn.memory import collect_seldom; collect_seldom(); seldom = gc.get_threshold()\n"
        "class Node: pass\n"
        "node = Node(); node.itself = node; alive = weakref.ref(node); del node; seen = 0; held = []\n"
        "while alive() and seen < 10**6: held.append([]); seen += 1\n"
        "print(seldom[0] >= 10_000, alive() is None, gc.isenabled())"
    )
    assert printed(script) == "True True True\n"
