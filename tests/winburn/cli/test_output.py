"""`winburn rules` and `winburn dashboards`: what is written, and what --check says of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.winburn.cli.spec_text import TEXT
from winburn.cli.dashboards import dashboards
from winburn.cli.output import write_files
from winburn.cli.rules import rules

BOTH = pytest.mark.parametrize("command", [rules, dashboards], ids=["rules", "dashboards"])


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "winburn.yml"
    path.write_text(TEXT)
    return path


def run(command: click.Command, spec: Path, out: Path, *more: str) -> Result:
    return CliRunner().invoke(command, [str(spec), "--out", str(out), *more])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@BOTH
def test_it_writes_into_a_new_folder_and_says_what(command: click.Command, spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    result = run(command, spec, out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [str(out / name) for name in sorted(contents(out))]
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in out.rglob("*") if path.is_file())


@BOTH
def test_a_second_run_touches_nothing(command: click.Command, spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(command, spec, out)
    before, times = contents(out), {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    result = run(command, spec, out)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{out / name} (unchanged)" for name in sorted(before)]
    assert contents(out) == before
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == times


@BOTH
def test_another_folder_gets_the_same_bytes(command: click.Command, spec: Path, tmp_path: Path) -> None:
    run(command, spec, tmp_path / "one")
    run(command, spec, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two") != {}


@BOTH
def test_check_shows_the_difference_writes_nothing_and_is_content_afterwards(
    command: click.Command, spec: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(command, spec, out, "--check").exit_code == 1
    assert not out.exists()
    run(command, spec, out)
    assert run(command, spec, out, "--check").exit_code == 0

    edited = sorted(path for path in out.rglob("*") if path.is_file())[0]
    edited.write_text(edited.read_text() + "by hand\n")
    before = contents(out)
    result = run(command, spec, out, "--check")
    assert (result.exit_code, contents(out)) == (1, before)
    assert "-by hand" in result.stderr.splitlines()
    assert result.stderr.splitlines()[-1].endswith(" files differ from what the spec gives; run without --check")
    run(command, spec, out)
    assert run(command, spec, out, "--check").exit_code == 0


def test_check_shows_what_a_changed_spec_changes(spec: Path, tmp_path: Path) -> None:
    run(rules, spec, tmp_path / "out")
    spec.write_text(TEXT.replace("name: checkout\n", "name: till\n"))
    lines = run(rules, spec, tmp_path / "out", "--check").stderr.splitlines()
    assert any(line.startswith("-") and "checkout" in line for line in lines)
    assert any(line.startswith("+") and "till" in line for line in lines)


def test_check_names_a_file_that_is_missing(spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(rules, spec, out)
    (out / "alertmanager.yml").unlink()
    result = run(rules, spec, out, "--check")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == f"{out / 'alertmanager.yml'}: missing"


def test_files_of_others_stay(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("groups: []\n")
    run(rules, spec, tmp_path)
    assert (tmp_path / "mine.yml").read_text() == "groups: []\n"
    assert run(rules, spec, tmp_path, "--check").exit_code == 0


@BOTH
def test_a_broken_spec_writes_nothing(command: click.Command, spec: Path, tmp_path: Path) -> None:
    spec.write_text(TEXT.replace("objective: 99", "objective: 100"))
    result = run(command, spec, tmp_path / "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{spec}:" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("more", [[], ["--check"]])
def test_a_folder_in_the_place_of_a_file_is_a_sentence(spec: Path, tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "winburn.rules.yml").mkdir()
    result = run(rules, spec, tmp_path, *more)
    assert (result.exit_code, result.stdout) == (1, "")
    verb = "read" if more else "write"
    assert result.stderr == f"rules: cannot {verb} {tmp_path / 'winburn.rules.yml'}: is a directory\n"


def test_an_impossible_folder_is_a_sentence(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(rules, spec, tmp_path / "file" / "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"rules: cannot write {tmp_path / 'file' / 'out' / 'alertmanager.yml'}: not a directory\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_must_not_be_written_is_a_sentence(spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    result = run(rules, spec, out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"rules: cannot write {out / 'alertmanager.yml'}: permission denied\n"


def test_where_the_second_file_cannot_be_written_the_first_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").write_text("old")
    opened = os.fdopen
    turns = iter([opened])

    def full(*args: Any, **options: Any) -> Any:
        if (turn := next(turns, None)) is not None:
            return turn(*args, **options)
        os.close(args[0])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("winburn.cli.output.os.fdopen", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        write_files(tmp_path, {"a": "new", "b": "new"})
    assert raised.value.filename == str(tmp_path / "b")
    assert contents(tmp_path) == {"a": b"old", "b": b"old"}


def test_the_rules_are_yaml_with_the_spec_s_names(spec: Path, tmp_path: Path) -> None:
    run(rules, spec, tmp_path / "out")
    written = yaml.safe_load((tmp_path / "out" / "winburn.rules.yml").read_text())
    labels = [rule.get("labels", {}) for group in written["groups"] for rule in group["rules"]]
    assert {label["slo"] for label in labels if "slo" in label} == {"checkout"}
