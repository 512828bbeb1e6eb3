import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.spec.strict_yaml import UnreadableError, read_yaml


def value(text: str) -> object:
    found, _, problems = read_yaml("f.yml", f"key: {text}\n")
    assert not problems
    return found["key"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The core schema of YAML 1.2.2, section 10.3.2 ...
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-19", -19),
        ("99.9", 99.9),
        (".5", 0.5),
        ("+12e03", 12000.0),
        ("-2E+05", -200000.0),
        ("1e-4", 1e-4),  # text to PyYAML
        # ... and text where YAML 1.1 sees something else.
        ("02:00", "02:00"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("007", "007"),
        ("2026-11-01", "2026-11-01"),
        ("=", "="),
        ("'yes'", "yes"),
        ('"on"', "on"),
        ("nan", "nan"),
        ("5m", "5m"),
    ],
)
def test_scalars_are_what_they_look_like(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "y", "N"])
def test_two_faced_words_are_refused_as_values_and_as_keys(word: str) -> None:
    _, _, problems = read_yaml("f.yml", f"a: {word}\n{word}: [{word}]\n")
    assert [(p.parts, p.mark and p.mark.key) for p in problems] == [(("a",), 1), ((word,), 2), ((word, 0), 2)]


def test_the_key_of_our_own_needs_no_quotes() -> None:
    assert read_yaml("f.yml", "csv: {n: users}")[2] == []


def test_keys_are_always_text() -> None:
    assert read_yaml("f.yml", "1: a\ntrue: b\nnull: c\n")[0] == {"1": "a", "true": "b", "null": "c"}


def test_marks_point_at_scalars_and_at_the_keys_of_mappings() -> None:
    _, marks, _ = read_yaml("f.yml", "a:\n  b:\n    - c: 1\n      d: |\n        text\n    -\n      e:\n        2\n")
    assert marks[("a",)].value == 1
    assert marks[("a", "b")].value == 2
    assert marks[("a", "b", 0)].value == 3
    assert marks[("a", "b", 0, "d")][1:] == (4, 4)
    assert marks[("a", "b", 1, "e")][1:] == (7, 8)


@pytest.mark.parametrize("brackets", [31, 100_000])
def test_deep_nesting_is_refused_before_it_can_do_harm(brackets: int) -> None:
    with pytest.raises(UnreadableError, match="levels of nesting"):
        read_yaml("f.yml", "a: " + "[" * brackets)


def test_the_billion_laughs_are_not_told() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [" + f"*a{i - 1}, " * 9 + "]" for i in range(1, 12)]
    found, _, problems = read_yaml("f.yml", "\n".join(lines))
    assert found["a11"] == [None] * 9
    assert len(problems) == 12 + 11 * 9


def test_the_content_of_anchors_and_tags_is_not_repeated() -> None:
    _, _, problems = read_yaml("f.yml", "password: &hunter2\nother: !hunter2 x\n")
    assert len(problems) == 2
    assert "hunter2" not in str([problem.message for problem in problems])


@given(
    st.dictionaries(
        st.text("abc", min_size=1), st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_numbers_are_read_as_they_were_written(numbers: dict[str, float]) -> None:
    text = "".join(f"{key}: {number!r}\n" for key, number in numbers.items())
    assert (read_yaml("f.yml", text)[0] or {}) == numbers
