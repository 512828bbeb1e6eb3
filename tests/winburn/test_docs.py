"""The YAML of the documentation is a spec that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.spec import load_text

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["experiments.md"])
def test_a_whole_spec_of_a_page_loads(page: str) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    whole = [block for block in blocks if block.startswith("sources:")]
    assert whole
    for block in whole:
        assert load_text(block).experiments
