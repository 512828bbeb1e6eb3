"""Names of a spec on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.winburn.cli.spec_text import written
from winburn.cli import main

SINCE = ("--from", "2026-10-01T00:00:00Z")


@pytest.mark.parametrize(
    "words",
    [
        ("backtest", "SPEC", *SINCE, "--slo", "chekout"),
        ("report", "SPEC", "--slo", "chekout"),
        ("silence", "SLOErrorBudgetBurn", "--spec", "SPEC", "--for", "1h", "--comment", "x", "--slo", "chekout"),
        ("aa-test", "SPEC", "--experiment", "bottons"),
        ("report", "SPEC", "--experiment", "bottons"),
        ("experiment", "pause", "SPEC", "bottons", "--why", "x"),
    ],
)
def test_a_misspelt_name_is_told_the_right_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    path = written(tmp_path)
    with path.open("a") as stream:
        stream.write('alerting: {alertmanager: ["http://localhost:9093"]}\n')
    done = CliRunner().invoke(main, [str(path) if word == "SPEC" else word for word in words])
    meant = "checkout" if "chekout" in words else "buttons"
    assert done.exit_code == (1 if words[0] == "experiment" else 2)
    assert f"did you mean '{meant}'?" in " ".join(done.stderr.split())


def test_a_name_that_is_like_none_is_told_all(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["report", str(written(tmp_path)), "--slo", "zzz"])
    assert "there is no SLO 'zzz'; there are: 'checkout'" in " ".join(done.stderr.split())
