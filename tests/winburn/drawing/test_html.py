"""A title cannot end its element, and the policy stands before all that it rules."""

from __future__ import annotations

from winburn.drawing.html import html_file


def test_a_title_is_text_and_the_policy_comes_before_the_style() -> None:
    page = html_file("</title><script>", "p { margin: 0 }", "default-src 'none'", "<p>it</p>\n")
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in page
    assert page.index("default-src 'none'") < page.index("<style>p { margin: 0 }</style>") < page.index("<p>it</p>")
    assert page.endswith("<p>it</p>\n</body>\n</html>\n")
