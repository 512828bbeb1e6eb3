"""The demo: everything on this machine, from nothing, and nothing left running after it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

import requests

from winburn.demo import counters, files, receiver, watch
from winburn.demo.parts import USUAL_PORT, Demo, open_shop, start_exporter, start_servers
from winburn.demo.receiver import Say, clock
from winburn.demo.timeline import timeline
from winburn.processes import Group, Process, ServerError

DEFAULT_SEED = 22
"""Of the visitors; any will do: the winner is decided within half a minute to two and a half, mostly after one."""
_POLL, _STATUS_EVERY = 2.0, 10.0


def run(
    folder: Path,
    *,
    seconds: float | None,
    seed: int = DEFAULT_SEED,
    out: TextIO,
    env: Mapping[str, str],
    stop: threading.Event | None = None,
) -> int:
    """Run the demo in ``folder`` until Ctrl-C, SIGTERM, ``stop``, or for ``seconds`` after the shop has opened.

    Everything it started has ended when it returns. Returns 0, or 1 where the demo cannot start or the exporter ends by
    itself, with the reason on ``out``.
    """
    say = _speaker(out)
    try:
        with _interruptible(), files.claimed(folder), Group() as children:
            _play(Demo(folder, say, env, children), seconds, seed, stop or threading.Event())
    except KeyboardInterrupt:
        say("")
    except (files.FolderError, ServerError) as problem:
        say(str(problem))
        return 1
    say(f"The demo has ended, and everything it started. Its files: {folder.absolute()}")
    return 0


def _play(demo: Demo, seconds: float | None, seed: int, stop: threading.Event) -> None:
    with ExitStack() as stack:
        hook = stack.enter_context(receiver.receiving(demo.say, 0))
        edge, observe = stack.enter_context(counters.serving(0))
        shop = open_shop(demo, seed, observe, stack)
        start_servers(demo, hook, edge)
        exporter = start_exporter(demo)
        opening = int(time.time()) + 2
        shop.open(opening)
        until = None if seconds is None else opening + seconds
        _introduce(demo, opening, until)
        _follow(demo, exporter, until, stop)


def _introduce(demo: Demo, opening: int, until: float | None) -> None:
    places = {
        "Live page": f"{demo.exporter}/live  (budgets, experiments, posts, kills; as they change)",
        "Exporter": f"{demo.exporter}  (metrics: {demo.exporter}/metrics)",
        "Prometheus": f"{demo.prometheus}/alerts" if demo.prometheus else None,
        "Alertmanager": demo.alertmanager,
        "Dashboards": f"{demo.folder.absolute() / 'dashboards'}  (JSON and provisioning for Grafana 10 or newer)",
        "Spec": f"{demo.spec.absolute()}  (and rules, logs and the shop's database beside it)",
    }
    demo.say("\nWhat to look at")
    for name, place in places.items():
        if place:
            demo.say(f"  {name:12}  {place}")
    if demo.exporter_port != USUAL_PORT:
        demo.say(f"  Port {USUAL_PORT} is another program's on this machine, so the exporter has a free one.")
    demo.say("\nWhat will happen")
    for line in timeline(opening, until, alerting=demo.prometheus is not None):
        demo.say(f"  {line}")
    ending = f"It ends at {clock(until)}, or at Ctrl-C." if until is not None else "Ctrl-C ends it."
    demo.say(f"\nThe shop opens at {clock(opening)}. {ending}\n")


def _follow(demo: Demo, exporter: Process, until: float | None, stop: threading.Event) -> None:
    """Tell what changes at once and how things stand every ten seconds. ServerError where the exporter has ended."""
    session = requests.Session()
    session.trust_env = False  # a proxy knows nothing of our loopback
    before, verdicts, next_status = watch.View(), watch.Verdicts(), time.time()
    while until is None or time.time() < until:
        if exporter.popen.poll() is not None:
            raise ServerError(f"The exporter has ended. End of {exporter.log}:\n{exporter.tail()}")
        now = _view(session, f"{demo.exporter}/metrics")
        if now is not None:
            for change in (*watch.changes(before, now), *verdicts.news(now, time.time())):
                demo.say(f"{clock(time.time())}  {change}")
            before = now
        if time.time() >= next_status:
            next_status += _STATUS_EVERY
            lines = watch.status_lines(now) if now else ["the exporter does not answer"]
            for line in lines:
                demo.say(f"{clock(time.time())}  {line}")
        if stop.wait(_POLL if until is None else max(0.0, min(_POLL, until - time.time()))):
            return


def _view(session: requests.Session, url: str) -> watch.View | None:
    try:
        answer = session.get(url, timeout=5)
        answer.raise_for_status()
        return watch.view(answer.text)
    except (requests.RequestException, ValueError):
        return None


def _speaker(out: TextIO) -> Say:
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            out.write(f"{line}\n")
            out.flush()

    return say


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt as well; after the first of the three none disturbs the cleaning.

    Only where it can be done: in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.signal(number, interrupt) for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
