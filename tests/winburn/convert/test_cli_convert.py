"""The command: streams and exit codes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from winburn.cli import main

PYRRA = """apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: up}
spec: {target: "99", window: 4w, alerting: {disabled: true}, indicator: {bool_gauge: {metric: up}}}
"""


def test_stdin_to_stdout_and_on_to_check(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["convert", "-", "--source-url", "http://p:9090"], input=PYRRA)
    assert (found.exit_code, found.stderr) == (0, "")
    spec = tmp_path / "winburn.yml"
    spec.write_text(found.stdout)
    checked = CliRunner().invoke(main, ["check", str(spec)])
    assert checked.exit_code == 0
    assert checked.stdout == f"{spec}: 1 SLO, 0 experiments: OK\n"
    assert 'url: "http://p:9090"' in found.stdout


def test_a_folder_is_read_deep_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "z.yaml").write_text(PYRRA.replace("name: up", "name: second"))
    (tmp_path / "a.yml").write_text(PYRRA)
    (tmp_path / ".hidden.yaml").write_text("a: [")
    (tmp_path / "README.md").write_text("no")
    found = CliRunner().invoke(main, ["convert", str(tmp_path)])
    assert [line for line in found.stdout.splitlines() if "- name" in line] == ["  - name: up", "  - name: second"]


def test_warnings_go_to_stderr_and_strict_makes_them_an_error() -> None:
    text = PYRRA.replace("metadata: {name: up}", "metadata: {name: up, namespace: x}")
    for options, code in ([], 0), (["--strict"], 1):
        found = CliRunner().invoke(main, ["convert", "-", *options], input=text)
        assert found.exit_code == code
        assert found.stderr == "<stdin>:3: up: metadata: namespace: of the resource in Kubernetes, not carried\n"
        assert found.stdout.startswith("sources:")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{}: no SLO stands in it: give a file with some\n{}: nothing could be converted\n"),
        (b"a: 1\nb: \xff", "{}:2: not UTF-8: save the file with that encoding\n"),
    ],
)
def test_nothing_converted_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    found = CliRunner().invoke(main, ["convert", str(file)])
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == message.format(file, file)


def test_missing_files_empty_folders_and_wrong_options(tmp_path: Path) -> None:
    missing = CliRunner().invoke(main, ["convert", str(tmp_path / "no")])
    assert (missing.exit_code, missing.stderr) == (1, f"{tmp_path}/no: cannot be read: no such file or directory\n")
    empty = CliRunner().invoke(main, ["convert", str(tmp_path)])
    assert (empty.exit_code, empty.stderr) == (1, f"{tmp_path}: no *.yml, *.yaml or *.json in this folder\n")
    assert CliRunner().invoke(main, ["convert", "-", "--period", "month"]).exit_code == 2
    assert CliRunner().invoke(main, ["convert", "-", "--from", "nobl9"]).exit_code == 2
