"""docs/scale.md: its YAML loads, its parameters are those that are shown in /config, and its numbers add up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.spec import lint, load_text, masked

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_loads_and_is_shown_without_secrets(block: str) -> None:
    spec = load_text(block)
    assert not [warning for warning in lint(spec) if "secret" in warning or "stands between" in warning]
    assert "<secret>" not in masked(spec)


def test_there_is_a_block() -> None:
    assert len(BLOCKS) == 1


def test_the_engines_parameters_are_a_source_s() -> None:
    written = re.findall(r"`(params: \{[^`]*\}|headers: \{[^`]*\})`", PAGE)
    assert len(written) == 2
    for line in written:
        spec = load_text(f'sources: {{x: {{type: prometheus, url: "http://x", {line}}}}}\n')
        assert "<secret>" not in masked(spec)


def test_the_arithmetic_is_that_of_its_unit_costs() -> None:
    """Rows of the second table: cost of one, how many, and their product as it is written."""
    row = r"^\| [^|]+ \| ([\d.]+) (?:ms|KB) \| ([\d,]+) \| \*\*([\d.]+) (\w+)\*\* \|"
    rows = re.findall(row, PAGE, re.MULTILINE)
    assert len(rows) == 8
    for one, count, product, unit in rows:
        share = {"cores": 15 * 1000, "GB": 1e6, "MB": 1e3}[unit]
        assert float(product) == pytest.approx(float(one) * float(count.replace(",", "")) / share, rel=0.05)
