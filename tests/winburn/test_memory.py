"""One arena for all threads, where there is glibc; in a process of its own, because it is for ever."""

from __future__ import annotations

import platform
import subprocess
import sys


def test_it_says_whether_it_could_be_done_and_threads_still_allocate() -> None:
    script = (
        "import threading; from winburn.memory import share_one_arena; done = share_one_arena(); found = []; "
        "t = threading.Thread(target=lambda: found.append(len(bytes(10**7)))); t.start(); t.join(); print(done, found)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{platform.libc_ver()[0] == 'glibc'} [10000000]\n"
