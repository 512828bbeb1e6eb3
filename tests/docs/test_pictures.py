"""The pictures of the explanations are what the code draws today, and are drawings."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from docs._generate.draw import across
from docs._generate.pictures import FOLDER, PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_code_draws(name: str) -> None:
    drawn = PICTURES[name]()
    assert (FOLDER / name).read_text(encoding="utf-8") == drawn, "draw again: python -m docs._generate.pictures"
    root = ET.fromstring(drawn)
    assert root.find("{http://www.w3.org/2000/svg}title") is not None
    assert "nan" not in drawn


def test_there_is_no_picture_that_nobody_draws() -> None:
    assert {path.name for path in FOLDER.glob("*")} == set(PICTURES)


def test_an_axis_puts_the_middle_in_the_middle() -> None:
    assert across(0, 10).at(5) == across(1, 100, log=True).at(10) == 364
    assert across(0, 10).at(11) == across(0, 10).at(10)
