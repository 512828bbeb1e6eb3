"""What the tests of the loop are made of: a clock and collectors that do what they are told."""

import threading
from collections.abc import Callable, Iterable

from exporter.contract import Report, sample
from exporter.loop import Loop
from exporter.snapshot import Snapshot

REFRESH, LAG, KEEP = 15.0, 20.0, 60.0


class Clock:
    """Wall and monotonic time that move when told to."""

    def __init__(self, now: float = 1_000_000_007.0) -> None:
        self.wall, self.mono = now, 500.0

    def advance(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


class Scripted:
    """A collector that does what its ``then`` says at each run."""

    def __init__(self, name: str, then: Callable[[float], Iterable[Report]]) -> None:
        self.name, self.then = name, then
        self.asked: list[float] = []

    def collect(self, at: float) -> Iterable[Report]:
        self.asked.append(at)
        return self.then(at)


class Hanging:
    """A collector that hangs until released; then it is good."""

    def __init__(self, name: str = "slow") -> None:
        self.name, self.release, self.asked, self.inside = name, threading.Event(), 0, False

    @property
    def hangs(self) -> bool:
        return self.inside and not self.release.is_set()

    def collect(self, at: float) -> list[Report]:
        self.asked += 1
        self.inside = True
        self.release.wait(60)
        self.inside = False
        return good("late")(at)


class Patience:
    """Monotonic time that stands still while somebody works, and passes a refresh's deadline once all that are left
    are ``hung``: what will be done is in time, and what hangs is late, however busy the machine is."""

    def __init__(self) -> None:
        self.now, self.hung = 500.0, lambda: False

    def __call__(self) -> float:
        if self.hung():
            self.now += REFRESH
        return self.now


def good(slo: str) -> Callable[[float], list[Report]]:
    info = sample("slo_objective_ratio", 0.99, slo=slo)
    return lambda _: [Report(slo, (sample("slo_trend", 1, slo=slo),), (info,))]


def failing(_: float) -> list[Report]:
    raise ConnectionError("refused")


def loop_of(*collectors: Scripted | Hanging, clock: Clock | None = None, **more: object) -> Loop:
    clock = clock or Clock()
    options = {"refresh": REFRESH, "lag": LAG, "keep_seconds": KEEP, "monotonic": lambda: clock.mono} | more
    return Loop(collectors, clock=lambda: clock.wall, **options)  # type: ignore[arg-type]


def values(snapshot: Snapshot) -> dict[str, float]:
    """``family{label values}`` to value."""
    return {f"{s.name}{{{','.join(value for _, value in s.labels)}}}": s.value for s in snapshot.samples}
