"""Whatever it is given, the loader answers with a spec or with mistakes that have a place."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.spec import SpecError, SpecErrors, load_text
from tests.exporter.spec.texts import EVERY_KEY


def mistakes(text: str) -> tuple[SpecError, ...]:
    """What is wrong with a text; anything but SpecErrors goes through."""
    try:
        load_text(text)
    except SpecErrors as errors:
        return errors.errors or (SpecError("", 0, "", ""),)
    return ()


yamlish = st.text("abcyn01.9:-{}[]'\"&*!#|>%@,\n\n\t  \\~", max_size=80)
pieces = st.sampled_from(
    [*EVERY_KEY.splitlines(keepends=True), "yes", ": ", "- ", "  ", "{", "}", "\n", ".nan", "&a ", "*a"]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), yamlish, st.lists(pieces, max_size=25).map("".join)))
def test_whatever_the_text_it_is_a_spec_or_spec_errors(text: str) -> None:
    assert all(error.message and error.line >= 1 for error in mistakes(text))


lines = EVERY_KEY.splitlines(keepends=True)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, len(lines) - 1), st.sampled_from(["", "x", "[]", "{}", "5", "null", "true", "-1", "1e-400", "'a'"])
)
def test_a_spoilt_line_is_reported_at_that_line_or_around_it(at: int, value: str) -> None:
    key, colon, _ = lines[at].partition(":")
    spoilt = [*lines[:at], f"{key}{colon} {value}\n", *lines[at + 1 :]]
    assert all(error.message and 1 <= error.line <= len(lines) + 1 for error in mistakes("".join(spoilt)))


plain = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 200), st.floats(0, 1), st.sampled_from(["a", "30d", "", "prom"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "sli", "x"]), inner)),
    max_leaves=6,
)
KEYS = ("refresh", "limits", "sources", "slos", "experiments", "alerting", "links", "state")


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), plain, min_size=1))
def test_any_value_under_the_known_keys_is_a_spec_or_spec_errors(value: dict[str, object]) -> None:
    assert all(error.message and error.line >= 1 for error in mistakes(yaml.safe_dump(value)))
