from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.sources.base import SourceError
from exporter.sources.json_rows import definition_of, found, metric_rows
from exporter.spec.experiment_models import JsonCounts, JsonDefinition

COLUMNS = ("variant", "n", "successes")
ROW = {"variant": "blue", "n": 10, "successes": 1}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abn"), inner, max_size=3),
    max_leaves=8,
)


def rows(*pages: Any, **where: Any) -> list[dict[str, Any]]:
    model = JsonCounts(**{"rows": "rows", **where})
    return [dict(row) for _, row in metric_rows("source s", model, COLUMNS, pages)]


def refusal(*pages: Any, **where: Any) -> str:
    with pytest.raises(SourceError) as caught:
        rows(*pages, **where)
    return str(caught.value)


def test_a_column_is_the_key_of_its_name_or_where_it_is_said_to_be() -> None:
    assert rows({"rows": [ROW]}) == [ROW]
    deep = {"rows": [{"id": 0, "users": 10, "analyses": [{"numerator": 1}]}]}
    columns = {"variant": "id", "n": "users", "successes": "analyses[0].numerator"}
    assert rows(deep, columns=columns) == [{**ROW, "variant": "0"}]
    assert rows(deep, columns=columns, names={"0": "blue", "1": "green"}) == [ROW]
    assert rows({"rows": [{**ROW, "variant": True}]}, columns={"variant": "to_string(variant)"})[0]["variant"] == "true"


def test_a_row_may_hold_more_than_texts_and_numbers() -> None:
    assert rows({"rows": {"x": ROW}}, rows="values(rows)") == [ROW]


def test_the_rows_of_all_pages_are_put_together() -> None:
    assert rows({"rows": [ROW]}, {"rows": []}, {"rows": [{**ROW, "variant": "green"}]}) == [
        ROW,
        {**ROW, "variant": "green"},
    ]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ({"error": 1, "b": 2}, "source s: rows 'rows' gives nothing, not a list; there is a mapping with b, error"),
        ([], "rows 'rows' gives nothing, not a list; there is a list of 0"),
        ({"rows": {"x": ROW}}, "rows 'rows' gives a mapping with x, not a list; write values(…) around it"),
        ({"rows": "none"}, "gives the text 'none', not a list"),
        ({"rows": [ROW, {"variant": "b", "n": 1}]}, "row 2 of 'rows': successes 'successes' gives nothing; there is a"),
        ({"rows": [{**ROW, "n": None}]}, "row 1 of 'rows': n 'n' gives nothing; there is a mapping with n, successes"),
        ({"rows": [{**ROW, "n": "10"}]}, "n 'n' gives the text '10', not a number; write to_number(n)"),
        ({"rows": [{**ROW, "n": True}]}, "n 'n' gives true, not a number"),
        ({"rows": [{**ROW, "n": [1]}]}, "n 'n' gives a list of 1, not a number"),
        ({"rows": [{**ROW, "variant": True}]}, "variant 'variant' gives true, not a name; write to_string(variant)"),
        ({"rows": [{**ROW, "variant": ""}]}, "variant 'variant' gives the text '', not a name"),
        ({"rows": [{**ROW, "variant": 1.5}]}, "variant 'variant' gives 1.5, not a name"),
        ({"rows": [{**ROW, "variant": "\ud800"}]}, "gives the text '\\ud800', not a name"),
        ({"rows": [None]}, "variant 'variant' gives nothing, not a name; there is nothing"),
        ({"rows": [ROW] * 10_001}, "rows 'rows' gives more than 10000 rows"),
    ],
)
def test_what_is_wrong_is_said_with_its_path_and_what_was_found(page: Any, sentence: str) -> None:
    assert sentence in refusal(page)


def test_an_expression_that_cannot_be_applied_is_an_answer_of_that_metric() -> None:
    message = refusal({"rows": 5}, rows="sort_by(rows, &n)")
    assert message.startswith("source s: rows 'sort_by(rows, &n)' cannot be applied: ")
    assert "\n" not in message
    assert "no value" in refusal({}, rows="&a")


@settings(max_examples=60, deadline=None)
@given(json_values)
def test_whatever_an_api_answers_is_rows_or_one_printable_sentence(page: Any) -> None:
    for expression in ("@", "a", "[*].b", "values(@)"):
        try:
            result = rows(page, rows=expression, columns={"variant": "a", "n": "n", "successes": "b"})
        except SourceError as error:
            result = []
            said = str(error)
            said.encode()
        else:
            said = ""
        assert "\n" not in said
        assert all(row["variant"] and not isinstance(row["n"], bool) for row in result)


@settings(max_examples=60, deadline=None)
@given(json_values)
def test_anything_found_is_a_short_line(value: Any) -> None:
    assert 0 < len(found(value)) < 700
    found(value).encode()


def definition(page: Any, *more: Any, **where: Any) -> Any:
    return definition_of("source s", JsonDefinition(source="s", **where), [page, *more])


SHARES: dict[str, Any] = {"rows": "split", "name": "id", "share": "weight"}


TRUE = True


def split(*weights: Any) -> dict[str, Any]:
    return {"split": [{"id": i, "weight": weight} for i, weight in enumerate(weights)]}


def test_what_was_not_asked_for_is_none() -> None:
    assert definition({"status": "running"}, status="status").shares is None
    assert definition(split(1, 1), variants=SHARES).status is None


def test_our_own_words_mean_themselves_unless_they_are_translated() -> None:
    values = {"stopped": "completed", "paused": "running"}
    found = [definition({"x": word}, status="x", values=values).status for word in ("draft", "stopped", "paused")]
    assert found == ["draft", "completed", "running"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e6) | st.integers(0, 100_000), min_size=1, max_size=6))
def test_shares_sum_to_one_on_any_scale(weights: list[float]) -> None:
    if sum(weights) == 0:
        return
    shares = definition(split(*weights), variants=SHARES).shares
    assert math.fsum(shares.values()) == pytest.approx(1, abs=1e-12)
    for weight, share in zip(weights, shares.values(), strict=True):
        assert share == pytest.approx(weight / math.fsum(weights))


def test_the_first_page_that_has_the_item_counts() -> None:
    pages = [{"items": [{"key": "a", "status": "draft"}]}, {"items": [{"key": "b", "status": "paused"}]}]
    assert definition(*pages, item="items[?key=='b'] | [0]", status="status").status == "paused"


@pytest.mark.parametrize(
    ("page", "where", "sentence"),
    [
        ({"a": 1}, {"item": "b", "status": "c"}, "item 'b' gives nothing; there is a mapping with a"),
        ({"a": 1}, {"status": "b"}, "status 'b' gives nothing, which values does not translate; there is a mapping"),
        ({"a": "archived"}, {"status": "a"}, "status 'a' gives the text 'archived', which values does not translate"),
        ({}, {"variants": SHARES}, "rows 'split' gives nothing, not a list; there is an empty mapping"),
        (split(), {"variants": SHARES}, "rows 'split' gives no variant with any weight"),
        (split(0, 0), {"variants": SHARES}, "gives no variant with any weight"),
        (split(1, -1), {"variants": SHARES}, "row 2 of 'split': share 'weight' gives -1, not a weight"),
        (split(1, "50"), {"variants": SHARES}, "gives the text '50', not a weight; write to_number(weight)"),
        (split(1, TRUE), {"variants": SHARES}, "gives true, not a weight"),
        (split(1, None), {"variants": SHARES}, "gives nothing, not a weight"),
        (split(1, math.nan), {"variants": SHARES}, "gives nan, not a weight"),
        (split(1, 10**400), {"variants": SHARES}, "not a weight"),
        ({"split": [{"weight": 1}]}, {"variants": SHARES}, "name 'id' gives nothing, not a name; there is a mapping"),
        (split(1, 1), {"variants": {**SHARES, "names": {"0": "a", "1": "a"}}}, "variant 'a' a second time"),
    ],
)
def test_a_definition_that_is_none_says_why(page: Any, where: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        definition(page, **where)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("source s")


def test_numbers_of_json_stay_as_exact_as_they_came() -> None:
    page = json.loads('{"rows": [{"variant": "a", "n": 9007199254740993, "successes": 0.1}]}')
    assert rows(page)[0]["n"] == 9007199254740993
