"""Who takes whose place, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from exporter.contract import Report
from exporter.roster import Part, Roster


class Collecting:
    def __init__(self, name: str, collect: Callable[[float], Iterable[Report]]) -> None:
        self.name, self.collect = name, collect


def named(name: str, entity: str) -> Collecting:
    return Collecting(name, lambda _: [Report(entity)])


def roster(*collectors: Collecting) -> Roster:
    return Roster(collectors, lambda: 0.0, lambda: 0.0)


def take(found: Roster) -> tuple[str, list[str]]:
    outcome = found.done.get(timeout=60)
    found.take(outcome, 1.0)
    return outcome.collector, [report.entity for report in outcome.reports]


def test_who_stays_goes_on_who_is_new_joins_and_who_left_is_not_asked() -> None:
    stays = named("stays", "a")
    found = roster(stays, named("goes", "b"))
    assert found.change([Part("stays", None), Part("new", lambda: named("new", "c"))]) == ["goes"]
    assert {name: track.late for name, track in found.tracks.items()} == {"stays": False, "new": True}
    found.start(1.0)
    assert sorted([take(found), take(found)]) == [("new", ["c"]), ("stays", ["a"])]
    assert found.tracks["stays"].worker.collector is stays
    found.close()


def test_what_is_served_of_a_collector_stays_until_the_next_one_of_its_name_has_run() -> None:
    found = roster(named("x", "a"))
    found.start(1.0)
    take(found)
    found.change([Part("x", lambda: named("x", "b"))])
    assert set(found.tracks["x"].kept) == {"a"}
    found.start(2.0)
    take(found)
    assert set(found.tracks["x"].kept) == {"b"}
    found.close()


def test_one_that_hangs_while_it_leaves_is_waited_for_before_its_name_runs_again() -> None:
    release, order = threading.Event(), list[str]()

    def hang(_: float) -> list[Report]:
        release.wait(60)
        order.append("old")
        return [Report("old")]

    def again(_: float) -> list[Report]:
        order.append("new")
        return [Report("new")]

    found = roster(Collecting("x", hang))
    found.start(1.0)
    assert found.change([]) == ["x"]
    found.change([Part("x", lambda: Collecting("x", again))])
    found.start(2.0)
    release.set()
    assert take(found) == ("x", ["old"])
    found.start(3.0)
    assert take(found) == ("x", ["new"])
    assert order == ["old", "new"]
    found.close()


def test_what_an_old_one_says_that_has_left_is_not_kept() -> None:
    release = threading.Event()

    def hang(_: float) -> list[Report]:
        release.wait(60)
        return [Report("old")]

    found = roster(Collecting("x", hang))
    found.start(1.0)
    found.change([])
    release.set()
    take(found)
    assert found.tracks == {}
    found.close()


def test_what_moves_waits_for_the_last_run_of_who_had_it() -> None:
    release = threading.Event()

    def hang(_: float) -> list[Report]:
        release.wait(60)
        return [Report("moved")]

    found = roster(Collecting("from", hang), named("to", "other"))
    found.start(1.0)
    assert take(found) == ("to", ["other"])
    found.change([Part("to", lambda: named("to", "moved"), frozenset({"from"}))])
    found.start(2.0)
    assert found.tracks["to"].worker.running_since is None
    release.set()
    take(found)
    found.start(3.0)
    assert take(found) == ("to", ["moved"])
    found.close()


class Second(Collecting):
    """Reads what others evaluate."""

    waits_for = frozenset({"first"})


def test_who_reads_from_others_comes_after_them_or_when_there_is_no_time_left() -> None:
    release = threading.Event()

    def slow(_: float) -> list[Report]:
        release.wait(60)
        return [Report("a")]

    found = roster(Second("second", lambda _: [Report("b")]), Collecting("first", slow))
    found.start(1.0)
    assert found.start_later(in_time=True)
    assert found.tracks["second"].worker.running_since is None
    release.set()
    assert take(found) == ("first", ["a"])
    assert not found.start_later(in_time=True)
    assert take(found) == ("second", ["b"])
    release.clear()
    found.start(2.0)
    assert not found.start_later(in_time=False)
    assert take(found) == ("second", ["b"])
    release.set()
    take(found)
    found.close()


def test_one_that_waited_for_others_is_as_old_and_as_late_as_the_instant_makes_it() -> None:
    now = [0.0]
    second = named("second", "b")
    second.waits_for = frozenset({"first"})  # type: ignore[attr-defined]  # which makes it a WaitingCollector
    found = Roster([named("first", "a"), second], lambda: 0.0, lambda: now[0])
    found.start(1.0)
    assert take(found)[0] == "first"
    now[0] = 8.0
    assert not found.start_later(in_time=True)
    outcome = found.done.get(timeout=60)
    assert (outcome.started, outcome.duration, outcome.late) == (0.0, 0.0, 8.0)
    track = found.tracks["second"]
    assert set(track.failures()) == {""}
    found.take(outcome, 7.9)
    assert track.kept["b"].good_at == 0.0
    assert set(track.failures()) == {""}, "still one sentence, as long as it comes late"
    found.close()
