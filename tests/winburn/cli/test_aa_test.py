"""`winburn aa-test`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.winburn.cli.spec_text import TEXT, written
from winburn.cli.aa_test import aa_test

QUICK = ("--paths", 30, "--horizon", 5000, "--looks", 50)


def run(*words: object) -> Result:
    return CliRunner().invoke(aa_test, [str(word) for word in words])


def test_rates_stand_beside_what_was_simulated(tmp_path: Path) -> None:
    result = run(written(tmp_path), *QUICK)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "buttons: a 0.5, b 0.5; 1 verdict at alpha 0.05",
        "  5,000 units (10,000 a day, assumed); 50 looks, one every 14m24s",
        "  conversion: primary, proportion, 10 %; of 1,000 units of a, read from shop",
    ]
    assert lines[4].split() == ["ever", "called,", "though", "nothing", "differs", "any", "metric", "primary", "metric"]
    assert [line.split()[0] for line in lines[5:9]] == ["winburn's", "t", "95", "winburn's"]
    assert all(" ± " in line and line.endswith(" %") for line in lines[5:9])
    assert lines[-1] == "30 simulations each, seed 0; ± is one standard error"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.db", "winburn.yml"]


def test_json_says_the_same_for_programs_and_a_seed_repeats_it(tmp_path: Path) -> None:
    spec = written(tmp_path)
    first, again, other = (run(spec, *QUICK, "--json", "--seed", seed).stdout for seed in (1, 1, 2))
    assert first == again != other
    (found,) = json.loads(first)
    assert found["experiment"] == "buttons"
    assert found["metrics"] == [
        {"metric": "conversion", "mean": 0.1, "variance": None, "origin": "of 1,000 units of a, read from shop"}
    ]
    assert set(found["rates"]) == {"verdict", "primary", "kill", "t_test", "t_primary", "win", "win_primary"}
    assert found["rates"]["t_test"]["rate"] > found["rates"]["verdict"]["rate"]
    assert found["broken"] == []


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        (TEXT, ["--no-read"], "  conversion: primary, proportion, 5 %; assumed"),
        (TEXT, ["--rate", "0.2"], "  conversion: primary, proportion, 20 %; given"),
        (TEXT, ["--rate", "conversion=0.3"], "  conversion: primary, proportion, 30 %; given"),
        (
            TEXT.replace("FROM counts", "FROM gone"),
            [],
            "  conversion is assumed: source shop: no such table: gone",
        ),
        (
            TEXT.replace("successes FROM counts", "0 AS successes FROM counts"),
            [],
            "  conversion is assumed: shop has too little of a to go by",
        ),
    ],
)
def test_what_is_not_read_is_said(tmp_path: Path, text: str, words: list[str], line: str) -> None:
    result = run(written(tmp_path, text), *QUICK, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert line in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--experiment", "button"], "there is no experiment 'button', did you mean 'buttons'?"),
        (["--rate", "1.5"], "'1.5' is not a rate between 0 and 1, like 0.02 or signup=0.02"),
        (["--rate", "signup=0.1"], "there is no proportion or rate 'signup'; there are: conversion"),
        (["--horizon", "3"], "is not in the range"),
        (["--paths", "0"], "is not in the range"),
    ],
)
def test_a_wrong_command_line(tmp_path: Path, words: list[str], sentence: str) -> None:
    result = run(written(tmp_path), *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in " ".join(result.stderr.split())


def test_what_has_ended_is_simulated_only_by_name(tmp_path: Path) -> None:
    spec = written(tmp_path, TEXT.replace("control: a", "status: completed\n    control: a"))
    result = run(spec, *QUICK)
    assert result.exit_code == 1
    assert result.stderr == "the spec has no experiment that has not ended; name one with --experiment\n"
    assert run(spec, *QUICK, "--experiment", "buttons").stdout.startswith("buttons: ")


def test_a_family_over_all_experiments_is_simulated_whole_and_shown_as_asked(tmp_path: Path) -> None:
    experiments = TEXT.split("experiments:\n")[1].split("links:")[0]
    shared = experiments.replace("control: a", "control: a\n    false_discovery: all")
    both = TEXT.replace(experiments, shared + shared.replace("buttons", "banners"))
    spec = written(tmp_path, both)
    whole = json.loads(run(spec, *QUICK, "--json").stdout)
    assert [found["experiment"] for found in whole] == ["buttons", "banners"]
    assert json.loads(run(spec, *QUICK, "--json", "--experiment", "banners").stdout) == whole[1:]
