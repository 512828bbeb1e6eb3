"""--json where a script would want it, and a spec on stdin."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.winburn.cli.spec_text import AT, TEXT, written
from winburn.cli import main


def said(*words: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=stdin)


def test_a_good_spec(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("period: 30d", "period: 7d"))
    found = json.loads(said("check", "--json", path).stdout)
    assert (found["ok"], found["errors"], found["slos"], found["experiments"]) == (True, [], 1, 1)
    (warning,) = found["warnings"]
    assert warning["path"] == "slos[checkout].alerting"
    assert warning["message"]


def test_errors_are_objects_with_file_line_path_and_message(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("objective: 99", "objective: 990"))
    done = said("check", "--json", path)
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert (found["ok"], found["slos"], found["experiments"]) == (False, None, None)
    (error,) = found["errors"]
    assert (error["file"], error["line"], error["path"]) == (str(path), 8, "slos[checkout].objective")
    assert "990" in error["message"]


def test_a_mistake_of_the_whole_file_has_no_line(tmp_path: Path) -> None:
    (error,) = json.loads(said("check", "--json", tmp_path / "none.yml").stdout)["errors"]
    assert (error["line"], error["path"]) == (None, None)


def test_samples_are_those_of_the_exposition(tmp_path: Path) -> None:
    path = written(tmp_path)
    samples = json.loads(said("once", path, "--at", AT, "--json").stdout)
    assert {"name", "labels", "value"} == set().union(*samples)
    text = said("once", path, "--at", AT).stdout
    assert len(samples) == sum(not line.startswith("#") for line in text.splitlines())
    (objective,) = [each for each in samples if each["name"] == "slo_objective_ratio"]
    assert (objective["labels"]["slo"], objective["value"]) == ("checkout", 0.99)


def test_the_warnings_of_convert(tmp_path: Path) -> None:
    (tmp_path / "nothing.yml").write_text("kind: Pod\n")
    done = said("convert", tmp_path / "nothing.yml", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["spec"]) == (1, None)
    assert set(found["warnings"][0]) == {"file", "line", "slo", "message"}


def test_a_spec_on_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = written(tmp_path).read_text()
    monkeypatch.chdir(tmp_path)
    done = said("check", "-", stdin=text)
    assert (done.exit_code, done.stdout) == (0, "-: 1 SLO, 1 experiment: OK\n")
    done = said("check", "-", stdin=text.replace("objective: 99", "objective: 990"))
    assert done.stderr.startswith("<stdin>:8: slos[checkout].objective: ")
    assert said("once", "-", "--at", AT, stdin=text).exit_code == 0


@pytest.mark.parametrize(("data", "sentence"), [(b"\xff\xfe\x00", "not UTF-8"), (b"", "")])
def test_what_is_no_spec_on_stdin_is_a_sentence(data: bytes, sentence: str) -> None:
    done = said("check", "-", stdin=data)
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert sentence in done.stderr
