"""docs/operations.md: its YAML loads, and its commands have the flags that they are shown with."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from exporter.spec import load_text
from winburn.cli import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_spec_loads_and_the_rules_are_rules() -> None:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    specs = [block for block in found if not block.startswith("groups:")]
    assert [load_text(block).tenant for block in specs] == ["acme"]
    (rules,) = [yaml.safe_load(block) for block in found if block not in specs]
    assert rules["groups"][0]["rules"][0]["alert"] == "WinburnShardMissing"


def test_the_commands_know_their_flags() -> None:
    commands = re.findall(r"(?:^|`)winburn (\w+)([^`\n]*)", PAGE, re.MULTILINE)
    flags = {(command, flag) for command, rest in commands for flag in re.findall(r"--[\w.-]+", rest)}
    assert {("serve", "--shard"), ("serve", "--config.file"), ("once", "--shard")} <= flags
    for command, flag in flags:
        assert flag in CliRunner().invoke(main, [command, "--help"]).output


def test_the_signal_finds_a_program_that_is_a_script() -> None:
    """pip makes `winburn` a script of Python, and pidof passes over scripts unless it is told."""
    assert re.findall(r"pidof (\S+)", PAGE) == ["-sx"]
