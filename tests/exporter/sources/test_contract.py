"""What every source promises, run against every source that promises it."""

from __future__ import annotations

import itertools
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from exporter.sources.base import Count, Definition, Matrix, Slots, SourceError, Unreachable, series_key
from exporter.sources.build import open_source
from exporter.sources.http_json import HttpSource
from exporter.sources.prometheus import PrometheusSource
from exporter.sources.repeats import Clock, Patience
from exporter.sources.sql import SqlSource
from exporter.spec import experiment_models, source_models
from tests.exporter.sources.fake_growthbook import FakeGrowthBook
from tests.exporter.sources.fake_prometheus import Fake, cut, hang, saying, trickle

SECRET = "hunter2-secret"
HURRIED, PATIENT = 0.3, 60.0
"""Timeouts in seconds: of a source that is broken, and of one that must answer on a busy machine too."""
AT_ONCE = Clock(sleep=lambda _seconds: None)
"""Repetitions without their pauses."""

CSV = "variant,n,successes\nblue,10,1\ngreen,12,3\n"
ROWS = [("blue", 10, 1), ("green", 12, 3)]
COUNTS = [Count("blue", (10.0, 1.0)), Count("green", (12.0, 3.0))]
NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
ENDLESS = f"{NUMBERS} SELECT 'a' AS variant, x AS n, x AS successes FROM n WHERE x < 0"


@dataclass
class Case:
    """A source, a question, its right answer, the ways to break the source, and how to mend it."""

    source: Any
    ask: Callable[[], Any]
    answer: Any
    breaks: dict[str, Callable[[], object]]
    mend: Callable[[], object]
    close: list[Callable[[], object]] = field(default_factory=list)


def prometheus(question: str, _folder: Path) -> Case:
    fake = Fake()
    model = source_models.PrometheusSource(type="prometheus", timeout=f"{PATIENT:g}s", headers={"X-Key": SECRET})  # type: ignore[arg-type]
    source = open_source("s", model, url=fake.url.replace("//", f"//ann:{SECRET}@"), series_limit=10)
    assert isinstance(source, PrometheusSource)
    source._api._patience = Patience(AT_ONCE)
    fake.series = {"a": [({"x": "1"}, str)], "b": []}
    asks: dict[str, Callable[[], Any]] = {
        "counters": lambda: source.counters(["a", "b"], 60.0),
        "history": lambda: [_plain(each) for each in source.history(["a", "b"], 60.0, 90.0, 30.0)],
    }
    key = series_key({"x": "1"})
    answers: dict[str, Any] = {
        "counters": [{key: 60.0}, {}],
        "history": [((key,), [60.0, 90.0], [[60.0, 90.0]]), ((), [60.0, 90.0], [])],
    }

    def give(seconds: float) -> None:
        source._api.timeout = source._batches._timeout = source._batches._look = seconds

    def slow(behaviour: Callable[..., None]) -> Callable[[], None]:
        def go() -> None:
            fake.behaviour = behaviour
            give(HURRIED)

        return go

    def behave(behaviour: Callable[..., None]) -> Callable[[], None]:
        return lambda: setattr(fake, "behaviour", behaviour)

    error = f'{{"status":"error","errorType":"internal","error":"no {SECRET}"}}'.encode()
    breaks: dict[str, Callable[[], object]] = {
        "dead": fake.stop,
        "hanging": slow(hang),
        "trickling": slow(trickle(10)),
        "garbage": behave(saying(200, b"\x00\xff" * 1000)),
        "html": behave(saying(200, b"<html>welcome</html>", "text/html")),
        "half an answer": behave(cut),
        "cut JSON": behave(saying(200, b'{"status": "success", "data": {"resultType": "vec')),
        "a partial answer": lambda: fake.warnings.append("a store is away"),
        "an error that repeats secrets": behave(saying(500, error)),
        "refused credentials": behave(saying(401, SECRET.encode())),
    }

    def mend() -> None:
        give(PATIENT)
        fake.over.set()
        fake.behaviour = None
        fake.warnings.clear()
        with suppress(OSError):
            fake.start()

    return Case(source, asks[question], answers[question], breaks, mend, [fake.close])


def sql(question: str, folder: Path) -> Case:
    path = folder / "shop.db"
    model = source_models.SqlSource(type="sql", timeout=f"{PATIENT:g}s")  # type: ignore[arg-type]
    source = open_source("s", model, url=f"sqlite:///{path}", series_limit=10)
    assert isinstance(source, SqlSource)
    metric = experiment_models.Metric(
        name="m", kind="proportion", source="s", query="SELECT variant, n, successes FROM counts"
    )
    slots = "SELECT slot, n AS total, successes AS bad FROM slots WHERE slot >= :start AND slot < :end"
    asks: dict[str, Callable[[], Any]] = {
        "counts": lambda: source.counts(metric, 0.0),
        "slots": lambda: _lists(source.slots(slots, 300.0, 900.0, 300.0)),
    }
    locks: list[sqlite3.Connection] = []

    def write(counts: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"CREATE VIEW counts (variant, n, successes) AS {counts}")
            connection.execute(f"CREATE VIEW slots (slot, n, successes) AS SELECT 300, n, successes FROM ({counts})")

    def rewrite(counts: str) -> Callable[[], None]:
        def go() -> None:
            path.unlink()
            write(counts)

        return go

    def hang() -> None:
        source._database._timeout = HURRIED
        rewrite(ENDLESS)()

    def lock() -> None:
        source._database._timeout = HURRIED
        locks.append(sqlite3.connect(path, isolation_level=None))
        locks[-1].execute("BEGIN EXCLUSIVE")

    def mend() -> None:
        while locks:
            locks.pop().close()
        if source._database._worker is not None:
            source._database._worker.join(60)
        source._database._timeout = PATIENT
        path.unlink(missing_ok=True)
        good = " UNION ALL ".join(
            f"SELECT '{variant}' AS variant, {n} AS n, {k} AS successes" for variant, n, k in ROWS
        )
        write(good if question == "counts" else good.split(" UNION ")[0])

    mend()
    answers = {"counts": COUNTS, "slots": ([300.0], [10.0], [1.0])}
    breaks = {
        "dead": path.unlink,
        "hanging": hang,
        "locked": lock,
        "garbage": lambda: path.write_bytes(b"\x00\xff" * 1000),
        "half an answer": lambda: path.write_bytes(path.read_bytes()[:3000]),
        "NULL": rewrite("SELECT 'a' AS variant, 1 AS n, NULL AS successes"),
        "a negative count": rewrite("SELECT 'a' AS variant, 1 AS n, -1 AS successes"),
        "more than there are": rewrite("SELECT 'a' AS variant, 1 AS n, 2 AS successes"),
        "a row twice": rewrite("SELECT 'a' AS variant, 1 AS n, 0 AS successes UNION ALL SELECT 'a', 1, 0"),
    }
    return Case(source, asks[question], answers[question], breaks, mend, [lambda: [lock.close() for lock in locks]])


def http(question: str, folder: Path) -> Case:
    fake = FakeGrowthBook()
    (folder / "token").write_text(SECRET)
    fake.tokens = {SECRET}
    fake.add("button", {"Control": 1, "Green": 3})
    fake.count("button", "met", (10, 1), (12, 3))
    model = source_models.HttpSource(
        type="http",
        timeout=f"{PATIENT:g}s",  # type: ignore[arg-type]
        headers={"X-Key": SECRET},
        token_file=str(folder / "token"),
    )
    source = open_source("s", model, url=fake.url.replace("//", f"//ann:{SECRET}@"), series_limit=10)
    assert isinstance(source, HttpSource)
    source._api._patience = Patience(AT_ONCE)
    names = {"var_button_0": "blue", "var_button_1": "green"}
    columns = {"variant": "variationId", "n": "users", "successes": "analyses[0].numerator"}
    where = {"path": "/v1/experiments/exp_button/results", "columns": columns, "names": names}
    metric = experiment_models.Metric(
        name="m",
        kind="proportion",
        source="s",
        json={**where, "rows": "result.results[0].metrics[0].variations"},  # type: ignore[arg-type]
    )
    shares = {"rows": "phases[0].trafficSplit", "name": "variationId", "share": "weight", "names": names}
    definition = experiment_models.JsonDefinition(
        source="s",
        path="/v1/experiments/exp_button",
        item="experiment",
        status="status",
        variants=shares,  # type: ignore[arg-type]
    )
    times = itertools.count()  # an answer counts for its instant
    asks: dict[str, Callable[[], Any]] = {
        "counts": lambda: source.counts(metric, next(times)),
        "definition": lambda: source.definition(definition, next(times)),
    }
    answers: dict[str, Any] = {"counts": COUNTS, "definition": Definition("running", {"blue": 0.25, "green": 0.75})}

    def behave(behaviour: Callable[..., None]) -> Callable[[], None]:
        return lambda: setattr(fake.fake, "behaviour", behaviour)

    def counting(*counts: tuple[float, float]) -> Callable[[], None]:
        return lambda: fake.count("button", "met", *counts)

    def slow(behaviour: Callable[..., None]) -> Callable[[], None]:
        def go() -> None:
            fake.fake.behaviour = behaviour
            source._api._model = model.model_copy(update={"timeout": HURRIED})

        return go

    breaks: dict[str, Callable[[], object]] = {
        "dead": fake.fake.stop,
        "hanging": slow(hang),
        "trickling": slow(trickle(10)),
        "garbage": behave(saying(200, b"\x00\xff" * 1000)),
        "html": behave(saying(200, b"<html>welcome</html>", "text/html")),
        "half an answer": behave(cut),
        "cut JSON": behave(saying(200, b'{"result": {"results": [')),
        "an error that repeats secrets": behave(saying(502, f'{{"message": "no {SECRET}"}}'.encode())),
        "refused credentials": behave(saying(401, SECRET.encode())),
        "no such experiment": behave(saying(404, f'{{"message": "no {SECRET}"}}'.encode())),
    }
    if question == "counts":
        breaks |= {
            "NULL": counting((None, 0)),  # type: ignore[arg-type]
            "a negative count": counting((1, -1)),
            "more than there are": counting((1, 2)),
            "a row twice": lambda: fake.results["exp_button"][0]["variations"].extend(
                fake.results["exp_button"][0]["variations"][:1]
            ),
        }

    def mend() -> None:
        fake.fake.over.set()
        source._api._model = model
        fake.mend()
        fake.count("button", "met", (10, 1), (12, 3))
        with suppress(OSError):
            fake.fake.start()

    return Case(source, asks[question], answers[question], breaks, mend, [fake.fake.close])


def csv(question: str, folder: Path) -> Case:
    path = folder / "counts.csv"
    source = open_source("s", source_models.FileSource(type="file", path=str(path)), url=None, series_limit=10)
    metric = experiment_models.Metric(name="m", kind="proportion", source="s")
    assert question == "counts"

    def write(content: str) -> Callable[[], object]:
        return lambda: path.write_text(content)

    path.write_text(CSV)
    breaks = {
        "dead": path.unlink,
        "garbage": lambda: path.write_bytes(b"\x00\xff" * 1000),
        "half an answer": write(CSV + "red,1"),
        "NULL": write("variant,n,successes\na,1,\n"),
        "a negative count": write("variant,n,successes\na,1,-1\n"),
        "more than there are": write("variant,n,successes\na,1,2\n"),
        "a row twice": write("variant,n,successes\na,1,0\na,1,0\n"),
    }
    return Case(source, lambda: source.counts(metric, 0.0), COUNTS, breaks, write(CSV))  # type: ignore[union-attr]


def _plain(matrix: Matrix | SourceError) -> object:
    if isinstance(matrix, SourceError):
        return matrix
    return matrix.keys, matrix.times.tolist(), matrix.values.tolist()


def _lists(slots: Slots) -> object:
    return slots.starts.tolist(), slots.total.tolist(), slots.bad.tolist()


SOURCES = {
    "prometheus counters": (prometheus, "counters"),
    "prometheus history": (prometheus, "history"),
    "sql counts": (sql, "counts"),
    "sql slots": (sql, "slots"),
    "csv counts": (csv, "counts"),
    "http counts": (http, "counts"),
    "http definition": (http, "definition"),
}
_ROWS = ["NULL", "a negative count", "a row twice", "more than there are"]
ANSWERED = {*_ROWS, "no such experiment"}
"""The source is well and what it says is wrong: no reason to call it down."""

_COMMON = ["dead", "garbage", "half an answer"]
_HTTP = ["hanging", "trickling", "html", "cut JSON", "an error that repeats secrets"]
BREAKS = {
    "prometheus counters": [*_COMMON, *_HTTP, "a partial answer", "refused credentials"],
    "prometheus history": [*_COMMON, *_HTTP, "a partial answer", "refused credentials"],
    "sql counts": [*_COMMON, "hanging", "locked", *_ROWS],
    "sql slots": [*_COMMON, "hanging", "locked", *_ROWS],
    "csv counts": [*_COMMON, *_ROWS],
    "http counts": [*_COMMON, *_HTTP, "refused credentials", "no such experiment", *_ROWS],
    "http definition": [*_COMMON, *_HTTP, "refused credentials", "no such experiment"],
}


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setattr("exporter.sources.prometheus._ALIVE_SECONDS", PATIENT)
    make, question = SOURCES[request.param]
    case = make(question, tmp_path)
    yield case
    for close in case.close:
        close()


def fail(case: Case) -> SourceError:
    with pytest.raises(SourceError) as caught:
        case.ask()
    return caught.value


each_source = pytest.mark.parametrize("case", SOURCES, indirect=True)
each_break = pytest.mark.parametrize(
    ("case", "how"), [(name, how) for name, hows in BREAKS.items() for how in hows], indirect=["case"]
)


@each_source
def test_a_source_answers_and_is_up(case: Case) -> None:
    assert case.source.up is None
    assert case.ask() == case.answer
    assert case.source.up is True
    assert case.ask() == case.answer


@each_break
def test_a_broken_source_says_so_in_a_sentence_without_secrets(case: Case, how: str) -> None:
    case.breaks[how]()
    error = fail(case)
    assert str(error).startswith("source s")
    assert "\n" not in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))
    assert case.source.up is (how in ANSWERED)
    if hasattr(case.source, "turns"):
        # What decides whether the source's other questions are asked: never what another thread makes of up.
        assert isinstance(error, Unreachable) == (how not in ANSWERED)


@each_source
def test_a_closed_source_opens_again(case: Case) -> None:
    case.source.close()
    assert case.ask() == case.answer
    case.source.close()
    assert case.ask() == case.answer


@each_break
def test_a_source_heals_by_itself(case: Case, how: str) -> None:
    case.ask()
    case.breaks[how]()
    fail(case)
    fail(case)
    case.mend()
    assert case.ask() == case.answer
    assert case.source.up is True


@pytest.mark.parametrize("case", SOURCES, indirect=True)
def test_every_way_to_break_a_source_is_tried(case: Case, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["case"]
    assert sorted(case.breaks) == sorted(BREAKS[name])
