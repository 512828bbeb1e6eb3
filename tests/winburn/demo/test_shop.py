"""The shop's database: the same for the same seed, however often it is advanced, and small."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest

from winburn.demo import traffic
from winburn.demo.shop import KEEP_SINGLE, create

NOW = 1_800_000_000.7
OPENING = 1_800_000_003
TABLES = ("requests", "visits", "requests_by_minute", "visits_by_hour")


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(path) as database:
        found = {table: sorted(database.execute(f"SELECT * FROM {table}")) for table in TABLES}
    database.close()
    return found


def made(path: Path, seed: int, instants: list[float], days: int = 1) -> dict[str, list[tuple[object, ...]]]:
    shop = create(path, seed, NOW, days)
    shop.open(OPENING)
    for each in instants:
        shop.advance(each)
    shop.close()
    return contents(path)


def test_once_or_often_or_back_and_forth_is_the_same(tmp_path: Path) -> None:
    end = NOW + 61.3
    once = made(tmp_path / "once.db", 5, [end])
    often = made(tmp_path / "often.db", 5, [NOW + 0.37 * each for each in range(165)] + [NOW, end])
    assert once == often
    assert once["requests"]
    assert once["visits"]


def test_the_same_beyond_the_age_at_which_single_events_are_rolled_up(tmp_path: Path) -> None:
    end = NOW + KEEP_SINGLE + 200
    once = made(tmp_path / "once.db", 5, [end])
    often = made(tmp_path / "often.db", 5, [NOW + 41.9 * each for each in range(1, 26)] + [end])
    assert once == often
    assert min(at for at, *_ in once["requests"]) >= end - KEEP_SINGLE - 60  # type: ignore[operator]


def test_rolling_up_loses_nothing(tmp_path: Path) -> None:
    heard: Counter[str] = Counter()
    shop = create(tmp_path / "shop.db", 5, NOW, days=1, progress=lambda _: None)
    database = sqlite3.connect(tmp_path / "shop.db")
    sums = "SELECT SUM(requests), SUM(failed) FROM request_log"
    before = database.execute(sums).fetchone()
    shop.observe = lambda _route, code, count: heard.update({code: count})
    shop.open(OPENING)
    shop.advance(NOW + KEEP_SINGLE + 200)
    after = database.execute(sums).fetchone()
    assert database.execute("SELECT COUNT(*) FROM requests_by_minute WHERE minute >= ?", (NOW,)).fetchone()[0] > 0
    assert after[0] - before[0] == heard.total()
    assert after[1] - before[1] == heard["503"]
    database.close()
    shop.close()


@pytest.mark.parametrize("now", [1_800_000_000, 1_800_000_001])  # on a whole hour and minute, and beside it
def test_rolling_up_loses_no_visit_and_no_sale(tmp_path: Path, now: int) -> None:
    shop = create(tmp_path / "shop.db", -5, now, days=1)
    shop.open(now)
    end = now + KEEP_SINGLE + 200
    shop.advance(end)
    database = sqlite3.connect(tmp_path / "shop.db")
    for each in traffic.EXPERIMENTS:
        _, visits, converted = traffic.visits_by_hour(each, shop.story, 1)
        live = [traffic.visits_of(each, shop.story, second) for second in range(now, end)]
        query = "SELECT SUM(visits), SUM(converted) FROM visit_log WHERE experiment = ?"
        assert database.execute(query, (each.name,)).fetchone() == (
            visits.sum() + sum(one.at.size for one in live),
            converted.sum() + sum(one.converted.sum() for one in live),
        )
    database.close()
    shop.close()


def test_another_seed_is_another_shop(tmp_path: Path) -> None:
    one, other = (made(tmp_path / f"{seed}.db", seed, [NOW + 5]) for seed in (1, 2))
    for table in TABLES:
        assert one[table] != other[table]


def test_what_is_written_ends_before_the_instant(tmp_path: Path) -> None:
    found = made(tmp_path / "shop.db", 1, [NOW + 9.5])
    for table in ("requests", "visits"):
        times = [at for at, *_ in found[table]]
        assert max(times) < NOW + 9.5  # type: ignore[type-var]
        assert max(times) > NOW + 8.5  # type: ignore[operator,type-var]


def test_thirty_days_are_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    told: list[str] = []
    shop = create(path, 1, NOW, progress=told.append)
    shop.close()
    assert path.stat().st_size < 10_000_000
    assert len(told) == 3
    with sqlite3.connect(path) as database:
        oldest, newest = database.execute("SELECT MIN(minute), MAX(minute) FROM requests_by_minute").fetchone()
    database.close()
    assert (oldest, newest) == (1_800_000_000 - 30 * 86400, 1_800_000_000 - 60)


def test_slow_in_the_view_is_what_the_simulation_calls_slow(tmp_path: Path) -> None:
    shop = create(tmp_path / "shop.db", 1, NOW, days=1)
    database = sqlite3.connect(tmp_path / "shop.db")
    insert = "INSERT INTO requests VALUES (?, 'search', 1, ?)"
    database.executemany(insert, [(NOW, traffic.SLOW_MILLISECONDS - 0.1), (NOW, traffic.SLOW_MILLISECONDS)])
    assert database.execute("SELECT SUM(slow) FROM request_log WHERE at >= ?", (NOW,)).fetchone() == (1,)
    database.close()
    shop.close()


def test_it_opens_only_in_the_future_and_makes_only_new_files(tmp_path: Path) -> None:
    shop = create(tmp_path / "shop.db", 1, NOW, days=1)
    shop.advance(NOW + 5)
    with pytest.raises(ValueError, match="cannot open"):
        shop.open(int(NOW))
    shop.close()
    with pytest.raises(FileExistsError):
        create(tmp_path / "shop.db", 1, NOW)


def test_it_runs_until_it_is_stopped(tmp_path: Path) -> None:
    shop = create(tmp_path / "shop.db", 1, NOW, days=1)
    stop, wrote = threading.Event(), threading.Event()
    shop.observe = lambda *_: wrote.set()
    thread = threading.Thread(target=shop.run, args=(stop, lambda: NOW + 3, 0.01))
    thread.start()
    assert wrote.wait(60)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    shop.close()
