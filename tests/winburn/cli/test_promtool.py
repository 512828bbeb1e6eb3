"""Where there is no promtool; what it says is in tests/e2e/test_native_rules.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from winburn.cli import main
from winburn.servers import cache_folder, find

SPEC = """\
sources: {prod: {type: prometheus, url: "http://127.0.0.1:9", rules: RULES}}
slos: [{name: share, service: a, objective: 99, period: 30d, sli: {source: prod, ratio: "sum(rate(x[$window])) / y"}}]
"""


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def run(folder: Path, spec: str) -> Result:
    (folder / "winburn.yml").write_text(spec)
    return CliRunner().invoke(main, ["rules", str(folder / "winburn.yml"), "--out", str(folder / "out")])


def test_without_promtool_it_says_that_nobody_has_read_the_query(nowhere: Path) -> None:
    done = run(nowhere, SPEC.replace("RULES", "true"))
    assert done.exit_code == 0
    assert "the ratio of share stands in the rules unread" in done.output


def test_nothing_is_said_where_no_query_stands_in_the_rules(nowhere: Path) -> None:
    assert "promtool" not in run(nowhere, SPEC.replace("RULES", "false")).output


def test_a_pattern_that_only_promtool_can_judge_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    promtool = find(os.environ, cache_folder(os.environ)).promtool
    if promtool is None:
        pytest.skip("there is no promtool on this machine")
    monkeypatch.setenv("PATH", f"{promtool.parent}{os.pathsep}{os.environ['PATH']}")
    counted = """total: a_total, bad: 'a_total{b=~"(x{500}){500}"}'"""
    done = run(tmp_path, SPEC.replace("RULES", "true").replace('ratio: "sum(rate(x[$window])) / y"', counted))
    assert done.exit_code == 1
    assert "promtool refuses the rules" in done.output
    assert not (tmp_path / "out").exists()


def test_of_a_pattern_nothing_is_said_without_promtool(nowhere: Path) -> None:
    counted = """total: a_total, bad: 'a_total{b=~"x+"}'"""
    done = run(nowhere, SPEC.replace("RULES", "true").replace('ratio: "sum(rate(x[$window])) / y"', counted))
    assert (done.exit_code, "promtool" in done.output) == (0, False)
