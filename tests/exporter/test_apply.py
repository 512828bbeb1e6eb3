"""Each application is done by one process, once, and what came of it is on record."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from exporter.apply import Applier, acts, backoff, samples
from exporter.apply_outcome import Act, Outcome, PointOfNoReturn
from exporter.collectors.experiment_apply import of_kills
from exporter.spec import SqlSource
from exporter.spec.apply_models import Apply
from exporter.state import Application, Latch, State, StateError
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
KILL = Application("button", "new", "kill", "1", {"reason": "worse"})


class Outside:
    """Gives the outcomes that it was told to, in turn, the last one again and again, and counts."""

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = list(outcomes)
        self.seen: list[Application] = []

    def __call__(self, _application: Application) -> Act:
        return Act(self.run, 120)

    def run(self, application: Application, _at: float, point: PointOfNoReturn) -> Outcome:
        point.pass_by()
        self.seen.append(application)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        return Outcome(outcome, f"said {outcome}")  # type: ignore[arg-type] - one of the three


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


@contextmanager
def applier(
    url: str, outside: Callable[[Application], Act | None], **options: float
) -> Iterator[tuple[Applier, State]]:
    state = State(url)
    found = Applier(state, outside, wait=lambda _: 0.01, **options)  # type: ignore[arg-type] - by their names
    try:
        yield found, state
    finally:
        found.close()
        state.close()


def results(state: State) -> list[tuple[str, str, int]]:
    return [(each.result, each.detail, each.attempts) for each in state.applications()]


@pytest.mark.parametrize("result", ["done", "unknown"])
def test_what_may_have_happened_is_done_once_in_this_process_and_the_next(url: str, result: str) -> None:
    outside = Outside(result)
    for _ in range(2):
        with applier(url, outside) as (it, state):
            for _ in range(3):
                it.wish([KILL])
            until(lambda s=state: results(s) == [(result, f"said {result}", 1)])
            it.wish([KILL, Application("button", "new", "kill", "other")][:1])
    assert outside.seen == [KILL]
    assert [(x.action, x.why) for x in State(url).audit()] == [("kill", f"said {result}")]


def test_another_occasion_is_another_application(url: str) -> None:
    outside, again = Outside("done"), Application("button", "new", "kill", "2")
    with applier(url, outside) as (it, state):
        it.wish([KILL, again])
        until(lambda: len(results(state)) == 2)
    assert outside.seen == [KILL, again]


def test_it_is_recorded_before_it_is_begun(url: str) -> None:
    state, found = State(url), list[list[tuple[str, str, int]]]()

    def look(_application: Application, _at: float, _point: PointOfNoReturn) -> Outcome:
        found.append(results(state))
        return Outcome("done", "")

    with applier(url, lambda _: Act(look, 120)) as (it, _):
        it.wish([KILL])
        until(lambda: results(state) == [("done", "", 1)])
    assert found == [[("intended", "", 1)]]


def test_what_was_refused_is_tried_again_until_it_is_done(url: str) -> None:
    outside = Outside("refused", "refused", "done")
    with applier(url, outside) as (it, state):
        it.wish([KILL])
        until(lambda: results(state) == [("done", "said done", 3)])
    assert len(outside.seen) == 3
    assert [entry.facts["result"] for entry in State(url).audit(kind="apply")] == ["refused", "refused", "done"]


def test_what_is_always_refused_is_given_up_after_so_many_times_in_all_processes(url: str) -> None:
    outside = Outside("refused")
    for _ in range(2):
        with applier(url, outside, attempts=4) as (it, state):
            it.wish([KILL])
            until(lambda s=state: results(s) == [("refused", "said refused", 4)])
            time.sleep(0.1)
    assert len(outside.seen) == 4


def test_a_refusal_does_not_keep_others_waiting(url: str) -> None:
    state, outside = State(url), Outside("refused", "done")
    it = Applier(state, outside, wait=lambda _: 1000.0)
    other = Application("button", "other", "kill", "1")
    it.wish([KILL, other])
    until(lambda: {each.member: each.result for each in state.applications()} == {"new": "refused", "other": "done"})
    it.close()
    assert len(outside.seen) == 2


def test_what_a_dead_process_intended_is_unknown_and_not_repeated(url: str, caplog: pytest.LogCaptureFixture) -> None:
    State(url).begin_application(KILL, time.time(), "one that died", attempts=3)
    outside = Outside("done")
    with caplog.at_level(logging.ERROR), applier(url, outside, grace=0.05) as (it, state):
        it.wish([KILL])
        until(lambda: results(state)[0][0] == "unknown")
        it.wish([KILL])
        time.sleep(0.2)
    assert outside.seen == []
    assert [x.facts["result"] for x in State(url).audit()] == ["unknown"]
    assert "whether kill of button new happened is not known" in caplog.text


def test_nothing_is_done_where_nothing_is_to_be_applied(url: str) -> None:
    with applier(url, lambda _: None) as (it, state):
        it.wish([KILL])
        until(lambda: KILL.key in it._settled)
        assert results(state) == []


def test_a_mistake_of_ours_is_told_and_costs_no_later_kill(url: str, caplog: pytest.LogCaptureFixture) -> None:
    outside, later = Outside("done"), Application("button", "old", "kill", "1")

    def act(application: Application) -> Act | None:
        if application == KILL:
            raise KeyError("shop")
        return outside(application)

    with applier(url, act) as (it, state):
        it.wish([KILL])
        until(lambda: caplog.records)
        it.wish([later])
        until(lambda: len(results(state)) == 1)
    assert outside.seen == [later]
    assert caplog.messages == ["apply: unexpected KeyError"]


def test_nothing_is_done_that_cannot_be_recorded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, failures = Outside("done"), iter([True] * 3)
    begin = State.begin_application

    def failing(self: State, *args: object, **options: object) -> object:
        if next(failures, False):
            raise StateError("the disk is full")
        return begin(self, *args, **options)  # type: ignore[arg-type] - passed through

    monkeypatch.setattr(State, "begin_application", failing)
    with applier(url, outside) as (it, state):
        it.wish([KILL])
        until(lambda: results(state) == [("done", "said done", 1)])
    assert len(outside.seen) == 1


def test_an_end_that_cannot_be_recorded_is_recorded_later(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, failures, end = Outside("done"), iter([True] * 3), State.end_application

    def failing(self: State, *args: object) -> None:
        if next(failures, False):
            raise StateError("the disk is full")
        end(self, *args)  # type: ignore[arg-type] - passed through

    monkeypatch.setattr(State, "end_application", failing)
    with applier(url, outside) as (it, state):
        it.wish([KILL])
        until(lambda: results(state) == [("done", "said done", 1)])
    assert len(outside.seen) == 1


def test_wishing_does_not_wait(url: str) -> None:
    go_on = threading.Event()

    def slow(_application: Application, _at: float, _point: PointOfNoReturn) -> Outcome:
        go_on.wait(60)
        return Outcome("done", "")

    with applier(url, lambda _: Act(slow, 120)) as (it, state):
        it.wish([KILL])
        until(lambda: results(state) == [("intended", "", 1)])
        it.wish([Application("button", "other", "kill", "1")])  # would hang here
        go_on.set()
        until(lambda: [result for result, _, _ in results(state)] == ["done", "done"])


PROGRAM = """\
import sys, time
from exporter.apply import Applier, acts
from exporter.spec import SqlSource
from exporter.spec.apply_models import Apply
from exporter.state import Application, State
state, shop = sys.argv[1:]
statement = "INSERT INTO kills VALUES (:variant)"
apply = Apply.model_validate({"kill": {"sql": {"source": "shop", "statement": statement}}})
it = Applier(State(state), acts({"button": apply}, {"shop": SqlSource(type="sql", url=shop)}), grace=1000)
for i in range(10_000):
    it.wish([Application("button", f"v{n}", "kill", "1") for n in range(i + 1)])
    time.sleep(0.002)
"""


def done_in(file: Path) -> int:
    with closing(sqlite3.connect(file, timeout=60)) as shop:
        return int(shop.execute("SELECT COUNT(*) FROM kills").fetchone()[0])


def test_killed_at_any_moment_nothing_is_done_twice(url: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as shop, shop:
        shop.execute("CREATE TABLE kills (variant)")
    for life in range(3):
        command = [sys.executable, "-c", PROGRAM, url, f"sqlite:///{file}"]
        with subprocess.Popen(command, cwd=ROOT) as process:
            until(lambda n=4 * (life + 1): done_in(file) >= n)
            time.sleep(0.003 * life)
            process.kill()
    with closing(sqlite3.connect(file)) as shop:
        kills = [name for (name,) in shop.execute("SELECT variant FROM kills")]
    state = State(url)
    known = {each.member: each.result for each in state.applications()}
    done = {name for name, result in known.items() if result == "done"}
    assert len(kills) == len(set(kills)) >= 12
    assert done <= set(kills) <= set(known)
    assert len(known) - len(done) <= 3  # of each life at most the one that it died over
    state.close()


def test_two_processes_on_one_store_do_each_thing_once(url: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as shop, shop:
        shop.execute("CREATE TABLE kills (variant)")
    apply = Apply.model_validate(
        {"kill": {"sql": {"source": "shop", "statement": "INSERT INTO kills VALUES (:variant)"}}}
    )
    source = SqlSource(type="sql", url=f"sqlite:///{file}")
    wishes = [Application("button", f"v{n}", "kill", "1") for n in range(20)]
    with (
        applier(url, acts({"button": apply}, {"shop": source})) as (one, state),
        applier(url, acts({"button": apply}, {"shop": source})) as (two, _),
    ):
        one.wish(wishes)
        two.wish(wishes)
        until(lambda: state.applied() == {("button", "kill"): 20})
    with closing(sqlite3.connect(file)) as shop:
        assert sorted(shop.execute("SELECT variant FROM kills")) == sorted((wish.member,) for wish in wishes)


def test_counts_outlive_the_process_and_begin_with_0(url: str) -> None:
    apply = Apply.model_validate({"kill": {"webhook": {"url": "http://x", "secret_file": "s"}}})
    found = [(x.labels, x.value) for x in samples(State(url), {"button": apply})]
    assert [value for _, value in found] == [0]
    with applier(url, Outside("done")) as (it, state):
        it.wish([KILL])
        until(lambda: results(state)[:1] == [("done", "said done", 1)])
    assert [x.value for x in samples(State(url), {"button": apply})] == [1]
    assert [x.value for x in samples(State(url), {})] == [1]


def test_only_what_the_spec_names_is_done() -> None:
    apply = Apply.model_validate({"kill": {"webhook": {"url": "http://x", "secret_file": "s"}}})
    found = acts({"button": apply}, {})
    assert found(KILL) is not None
    assert found(Application("button", "new", "ship", "1")) is None
    assert found(Application("other", "new", "kill", "1")) is None


def test_each_kill_of_the_store_is_an_occasion_and_a_kill_after_a_sparing_another(url: str) -> None:
    found = []
    for at in (10.0, 30.5):
        state = State(url)
        state.save_documents("experiment", {}, [Latch("kill", "button", "new", at, "worse", {"n": 3})])
        state.save_documents("experiment", {}, [Latch("kill", "button", "new", at + 1, "again", {"n": 4})])
        found += of_kills(state.latches("kill"))
        state.lift_latch("kill", "button", "new", at + 5, "ann", "why")
    assert found == [
        Application("button", "new", "kill", repr(at), {"n": 3, "reason": "worse", "at": at}) for at in (10.0, 30.5)
    ]


def test_the_wait_doubles_up_to_ten_minutes() -> None:
    assert [backoff(n) for n in (1, 2, 3, 7, 8, 100)] == [5, 10, 20, 320, 600, 600]
