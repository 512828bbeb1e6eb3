from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.sources.prometheus_answers import reading, split
from exporter.sources.vector_text import Vector, vector

MARKER = "winburn_query"
HEAD = '{"status":"success","data":{"resultType":"vector","result":['


def body(series: list[dict[str, Any]], **more: object) -> bytes:
    answer = {"status": "success", "data": {"resultType": "vector", "result": series}, **more}
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def by_json(text: bytes, marker: str | None, count: int) -> list[object]:
    return [reading(series) for series in split(json.loads(text)["data"], "vector", marker, count)]


def item(value: str = "1", /, time: object = 1760000400, **labels: str) -> dict[str, Any]:
    return {"metric": labels, "value": [time, value]}


def test_an_answer_of_prometheus_gives_what_the_json_parser_gives() -> None:
    text = body(
        [
            item("12345", __name__="hits_total", code="200", instance="a:80", winburn_query="0", zone="eu"),
            item("1.5e+06", 1760000400.123, __name__="hits_total", code="200", instance="{b}", winburn_query="1"),
            item("NaN", Code="x", winburn_query="2"),
            item("7", winburn_query="2"),
        ]
    )
    found = vector(text)
    assert found is not None
    assert [reading(series) for series in split(found, "vector", MARKER, 4)] == by_json(text, MARKER, 4)


def test_a_selector_asked_alone_has_no_marker() -> None:
    text = body([item("1", b="2", a="1"), item("2", a="ä", c="")])
    found = vector(text)
    assert found is not None
    assert [reading(series) for series in split(found, "vector", None, 1)] == by_json(text, None, 1)


def test_no_series_are_an_answer() -> None:
    assert vector(body([])) == Vector([])


TEXTS = st.text(st.sampled_from(':,"{}[]\\ab\x1e\x1f\n\u2028é'), max_size=4)
LABELS = st.dictionaries(TEXTS, TEXTS, max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(LABELS, st.sampled_from(["0", "17", "1e+06", "+Inf"])), max_size=4))
def test_whatever_the_labels_it_is_the_same_as_json_or_left_to_it(series: list[tuple[dict[str, str], str]]) -> None:
    text = body([{"metric": labels, "value": [1, value]} for labels, value in series])
    found = vector(text)
    if found is not None:
        assert found.split(None, 1) == [
            [(key, ("1", value)) for key, (_, value) in split(json.loads(text)["data"], "vector", None, 1)[0]]
        ]


@pytest.mark.parametrize(
    "text",
    [
        body([item(a="1")], warnings=["store is away"]),
        body([item(a="1")], isPartial=True),
        body([item()]),
        body([item(a='"')]),
        body([item(a="\x1f")]),
        body([item(a=":")]),
        body([item(a=","), item(b="1")]),
        body([item(a="1", time=True)]),
        body([item(a="1"), {"metric": {"a": "2"}, "histogram": [0, {"count": "1"}]}]),
        body([{"metric": {"a": 1}, "value": [0, "1"]}]),
        body([{"metric": {"a": "1"}, "value": [0, 1]}]),
        body([item(a="1")])[:-1],
        body([item(a="1")]) + b" ",
        body([item(a="1"), item(a="2")]).replace(b"},{", b"}{"),
        f'{HEAD}{{"metric":{{"a"}},"value":[0,"1"]}}]}}}}'.encode(),
        f'{HEAD}{{"metric":{{"a":"1"}},"value":[00,"1"]}}]}}}}'.encode(),
        body([item(a="1")]).replace(b'"1"', b'"\xff"', 1),
        body([item(a="1")]).replace(b"1", b"\n", 1),
        b"",
        b"null",
    ],
)
def test_anything_else_is_left_to_the_json_parser(text: bytes) -> None:
    assert vector(text) is None


@pytest.mark.parametrize("number", ["2", "-1", "x", "00", None])
def test_a_series_of_no_selector_is_garbage(number: str | None) -> None:
    found = vector(body([item(a="1", **({} if number is None else {MARKER: number}))]))
    assert found is not None
    with pytest.raises(ValueError, match="belongs to no selector"):
        found.split(MARKER, 2)
