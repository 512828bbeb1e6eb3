"""That every text is well formed and stands alone; what people get is in tests/e2e/test_messages.py."""

from __future__ import annotations

import re

import pytest

from alert_rules.messages import TEXTS, by_name, in_place, templates_text


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_needs_no_other(name: str) -> None:
    assert "{{ template" not in TEXTS[name]
    assert in_place(name) == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_text_opens_it_closes(name: str) -> None:
    opened = len(re.findall(r"\{\{ (?:if|with|range)\b", TEXTS[name]))
    assert opened == TEXTS[name].count("{{ end }}")


def test_the_file_defines_every_text_once() -> None:
    defined = re.findall(r'\{\{ define "([^"]+)" \}\}', templates_text())
    assert defined == list(TEXTS)
    assert by_name(defined[0]) == f'{{{{ template "{defined[0]}" . }}}}'
