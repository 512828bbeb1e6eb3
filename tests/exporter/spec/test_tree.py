from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.tree import Mark, Problem, Tree, did_you_mean, shown, unhidden

TREE = Tree(
    value={"slos": [{"name": "a b"}, {"name": "ok", "labels": {"x y": 1}}]},
    marks={(): Mark("f.yml", 1, 1), ("slos",): Mark("f.yml", 2, 2), ("slos", 1): Mark("g.yml", 5, 6)},
    folders={"g.yml": Path("/etc")},
)


def test_items_are_called_by_their_name_where_it_can_stand_in_a_path() -> None:
    assert TREE.dotted(()) == ""
    assert TREE.dotted(("slos", 0, "sli")) == "slos[0].sli"
    assert TREE.dotted(("slos", 1, "labels", "x y")) == "slos[ok].labels['x y']"
    assert TREE.dotted(("slos", 7)) == "slos[7]"


def test_what_is_not_written_down_is_where_the_value_around_it_is() -> None:
    assert TREE.mark(("slos", 1, "sli", "bad")) == Mark("g.yml", 5, 6)
    assert TREE.mark(("refresh",)) == Mark("f.yml", 1, 1)
    assert TREE.folder(("slos", 1)) == Path("/etc")
    assert TREE.folder(("slos", 0)) is None


def test_problems_point_at_the_key_the_value_or_a_place_of_their_own() -> None:
    parts = ("slos", 1)
    assert TREE.error(Problem(parts, "m", on_key=True)).line == 5
    assert TREE.error(Problem(parts, "m")).line == 6
    assert str(TREE.error(Problem(parts, "m", mark=Mark("h.yml", 9, 9)))) == "h.yml:9: slos[ok]: m"


parts = st.lists(st.sampled_from(["a", "b", 0]), max_size=4).map(tuple)


@given(st.lists(parts), st.lists(parts))
def test_a_problem_hides_what_is_above_and_below_it(new: list[tuple[str, ...]], old: list[tuple[str, ...]]) -> None:
    left = unhidden([Problem(x, "new") for x in new], [Problem(x, "old") for x in old])
    related = {x for x in new for y in old if y and x[: min(len(x), len(y))] == y[: min(len(x), len(y))] and x}
    assert [problem.parts for problem in left] == [x for x in new if x not in related]


def test_quoted_text_stays_on_one_short_line() -> None:
    assert shown("a\n  b") == "'a b'"
    assert len(shown("x" * 1000)) == 62


def test_the_likeliest_word() -> None:
    assert did_you_mean("objectve", ["object", "objective"]) == "objective"
    assert did_you_mean("zzz", ["objective"]) is None
