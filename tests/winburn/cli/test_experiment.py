"""`winburn experiment`."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exporter.state import Latch, State
from tests.winburn.cli.spec_text import TEXT, written
from winburn.cli.experiment import experiment


def run(*words: object, color: bool = False) -> Result:
    return CliRunner().invoke(experiment, [str(word) for word in words], color=color)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    State(f"sqlite:///{tmp_path}/state.db").close()
    return written(tmp_path, TEXT + f'state: {{url: "sqlite:///{tmp_path}/state.db"}}\n')


def store(spec: Path) -> State:
    return State(f"sqlite:///{spec.parent}/state.db")


def test_a_change_is_said_shown_and_on_record(spec: Path) -> None:
    done = run("pause", spec, "buttons", "--why", "the shop is being moved")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "buttons: paused, a=0.5 b=0.5\n", "")
    done = run("split", spec, "buttons", "a=0.8", "b=0.2", "--who", "ann", "--why", "ramp  down")
    assert done.stdout == "buttons: paused, a=0.8 b=0.2\n"
    assert [(x.action, x.who, x.why) for x in store(spec).audit()] == [
        ("pause", getpass.getuser(), "the shop is being moved"),
        ("split", "ann", "ramp down"),
    ]
    (head, line) = run("list", spec).stdout.splitlines()
    assert head.split() == ["EXPERIMENT", "STATUS", "TRAFFIC", "KILLED", "SINCE", "BY", "WHY"]
    assert "paused (spec: running)" in line
    assert "a=0.8 b=0.2 (spec: a=0.5 b=0.5)" in line
    assert line.endswith("ann  ramp down")


def test_a_store_that_is_not_there_is_not_made(spec: Path) -> None:
    (spec.parent / "state.db").unlink()
    done = run("pause", spec, "button", "--why", "x")
    assert (done.exit_code, done.stderr) == (1, "there is no experiment 'button', did you mean 'buttons'?\n")
    done = run("pause", spec, "buttons", "--why", "x")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"there is no state store at sqlite:///{spec.parent}/state.db" in done.stderr
    assert "buttons" in run("list", spec).stdout
    assert not (spec.parent / "state.db").exists()


def test_json_has_everything(spec: Path) -> None:
    store(spec).save_documents("experiment", {}, [Latch("kill", "buttons", "b", 5.0, "worse", {"n": 3})])
    run("stop", spec, "buttons", "--failed", "--who", "ann", "--why", "crashes")
    (found,) = json.loads(run("list", spec, "--json").stdout)
    assert found.pop("changed").keys() == {"at", "who", "why"}
    assert found == {
        "name": "buttons",
        "status": "failed",
        "spec_status": "running",
        "variants": {"a": 0.5, "b": 0.5},
        "spec_variants": {"a": 0.5, "b": 0.5},
        "killed": [{"variant": "b", "at": 5.0, "reason": "worse", "facts": {"n": 3}}],
    }


def test_a_killed_variant_is_spared(spec: Path) -> None:
    store(spec).save_documents("experiment", {}, [Latch("kill", "buttons", "b", 0.0, "b is worse than a", {})])
    done = run("unkill", spec, "buttons", "b", "--why", "no clicks were counted")
    assert done.stdout == "buttons: b is spared; it was killed at 1970-01-01 00:00:00Z: b is worse than a\n"
    assert store(spec).latches("kill") == []


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("pause", "buttons"), 2, "Missing option '--why'"),
        (("pause", "buttons", "--why", " "), 2, "is empty; it stays on record"),
        (("puase", "buttons", "--why", "x"), 2, "did you mean 'pause'?"),
        (("pause", "button", "--why", "x"), 1, "there is no experiment 'button', did you mean 'buttons'?"),
        (("start", "buttons", "--why", "x"), 1, "buttons is running already"),
        (("split", "buttons", "a=0.8", "b=0.3", "--why", "x"), 1, "the shares add up to 1.1, not 1"),
        (("unkill", "buttons", "b", "--why", "x"), 1, "the variant 'b' is not killed"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(spec: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    done = run(words[0], spec, *words[1:])
    assert (done.exit_code, done.stdout) == (code, "")
    assert sentence in " ".join(done.stderr.split())
    assert store(spec).last_change() == 0


def test_a_store_that_cannot_be_opened_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database at all\n" * 100)
    spec = written(tmp_path, TEXT + f'state: {{url: "sqlite:///{tmp_path}/state.db"}}\n')
    done = run("list", spec)
    assert (done.exit_code, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_colours_are_for_terminals(spec: Path) -> None:
    assert "\x1b[" not in run("list", spec).stdout
    assert "\x1b[32mrunning" in run("list", spec, color=True).stdout


@pytest.mark.parametrize("name", experiment.commands)
def test_each_command_has_an_example_and_explains_its_options(name: str) -> None:
    done = run(name, "--help")
    assert f"winburn experiment {name} winburn.yml" in done.output
    for option in experiment.commands[name].params:
        assert option.human_readable_name or option.opts
        if option.param_type_name == "option":
            assert getattr(option, "help", None)
