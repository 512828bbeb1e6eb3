"""JSON: as it was; what is undefined is null with its reason beside it, and never a number."""

from __future__ import annotations

import json
from typing import Any

from tests.winburn.report.documents import document, empty
from tests.winburn.report.golden import same_as_golden
from winburn.report.as_json import SCHEMA, as_json


def test_it_is_as_it_was() -> None:
    same_as_golden("report.json", as_json(document()))


def test_each_null_has_a_reason_and_each_reason_a_null() -> None:
    found = 0

    def look(value: Any) -> None:
        nonlocal found
        if isinstance(value, dict):
            reasons = value.get("missing", {})
            assert {name for name, each in value.items() if each is None} == set(reasons)
            assert all(reasons.values())
            found += len(reasons)
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(json.loads(as_json(document())))
    assert found > 20


def test_the_schema_says_its_number() -> None:
    read = json.loads(as_json(empty()))
    assert read["schema"] == SCHEMA == 1
    assert list(read) == [
        "schema", "period", "slos", "experiments", "content", "decisions", "failures", "notes", "missing",
    ]  # fmt: skip
