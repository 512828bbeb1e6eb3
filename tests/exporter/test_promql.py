import json
import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.promql import (
    check_expression,
    check_selector,
    format_duration,
    name_and_labels,
    parse_duration,
    quote,
    split_comparison,
    union,
)
from exporter.re2 import check_regex


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("30d", 2592000),
        ("2w", 1209600),
        ("1y", 31536000),
        ("0s", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "1.5h", "30m1h", "1h1h", "5m\n", "٥m", "9" * 5000 + "s", "293y"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|292 years"):
        parse_duration(text)


@given(st.integers(1, 10**12))
def test_durations_survive_the_way_there_and_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, rel=1e-15)


def test_a_duration_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        format_duration(0)


@given(st.text())
def test_what_quote_writes_is_a_matcher_value(text: str) -> None:
    assert json.loads(quote(text)) == text
    if text.isprintable():
        assert check_selector(f"up{{job={quote(text)}}}") is None


def test_union_is_a_balanced_tree() -> None:
    assert union(["a"]) == "a"
    assert union(list("abcd")) == "((a or b) or (c or d))"


SELECTORS = [
    "a",
    " a:b_c ",
    "a{}",
    "a{,b='c'}".replace("{,", "{"),
    'a { b = "c" , d!="e", }',
    '{job="x"}',
    '{__name__=~"a|b"}',
    '{"metric.name"}',
    '{"metric.name","label.x"="y"}',
    'http_requests_total{job="checkout",code=~"5.."}',
    "a{b=`\\d`}",
    'a{b="\\\\d"}',
    "a{b='it\\'s'}",
    'a{b="\\x41\\101\\u00e9\\U0001F600"}',
    'a{b="}{,"}',
    "sum",
    'a{b=""}',
    "a{\n  b='c'\n}",
]


@pytest.mark.parametrize("text", SELECTORS)
def test_plain_selectors(text: str) -> None:
    assert check_selector(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no selector"),
        ("5", "is no selector"),
        ("(a)", "is no selector"),
        ("-a", "is no selector"),
        ("Inf", "is a number"),
        ("{}", "select everything"),
        ('{job=~".*"}', "select everything"),
        ('{job!="x"}', "select everything"),
        ('{job=""}', "select everything"),
        ("rate(a[5m])", "functions and aggregations"),
        ("sum without (x) (a)", "functions and aggregations"),
        ("a[5m]", "range"),
        ("a[5m:1m]", "range"),
        ("a offset 5m", "winburn sets the time"),
        ("a @ end()", "winburn sets the time"),
        ("a / b", "behind a selector"),
        ("a or b", "behind a selector"),
        ("a # total", "behind a selector"),
        ("a{", "'}' is missing"),
        ("a{b='c'", "missing at the end"),
        ("a{b='c' d='e'}", "',' or '}' is missing"),
        ("a{,}", "label's name belongs"),
        ("a{1b='c'}", "label's name belongs"),
        ("a{b}", "needs =, !=, =~ or !~"),
        ("a{b=='c'}", "write = once"),
        ("a{b=c}", "must stand in quotes"),
        ("a{b='c}", "never closed"),
        ("a{b='\\.'}", "no escape"),
        ('a{b="\\\'"}', "no escape"),
        ("a{b='\\U00110000'}", "is no character"),
        ("a{__name__='b'}", "given twice"),
        ("a{b=~'*'}", "no regular expression"),
        ("on", "a keyword"),
        ("Group_Left{a='b'}", "a keyword"),
    ],
)
def test_what_is_no_plain_selector(text: str, said: str) -> None:
    assert said in (check_selector(text) or "")


@given(st.text(max_size=30))
def test_any_text_gets_an_answer(text: str) -> None:
    check_selector(text)
    check_selector(f"a{{b=~{quote(text)}}}")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("max(queue_length) < 100", ("max(queue_length)", "<", "100")),
        ("a<=b", ("a", "<=", "b")),
        ("a>=b", ("a", ">=", "b")),
        ("a == b", ("a", "==", "b")),
        ("a != -1", ("a", "!=", "-1")),
        ("(max(x) > 1)", ("max(x)", ">", "1")),
        ("( (a > (1)) )", ("a", ">", "(1)")),
        ("(a) > (b)", ("(a)", ">", "(b)")),
        ("a > bool 1", ("a", ">", "1")),
        ("a > BOOL on (job) b", ("a", ">", "on (job) b")),
        ("bool_gauge > boolean", ("bool_gauge", ">", "boolean")),
        ('a{x!="<",y=~"(",z!~`"`} < 1', ('a{x!="<",y=~"(",z!~`"`}', "<", "1")),
        ("sum(a > 1 and b) by (or) / c < 2", ("sum(a > 1 and b) by (or) / c", "<", "2")),
        ("max_over_time((a > bool 1)[5m:]) # > is fine\n < 1", ("max_over_time((a > bool 1)[5m:])", "<", "1")),
        (r'a{b="\"<"} < 1', (r'a{b="\"<"}', "<", "1")),
        # Not one comparison that a bool could be put into.
        ("a", None),
        ("(a > 1) and (b > 1)", None),
        ("a > 1 UNLESS b", None),
        ("a < b < c", None),
        ("a = 1", None),
        ("a =< 1", None),
        ("sum(a < 1)", None),
        ("a <", None),
        ("< 1", None),
        ("a < bool", None),
        ("(a < 1", None),
        ("a < 1)", None),
        ("(a < 1]", None),
        ("a{b='} < 1", None),
        ("", None),
        ("()", None),
    ],
)
def test_a_comparison_is_split_outside_of_brackets_and_quotes(text: str, parts: tuple[str, str, str] | None) -> None:
    assert split_comparison(text) == parts


@given(st.text("ab<>=!()[]{}'\"`\\ #\n1and or", max_size=30))
def test_what_was_split_means_the_same_again(text: str) -> None:
    parts = split_comparison(text)
    if parts is None:
        return
    left, operator, right = parts
    assert split_comparison(f"{left} {operator} bool {right}") == parts
    assert check_expression(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sum(a", "a ')' is missing"),
        ("sum(a))", "a ')' closes nothing"),
        ("sum(a[5m)", "a ')' closes nothing"),
        ('a{b="c}', "the quote before 'c}' is never closed"),
        ("# only words", "no expression stands here"),
        ("sum(a[5m]) / b{c='('}", None),
    ],
)
def test_quotes_and_brackets_must_fit(text: str, said: str | None) -> None:
    assert check_expression(text) == said


@pytest.mark.parametrize(
    ("selector", "name", "labels"),
    [
        ("a", "a", ()),
        (' a {b="c", d=~"}" , } ', "a", ("b", "d")),
        ('{"a.b", c!="d"}', "a.b", ("c",)),
        ('{__name__="a", b="c"}', "a", ("b",)),
        ('{__name__=~"a.*"}', None, ()),
        ('{"b c"="d"}', None, ("b c",)),
        ("a{}", "a", ()),
    ],
)
def test_the_name_and_the_labels_of_a_selector(selector: str, name: str | None, labels: tuple[str, ...]) -> None:
    assert check_selector(selector) is None
    assert name_and_labels(selector) == (name, labels)


@pytest.mark.parametrize("piece", ["\\p{", "[[:a", "[^]", "\\Q", "(?:", "a{b="])
@pytest.mark.parametrize("check", [check_regex, check_selector])
def test_the_time_for_a_long_text_grows_with_its_length(check: Callable[[str], object], piece: str) -> None:
    """Four times the text takes four times the time, sixteen times where something is looked for again and again."""

    def seconds(count: int) -> float:
        text = piece * count
        begin = time.thread_time()
        check(text)
        return time.thread_time() - begin

    short = long = math.inf
    for _ in range(20):  # what else the processor does only ever adds: the least of many is the text's own time
        short, long = min(short, seconds(3000)), min(long, seconds(12000))
        if long < 10 * max(short, 0.003):
            return
    pytest.fail(f"{short} s for 3000 pieces, {long} s for 12000")
