"""`winburn check`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.winburn.cli.spec_text import TEXT
from winburn.cli.check import check

BROKEN = TEXT.replace("control: a", "control: c").replace("kind: proportion", "kind: proportional")


def checked(*words: object) -> Result:
    return CliRunner().invoke(check, [str(word) for word in words])


def spec(folder: Path, text: str, name: str = "winburn.yml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_good_spec_is_counted_on_stdout(tmp_path: Path) -> None:
    path = spec(tmp_path, TEXT)
    result = checked(path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{path}: 1 SLO, 1 experiment: OK\n", "")


def test_a_folder_is_one_spec(tmp_path: Path) -> None:
    slos, experiments = TEXT.split("experiments:\n")
    spec(tmp_path, slos, "a.yml")
    spec(tmp_path, f"experiments:\n{experiments}", "b.yaml")
    result = checked(tmp_path)
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path}: 1 SLO, 1 experiment: OK\n")


def test_every_error_is_a_line_on_stderr_with_file_and_line(tmp_path: Path) -> None:
    path = spec(tmp_path, BROKEN)
    result = checked(path)
    assert (result.exit_code, result.stdout) == (1, "")
    lines = {
        number: line for number, line in enumerate(BROKEN.splitlines(), 1) if "control:" in line or "kind:" in line
    }
    assert [error.split(" ")[0] for error in result.stderr.splitlines()] == [f"{path}:{number}:" for number in lines]
    assert "experiments[buttons].control: 'c' is none of the variants" in result.stderr
    assert "did you mean proportion?" in result.stderr


def test_warnings_go_to_stderr_and_are_no_errors(tmp_path: Path) -> None:
    result = checked(spec(tmp_path, TEXT.replace("period: 30d", "period: 7d")))
    assert result.exit_code == 0
    assert result.stdout.endswith("OK\n")
    (line,) = result.stderr.splitlines()
    assert line.startswith("warning: slos[checkout].alerting: ")


@pytest.mark.parametrize("name", ["nothing.yml", "folder"])
def test_what_is_not_there_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    result = checked(tmp_path / name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{tmp_path / name}: no ")
    assert len(result.stderr.splitlines()) == 1


def test_the_schema_is_json_schema_and_needs_no_spec() -> None:
    result = checked("--schema")
    assert (result.exit_code, result.stderr) == (0, "")
    schema = json.loads(result.stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"sources", "slos", "experiments"} <= schema["properties"].keys()
    assert result.stdout == checked("--schema").stdout
