"""`winburn once`."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.e2e.exporter import parsed
from tests.winburn.cli.spec_text import AT, TEXT, written
from winburn.cli.once import once


def run(*words: object) -> Result:
    return CliRunner().invoke(once, [str(word) for word in words])


@pytest.mark.parametrize("at", [str(AT), f"{AT}.0", "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00"])
def test_a_moment_of_the_past_is_evaluated_from_history_and_writes_nothing(tmp_path: Path, at: str) -> None:
    result = run(written(tmp_path), "--at", at)
    assert (result.exit_code, result.stderr) == (0, "")
    found = parsed(result.stdout)
    assert found.values("slo_events", slo="checkout", window="1h") == [3600]
    assert found.values("slo_bad_events", slo="checkout", window="1h") == [36]
    assert found.values("experiment_variant_participants", variant="b") == [1000]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop.db", "winburn.yml"]


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("yesterday", "is not a time; write Unix seconds or 2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00", "has no zone; write 2026-11-22T10:00:00Z or +01:00"),
        ("2026-02-30T10:00:00Z", "is not a time"),
        ("nan", "is not a time"),
        ("inf", "is not a time"),
        ("-5", "is not a time"),
        ("1700000000000", "lies in the future; Unix times are in seconds, not milliseconds"),
    ],
)
def test_a_bad_time_is_a_wrong_command_line(tmp_path: Path, at: str, sentence: str) -> None:
    result = run(written(tmp_path), f"--at={at}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"'{at}' {sentence}" in result.stderr


def test_what_fails_is_said_and_the_rest_is_printed(tmp_path: Path) -> None:
    spec = written(tmp_path, TEXT.replace("FROM counts", "FROM gone"))
    result = run(spec, "--at", AT)
    assert result.exit_code == 1
    assert result.stderr == "buttons: source shop: no such table: gone\n"
    found = parsed(result.stdout)
    assert found.values("slo_events", slo="checkout", window="1h") == [3600]
    assert found.values("experiment_variant_participants") == []
    assert found.values("winburn_source_up", source="shop") == [1]


def test_now_is_counted_into_the_state_store(tmp_path: Path) -> None:
    spec = written(tmp_path, TEXT + 'state: {url: "sqlite:///state.db"}\n')
    for _ in range(2):
        result = run(spec)
        assert (result.exit_code, result.stderr) == (0, "")
        assert parsed(result.stdout).values("experiment_variant_participants", variant="a") == [1000]
    assert (tmp_path / "state.db").exists()


def test_a_state_store_that_cannot_be_opened_is_a_sentence_with_its_name(tmp_path: Path) -> None:
    spec = written(tmp_path, TEXT + 'state: {url: "sqlite:///nowhere/state.db"}\n')
    result = run(spec)
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert str(tmp_path / "nowhere" / "state.db") in result.stderr


def test_a_pager_that_leaves_early_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "winburn", "once", str(written(tmp_path)), "--at", str(int(time.time()))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
