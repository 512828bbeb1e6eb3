"""`winburn check`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.certificates import authority, issued
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


HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
WEB = f"basic_auth_users: {{me: {HASH}}}\nrate_limit: {{interval: 1s, burst: 5}}\n"
BAD_WEB = """\
basic_auth_users: {me: hunter2, you: hunter3}
tls_server_config: {cert_file: hunter4.crt, client_auth_type: Require}
rate_limit: {interval: 1}
"""


def test_a_web_config_file_is_checked_alone(tmp_path: Path) -> None:
    path = spec(tmp_path, WEB, "web.yml")
    result = checked("--web.config.file", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: no TLS, 1 user: OK\n")
    assert result.stderr == (
        f"warning: {path}:1: basic_auth_users: without tls_server_config passwords are sent in the clear\n"
    )
    assert checked("--web.config.file", spec(tmp_path, "", "empty.yml")).stdout.endswith("no TLS, no password: OK\n")


def test_what_tls_asks_of_clients_is_said(tmp_path: Path) -> None:
    own = authority(tmp_path)
    issued(tmp_path, own, "server")
    text = "tls_server_config: {cert_file: server.crt, key_file: server.key"
    asking = f"{text}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: authority.crt}}"
    for web, said in ((f"{text}}}", "TLS"), (asking, "TLS with client certificates")):
        result = checked("--web.config.file", spec(tmp_path, web, "web.yml"))
        assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'web.yml'}: {said}, no password: OK\n")


def test_every_error_of_a_web_config_file_comes_at_once_with_those_of_the_spec(tmp_path: Path) -> None:
    path, web = spec(tmp_path, BROKEN), spec(tmp_path, BAD_WEB, "web.yml")
    result = checked(path, "--web.config.file", web)
    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith(f"{path}:")] == checked(path).stderr.splitlines()
    places = [line.split(": ")[:2] for line in lines if line.startswith(f"{web}:")]
    assert places == [
        [f"{web}:1", "basic_auth_users.me"],
        [f"{web}:1", "basic_auth_users.you"],
        [f"{web}:2", "tls_server_config.cert_file"],
        [f"{web}:2", "tls_server_config.client_auth_type"],
        [f"{web}:2", "tls_server_config.key_file"],
        [f"{web}:3", "rate_limit.interval"],
    ]
    assert len(lines) == len(places) + len(checked(path).stderr.splitlines())
    assert "hunter2" not in result.stderr
    assert "hunter3" not in result.stderr


def test_a_web_config_file_as_json(tmp_path: Path) -> None:
    path, web, bad = spec(tmp_path, TEXT), spec(tmp_path, WEB, "web.yml"), spec(tmp_path, BAD_WEB, "bad.yml")
    alone, both = (json.loads(checked("--json", *more, "--web.config.file", web).stdout) for more in ((), (path,)))
    assert (alone["ok"], alone["errors"], alone["slos"], both["slos"]) == (True, [], None, 1)
    message = "without tls_server_config passwords are sent in the clear"
    assert {"path": "basic_auth_users", "message": message} in alone["warnings"]
    assert {"path": "basic_auth_users", "message": message} in both["warnings"]
    result = checked("--json", path, "--web.config.file", bad)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["ok"], document["slos"]) == (1, False, None)
    assert {error["file"] for error in document["errors"]} == {str(bad)}
    assert [error["line"] for error in document["errors"]] == [1, 1, 2, 2, 2, 3]


def test_something_to_check_is_wanted() -> None:
    result = checked()
    assert result.exit_code == 2
    assert "give --web.config.file or --schema" in " ".join(result.stderr.split())
