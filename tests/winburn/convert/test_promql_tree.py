import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winburn.convert.promql_tokens import PromqlError, tidy, tokens, with_window
from winburn.convert.promql_tree import Aggregate, Binary, Call, Literal, Matcher, Selector, Subquery, parse

UP = Selector("up", ())


def test_selectors_keep_their_parts() -> None:
    assert parse("a:b_total{ x = \"1\",y=~`2.`, z!~'q' , }[$window] offset 5m") == Selector(
        "a:b_total",
        (Matcher("x", "=", '"1"'), Matcher("y", "=~", "`2.`"), Matcher("z", "!~", "'q'")),
        "$window",
        moved=True,
    )
    assert parse('{__name__="up"}') == Selector("", (Matcher("__name__", "=", '"up"'),))


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("up - up - up", Binary("-", Binary("-", UP, UP), UP)),
        ("up + up * up", Binary("+", UP, Binary("*", UP, UP))),
        ("up ^ up ^ up", Binary("^", UP, Binary("^", UP, UP))),
        ("up or up and up", Binary("or", UP, Binary("and", UP, UP))),
        ("-up ^ up", Binary("-", Literal("0"), Binary("^", UP, UP))),
        ("-up * up", Binary("*", Binary("-", Literal("0"), UP), UP)),
        ("up > bool 1", Binary(">", UP, Literal("1"), bool_modifier=True)),
        ("up / on(a, b) group_left(c) up", Binary("/", UP, UP, matching=True)),
        ("sum(up) by (a,b)", Aggregate("sum", (UP,), ("a", "b"))),
        ("sum by (a) (up)", Aggregate("sum", (UP,), ("a",))),
        ("SUM without(a)(up)", Aggregate("sum", (UP,), ("a",), without=True)),
        ("max_over_time(rate(up[5m])[1h:5m])", Call("max_over_time", (Subquery(Call("rate", (Selector("up", (), "5m"),)), "1h"),))),
        ("up # no comment\n+ 1", Binary("+", UP, Literal("1"))),
        ("time()", Call("time", ())),
        ("up @ end()", Selector("up", (), moved=True)),
    ],
)  # fmt: skip
def test_trees(query: str, tree: object) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    "query", ["", "sum(", "up{a=}", "up[", "up up", "a{b", "sum(up))", 'up{a="b}', "up[5m][5m]", "🙂"]
)
def test_what_is_no_promql_is_refused(query: str) -> None:
    with pytest.raises(PromqlError):
        parse(query)


@given(st.text(st.sampled_from('up{}[]()"=~,+-/ $window5mby'), max_size=40))
@settings(max_examples=150)
def test_nothing_else_is_ever_raised(query: str) -> None:
    try:
        parse(query)
    except PromqlError:
        return
    assert [token.text for token in tokens(tidy(query))] == [token.text for token in tokens(query)]


def test_placeholders_and_blanks() -> None:
    assert with_window(" rate(a[{{.window}}]) / rate(b[{{ .window }}])\n") == "rate(a[$window]) / rate(b[$window])"
    assert tidy("sum(\n  rate(a[5m]) # c\n)") == "sum( rate(a[5m]) )"
    assert tidy('a{b="x  y"}') == 'a{b="x  y"}'
