"""From one spec to the next in one process: what goes on, what begins, what must not pile up."""

from __future__ import annotations

import gc
import json
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.collectors.experiment_track import ExperimentTrack
from exporter.collectors.slo import SloCollector
from exporter.collectors.slo_track import Track
from exporter.snapshot import Snapshot
from exporter.sources.base import Slots
from exporter.sources.file import FileSource
from exporter.spec import Spec, load
from winburn.reload import Reloader, Reloads
from winburn.running import Running, Watching

NOW = 1_700_000_000.0 // 15 * 15
SPEC = """\
sources:
  csv: {type: file, path: slots.csv}
  counts: {type: file, path: counts.csv}
slos:
  - {name: a, service: s, objective: 99, period: 1d, sli: {source: csv, csv: {}}}
  - {name: b, service: s, objective: 99, period: 1d, sli: {source: csv, csv: {}}}
  - {name: both, service: s, objective: 99, period: 1d, sli: {composite: [{slo: a}, {slo: b}]}}
experiments:
  - name: buttons
    control: blue
    variants: {blue: 0.5, green: 0.5}
    metrics: [{name: conversion, kind: proportion, source: counts, csv: {}}]
state: {url: "sqlite:///state.db"}
"""


class World:
    """A spec in a folder, and what serve runs of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.at = folder, NOW
        rows = "".join(f"{NOW - 15 * i:.0f},100,1\n" for i in range(40, 0, -1))
        (folder / "slots.csv").write_text(f"time,total,bad\n{rows}")
        (folder / "counts.csv").write_text("variant,n,successes\nblue,2000,200\ngreen,2000,20\n")
        self.running = Running(self.spec(SPEC), Watching(live=False, clients=1, origins=()), progress=lambda *_: None)

    def spec(self, text: str) -> Spec:
        (self.folder / "winburn.yml").write_text(text)
        return load(self.folder / "winburn.yml")

    def change(self, text: str) -> list[str]:
        return self.running.change(self.spec(text))

    def refresh(self) -> Snapshot:
        self.at += 15.0
        return self.running.loop.refresh_once(self.at)

    def values(self, name: str, **labels: str) -> list[float]:
        snapshot = self.refresh()
        return [s.value for s in snapshot.samples if s.name == name and labels.items() <= dict(s.labels).items()]

    def until(self, name: str, wanted: list[float] | None = None, **labels: str) -> None:
        """Refresh until this is said, or anything."""
        end = time.monotonic() + 60
        while (found := self.values(name, **labels)) != (found or [0.0] if wanted is None else wanted):
            assert time.monotonic() < end
            time.sleep(0.02)

    def collector(self, name: str) -> SloCollector:
        (found,) = (c for c in self.running._assembly.collectors if c.name == name)
        assert isinstance(found, SloCollector)
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.running.close()


def test_a_spec_that_is_the_same_keeps_every_object(world: World) -> None:
    world.refresh()
    before = world.running._assembly.collectors
    assert world.change(SPEC) == []
    world.refresh()
    assert all(a is b for a, b in zip(before, world.running._assembly.collectors, strict=True))


def test_another_store_is_left_for_the_next_start_and_said(world: World) -> None:
    world.refresh()
    (said,) = world.change(SPEC.replace("state.db", "other.db").replace("objective: 99,", "objective: 95,", 1))
    assert "the store cannot change while winburn runs" in said
    world.until("slo_objective_ratio", [0.95], slo="a")
    assert not (world.folder / "other.db").exists()
    assert world.change(SPEC) == []


def test_a_report_is_on_the_spec_in_force(world: World) -> None:
    world.refresh()
    asked = [("format", "json"), ("slo", "a")]
    before = json.loads(world.running.report(asked).body)["slos"]
    world.change(SPEC.replace("objective: 99,", "objective: 95,", 1))
    after = json.loads(world.running.report(asked).body)["slos"]
    assert [each["objective"] for each in (*before, *after)] == ["99", "95"]


def test_what_did_not_change_keeps_its_past_and_what_did_finds_it_in_the_store(world: World) -> None:
    assert len(world.values("slo_events", window="5m")) == 3
    kept = world.collector("slo:csv").tracks[0]
    old = world.values("slo_events", slo="b", window="1h")
    world.change(SPEC.replace("name: b, service: s, objective: 99", "name: b, service: s, objective: 95"))
    assert world.values("slo_objective_ratio", slo="b") == [0.95]
    assert world.values("slo_events", slo="b", window="1h") == old
    assert world.collector("slo:csv").tracks[0] is kept
    assert world.values("slo_events", slo="both", window="1h")


def test_a_kill_stays_when_its_experiment_is_changed(world: World) -> None:
    assert world.values("experiment_variant_early_kill", variant="green") == [1]
    (world.folder / "counts.csv").write_text("variant,n,successes\nblue,2000,200\ngreen,2000,200\n")
    world.change(SPEC.replace("control: blue\n", "control: blue\n    alpha: 0.1\n"))
    assert world.values("experiment_variant_early_kill", variant="green") == [1]


def test_what_left_is_gone_and_what_is_new_joins_without_making_anybody_wait(world: World) -> None:
    world.refresh()
    third = "  - {name: c, service: s, objective: 99, period: 1d, sli: {source: csv, csv: {}}}\nexperiments:"
    world.change(SPEC.replace("experiments:", third))
    assert world.values("slo_objective_ratio", slo="a") == [0.99]
    world.until("slo_events", slo="c", window="1h")
    world.change(SPEC.split("slos:", maxsplit=1)[0] + "experiments:" + SPEC.split("experiments:")[1])
    snapshot = world.refresh()
    assert not [s for s in snapshot.samples if s.name.startswith("slo_")]
    assert [s for s in snapshot.samples if s.name.startswith("experiment_")]


def test_the_grid_of_refreshes_may_change(world: World) -> None:
    old = world.values("slo_events", slo="a", window="1h")
    world.change(f"refresh: 30s\nlag: 30s\n{SPEC}")
    world.at = world.at // 30 * 30 + 30
    assert world.values("slo_events", slo="a", window="1h") == old


def test_fifty_reloads_leave_nothing_behind(world: World) -> None:
    texts = [SPEC, SPEC.replace("objective: 99", "objective: 98"), SPEC.replace("slots.csv", "./slots.csv")]

    def alive() -> dict[str, int]:
        gc.collect()
        kinds = (SloCollector, Track, FileSource, ExperimentTrack)
        return {kind.__name__: sum(type(each) is kind for each in gc.get_objects()) for kind in kinds} | {
            "threads": threading.active_count(),
            "files": len([*Path("/proc/self/fd").iterdir()]),
        }

    def reload(times: int) -> dict[str, int]:
        for i in range(times):
            world.change(texts[i % 3])
            world.refresh()
        world.change(SPEC)
        world.refresh()
        world.refresh()
        return alive()

    def more() -> dict[str, tuple[int, int]]:
        after = alive()
        # A few pooled connections come and go.
        return {name: (before[name], after[name]) for name in after if after[name] > before[name] + 10}

    before = reload(3)
    reload(50)
    end = time.monotonic() + 60
    while (found := more()) and time.monotonic() < end:  # threads end by themselves
        time.sleep(0.05)
    assert found == {}


def test_a_source_that_hangs_holds_up_neither_the_reload_nor_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = f"refresh: 1s\nlag: 1s\n{SPEC}"
    world.change(quick)
    world.until("slo_objective_ratio", slo="a")
    world.until("experiment_variant_early_kill", [1], variant="green")
    release, inside, most, slots = threading.Event(), [0], [0], FileSource.slots

    def hang(self: FileSource, *arguments: Any) -> Slots:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        release.wait(180)
        inside[0] -= 1
        return slots(self, *arguments)

    monkeypatch.setattr(FileSource, "slots", hang)
    end = time.monotonic() + 60
    while inside != [1]:  # a busy machine may not come to it within a refresh
        assert time.monotonic() < end
        world.refresh()
    world.change(quick.replace("name: b, service: s, objective: 99", "name: b, service: s, objective: 95"))
    world.change(quick.replace("objective: 99", "objective: 98"))
    assert world.values("slo_objective_ratio", slo="a") == [0.99]
    assert world.values("experiment_variant_early_kill", variant="green") == [1]
    release.set()
    world.until("slo_objective_ratio", [0.98], slo="b")
    assert most == [1]


class Scripted:
    """What a reload asks for."""

    def __init__(self, folder: Path) -> None:
        self.path, self.reloads, self.changed = folder / "winburn.yml", Reloads(1.0), list[Spec]()
        self.path.write_text("refresh: 15s\n")
        self.left: list[str] = []
        self.reload = Reloader(self.path, self.change, self.reloads, clock=lambda: 2.0)

    def change(self, spec: Spec) -> list[str]:
        self.changed.append(spec)
        return self.left

    def health(self) -> list[float]:
        return [sample.value for sample in self.reloads.samples()]


def test_every_error_is_in_the_answer_and_one_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scripted = Scripted(tmp_path)
    scripted.path.write_text("refresh: 7s\nlgs: 1s\nmax_age: never\n")
    done, text = scripted.reload()
    assert not done
    assert [line.split(": ")[1] for line in text.splitlines()[1:]] == ["refresh", "lgs", "max_age"]
    assert (scripted.changed, scripted.health()) == ([], [0.0, 1.0])
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1


def test_a_good_one_is_counted_and_says_what_it_left(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path)
    scripted.left = ["state: stays"]
    assert scripted.reload() == (True, "reloaded; the next refresh is by the new spec\nstate: stays")
    assert (len(scripted.changed), scripted.health()) == (1, [1.0, 2.0])


def test_requests_are_served_one_after_the_other(tmp_path: Path) -> None:
    scripted, inside, most = Scripted(tmp_path), [0], [0]

    def change(_: Spec) -> list[str]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return []

    scripted.reload = Reloader(scripted.path, change, scripted.reloads)
    threads = [threading.Thread(target=scripted.reload) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1]


def test_a_mistake_of_ours_is_an_answer_too(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path)

    def change(_: Spec) -> list[str]:
        raise IndexError

    scripted.reload = Reloader(scripted.path, change, scripted.reloads)
    done, text = scripted.reload()
    assert (done, scripted.health()[0]) == (False, 0.0)
    assert "unexpected IndexError" in text


def test_what_a_spec_of_before_has_left_in_cycles_is_freed_by_the_next(tmp_path: Path) -> None:
    """Python looks for it after so many refreshes that a process which is reloaded each minute would only grow."""
    (tmp_path / "slots.csv").write_text("time,total,bad\n")
    (tmp_path / "counts.csv").write_text("variant,n,successes\n")
    (tmp_path / "winburn.yml").write_text(SPEC)
    left: list[weakref.ref[Reloads]] = []

    def change(_: Spec) -> list[str]:
        node = Reloads(0.0)
        node.itself = node  # type: ignore[attr-defined]  # a cycle
        left.append(weakref.ref(node))
        return []

    gc.disable()
    try:
        assert Reloader(tmp_path / "winburn.yml", change, Reloads(0.0))()[0]
    finally:
        gc.enable()
    assert [each() for each in left] == [None]
