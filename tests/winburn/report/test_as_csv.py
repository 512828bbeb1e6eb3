"""CSV: tidy, as it was, undefined is empty with its reason in missing.csv, and no text is a formula."""

from __future__ import annotations

import csv
import io

import pytest

from tests.winburn.report.documents import HOSTILE, document, empty
from tests.winburn.report.golden import same_as_golden
from winburn.report.as_csv import TABLES, _cell, csv_files


def read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_files(document())[f"{name}.csv"])))


@pytest.mark.parametrize("name", [*TABLES, "missing"])
def test_it_is_as_it_was(name: str) -> None:
    same_as_golden(f"csv/{name}.csv", csv_files(document())[f"{name}.csv"])


def test_every_row_has_every_column() -> None:
    for text in csv_files(document()).values():
        lengths = {len(row) for row in csv.reader(io.StringIO(text))}
        assert len(lengths) == 1


def test_each_gap_has_its_reason() -> None:
    reasons = {(row["table"], int(row["row"]), row["field"]): row["reason"] for row in read("missing")}
    for name in TABLES:
        for i, row in enumerate(read(name), 1):
            for field, text in row.items():
                if (name, i, field) in reasons:
                    assert text == ""
    assert reasons["slos", 1, "events"] == "nothing was measured"
    assert ("slos", 2, "events") not in reasons


def test_a_text_that_begins_as_a_formula_does_not() -> None:
    assert read("slo_corrections")[0]["reason"] == f"'{HOSTILE}"
    assert read("experiment_results")[2]["lift"] == "-1"  # a number is one


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_whatever_begins_a_formula_somewhere_is_text(first: str) -> None:
    assert _cell("reason", f"{first}cmd()") == f"'{first}cmd()"


def test_times_are_times_and_numbers_numbers() -> None:
    assert read("slo_incidents")[0]["since"] == "2023-11-14T02:00:00Z"
    assert read("slos")[1]["bad"] == "6048.5"
    assert read("slos")[1]["met"] == "false"


def test_without_anything_there_are_heads() -> None:
    assert csv_files(empty())["slos.csv"].count("\n") == 1
