from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporter.sources import file
from exporter.sources.base import Count, SourceError
from exporter.sources.file import FileSource
from exporter.spec.experiment_models import CsvCounts, Metric

PLAIN = "variant,n,successes\nblue,10,1\ngreen,12,3\n"


def metric(**columns: object) -> Metric:
    csv = CsvCounts(**columns) if columns else None  # type: ignore[arg-type]
    return Metric(name="conversion", kind="proportion", source="csv", csv=csv)


def counts(path: Path, content: str | bytes, at: float = 0.0, **columns: object) -> list[Count]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return FileSource("csv", str(path)).counts(metric(**columns), at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counts.csv"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.rstrip("\n"),
        PLAIN.replace("\nblue", "\n\nblue"),
        'other,successes,n,variant\n"a, b",1.0,10,"blue"\n"say ""x""\nagain",3,1.2e1,green\n',
    ],
)
def test_a_csv_file_in_its_usual_forms(path: Path, content: str | bytes) -> None:
    assert counts(path, content) == [Count("blue", (10, 1)), Count("green", (12, 3))]


def test_a_file_with_no_rows_has_no_counts(path: Path) -> None:
    assert counts(path, "variant,n,successes\n") == []


def test_columns_and_rows_are_chosen_by_the_metric(path: Path) -> None:
    content = "arm,shown,won,experiment,country\nA,10,1,x,de\nB,12,3,x,de\nA,99,9,y,de\nA,98,9,x,fr\n"
    columns = {"variant": "arm", "n": "shown", "successes": "won", "where": {"experiment": "x", "country": "de"}}
    assert counts(path, content, **columns) == [Count("A", (10, 1)), Count("B", (12, 3))]
    assert counts(path, content, **{**columns, "where": {"experiment": "X"}}) == []


def test_the_latest_row_not_after_the_evaluation_counts(path: Path) -> None:
    content = "variant,n,successes,t\nblue,30,3,30\nblue,10,1,10\nblue,20,2,20\ngreen,5,1,20.5\n"
    assert counts(path, content, at=9, time="t") == []
    assert counts(path, content, at=20, time="t") == [Count("blue", (20, 2))]
    assert counts(path, content, at=100, time="t") == [Count("blue", (30, 3)), Count("green", (5, 1))]


def test_an_older_row_may_be_wrong(path: Path) -> None:
    content = "variant,n,successes,t\nblue,-1,3,10\nblue,20,2,20\n"
    assert counts(path, content, at=20, time="t") == [Count("blue", (20, 2))]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "there are none"),
        ("variant,n\n", "needed are the columns variant, n, successes, each once; there are variant, n"),
        ("variant,n,successes,n\n", "there are variant, n, successes, n"),
        (PLAIN + "red,5\n", "line 4: 2 cells under 3 columns; the file may be half written"),
        (PLAIN + "red,5,1,1\n", "line 4: 4 cells under 3 columns"),
        (PLAIN + '"red,5,1\n', "unexpected end of data"),
        (PLAIN + "red,,1\n", "line 4: n is NULL"),
        (PLAIN + "red,many,1\n", "line 4: n is 'many', not a number"),
        (PLAIN + "red,nan,1\n", "line 4: n is nan"),
        (PLAIN + "red,-5,1\n", "line 4: n is -5"),
        (PLAIN + "red,5,6\n", "line 4: 6 successes of 5 units"),
        (PLAIN + "blue,5,1\n", "line 4: variant 'blue' a second time"),
        (PLAIN + ",5,1\n", "line 4: variant is ''"),
        (PLAIN.encode("utf-16"), "is not UTF-8 text"),
        (PLAIN + "x" * 200_000 + "\n", "field larger than field limit"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(path: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        counts(path, content)
    assert str(caught.value).startswith("source csv")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("time", ["", "soon", "nan"])
def test_a_row_without_a_time_is_refused(path: Path, time: str) -> None:
    with pytest.raises(SourceError, match="line 2: t is "):
        counts(path, f"variant,n,successes,t\nblue,1,1,{time}\n", time="t")


def test_two_rows_of_one_variant_at_one_time_are_refused(path: Path) -> None:
    with pytest.raises(SourceError, match="line 3: variant 'blue' a second time"):
        counts(path, "variant,n,successes,t\nblue,1,1,5\nblue,2,1,5\n", at=9, time="t")


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(PLAIN)
    source = FileSource("csv", str(path))
    parsed = []
    parse = source._parse
    monkeypatch.setattr(source, "_parse", lambda content: parsed.append(1) or parse(content))
    before = path.stat()
    source.counts(metric(), 0.0)
    source.counts(metric(), 0.0)
    assert len(parsed) == 1
    path.write_text(PLAIN.replace("green,12,3", "green,12,4"))  # as long as before
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert source.counts(metric(), 0.0)[1] == Count("green", (12, 4))
    new = path.with_name("new.csv")
    new.write_text(PLAIN.replace("green,12,3", "green,12,5"))
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    new.rename(path)  # as long and as old as before: another inode
    assert source.counts(metric(), 0.0)[1] == Count("green", (12, 5))


def test_a_half_written_file_is_not_taken_for_the_last_good_one(path: Path) -> None:
    path.write_text(PLAIN)
    source = FileSource("csv", str(path))
    source.counts(metric(), 0.0)
    path.write_text(PLAIN + "red,1")
    for _ in range(2):
        with pytest.raises(SourceError, match="half written"):
            source.counts(metric(), 0.0)
        assert source.up is False


def test_a_wrong_value_is_an_answer(path: Path) -> None:
    path.write_text(PLAIN + "red,1,2\n")
    source = FileSource("csv", str(path))
    with pytest.raises(SourceError, match="2 successes of 1 units"):
        source.counts(metric(), 0.0)
    assert source.up is True


def test_a_file_above_the_size_limit_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "FILE_BYTES", 2**20)
    with pytest.raises(SourceError, match="larger than 1 MB"):
        counts(path, "x" * (2**20 + 1))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        FileSource("csv", str(tmp_path)).counts(metric(), 0.0)
