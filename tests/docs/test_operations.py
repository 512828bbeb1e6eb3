"""docs/operations.md: its YAML loads, and its commands have the flags that they are shown with."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from exporter.contract import FAMILIES
from exporter.spec import load_text
from winburn import keeping
from winburn.cli import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_spec_loads_and_what_a_scrape_drops_is_in_the_contract() -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (scrape,) = [block for block in found if block.startswith("metric_relabel_configs:")]
    assert [load_text(block).tenant for block in found if block != scrape] == ["acme"]
    (rule,) = yaml.safe_load(scrape)["metric_relabel_configs"]
    assert rule["action"] == "drop"
    assert rule["regex"] in FAMILIES


def test_the_commands_know_their_flags() -> None:
    commands = re.findall(r"(?:^|`)winburn (\w+)([^`\n]*)", PAGE, re.MULTILINE)
    flags = {(command, flag) for command, rest in commands for flag in re.findall(r"--[\w.-]+", rest)}
    assert {("serve", "--shard"), ("serve", "--config.file"), ("once", "--shard")} <= flags
    for command, flag in flags:
        assert flag in CliRunner().invoke(main, [command, "--help"]).output


def test_the_signal_finds_a_program_that_is_a_script() -> None:
    """pip makes `winburn` a script of Python, and pidof passes over scripts unless it is told."""
    assert re.findall(r"pidof (\S+)", PAGE) == ["-sx"]


def test_the_times_of_the_state_store_are_those_of_the_program() -> None:
    text = " ".join(PAGE.replace("*", "").split())
    assert f"keeps what is stored of it for {keeping.KEEP / 86400:.0f} days" in text
    assert f"keeps it for that and {keeping.MARGIN / 86400:.0f} days" in text
    assert f"is kept for {keeping.UNKNOWN / 86400:.0f} days" in text
    assert keeping.EVERY == 3600  # "every hour"
