import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.re2 import check_regex

# From the syntax page of RE2, each taken by promtool 2.42 or 3.5; several are errors or something else to Python's re.
RE2 = [
    "", "a|b", "|a", "5..", "(a|b)*c+d?", "a*?b+?c??", "a{2}", "a{2,}", "a{2,5}?", "a{,2}", "x{", "{", "^a$", "^*",
    "[a-z]", "[^a]", "[]a]", "[^]]", "[\\w-.]", "[[:alpha:]_]+", "[[:^digit:]]", "\\pN", "\\p{Greek}", "\\P{Lu}",
    "\\Qa(b\\E", "\\Qa(",
    "\\x{10FFFF}", "\\x7F", "\\012", "\\z", "(?i)a", "a(?i)b", "(?i:a)", "(?s-i:a)", "(?U)a+",
    "(?P<n>a)", "(?<n>a)",
    "[a-\\x7a]", "[\\w-a]", "[--a]", "[+--]", "[a-]", "[-a]", "a{2,2}", "\\pL", "\\x{e9}", "\\P{^Greek}",
    "[[:alpha:]-]", "[é-ü]",
    "(?:a|b)", "()", "\\(", "\\[", "a\\.b", "[\\]]", "a]", "a}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", RE2)
def test_what_re2_takes_is_never_refused(pattern: str) -> None:
    assert check_regex(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "*", "+a", "a|*b", "(*a)", "(?:+)", "a**", "a*+", "(", "(a", "a)", ")(", "[a", "[]", "[^]",
        "a\\", "(a)\\1", "\\C",
        "(?=a)",
        "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?P=n)", "(?#c)", "a{1001}", "a{0,2000}",
        "a{2,1}", "[b-a]", "[^xb-a]", "[a-\\d]", "\\Z", "\\k", "\\8", "\\é", "\\pX", "\\p", "\\xg",
    ],
)  # fmt: skip
def test_what_re2_refuses_for_sure_is_refused(pattern: str) -> None:
    assert check_regex(pattern)


@given(st.text("ab|().*+?[]^-", max_size=8))
def test_what_python_takes_too_is_refused_only_for_possessive_repetition(pattern: str) -> None:
    """On this alphabet Python 3.11 knows what RE2 knows, and ``a*+`` besides."""
    try:
        re.compile(pattern)
    except (re.error, FutureWarning):
        return
    refused = check_regex(pattern)
    assert refused is None or re.search(r"[*+?]\+|\(\?", pattern)


@given(st.text(max_size=30))
def test_any_text_gets_an_answer(text: str) -> None:
    check_regex(text)
