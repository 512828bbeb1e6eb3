"""docs/web-config.md: its file is read, its commands make hashes, and what it says to Prometheus and probes fits it."""

from __future__ import annotations

import base64
import configparser
import re
import subprocess
import sys
from pathlib import Path

import bcrypt
import pytest
import yaml

from exporter.web_config import read
from tests.certificates import authority, issued

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "web-config.md").read_text(encoding="utf-8")
PASSWORD = b"example password"


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[number]


def test_the_complete_file_is_read_without_a_warning(tmp_path: Path) -> None:
    own = authority(tmp_path, "clients-ca")
    issued(tmp_path, own, "server")
    (tmp_path / "web.yml").write_text(block("yaml"))
    found = read(tmp_path / "web.yml")
    assert found.tls is not None
    assert found.warnings == ()
    assert bcrypt.checkpw(PASSWORD, found.users["prometheus"].encode())


def test_the_command_makes_a_hash_that_is_taken(tmp_path: Path) -> None:
    command = block("sh").strip().replace("python ", f"{sys.executable} -W ignore ", 1)
    # Without a terminal it reads its input.
    done = subprocess.run(
        ["sh", "-c", command], input=PASSWORD + b"\n", capture_output=True, check=True, start_new_session=True
    )
    made = done.stdout.decode().strip()
    assert bcrypt.checkpw(PASSWORD, made.encode())
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{a: {made}}}")
    assert read(tmp_path / "web.yml").users == {"a": made}


def test_what_prometheus_and_probes_send_fits() -> None:
    (scrape,) = yaml.safe_load(block("yaml", 1))["scrape_configs"]
    assert scrape["scheme"] == "https"
    assert scrape["basic_auth"]["username"] in yaml.safe_load(block("yaml"))["basic_auth_users"]
    probe = yaml.safe_load(block("yaml", 2))["readinessProbe"]["httpGet"]
    (header,) = probe["httpHeaders"]
    assert base64.b64decode(header["value"].removeprefix("Basic ")) == b"probe:" + PASSWORD


def test_the_unit_is_one() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    unit.read_string(block("ini"))
    assert unit["Socket"]["ListenStream"].startswith("/")


@pytest.mark.parametrize(
    ("words", "module", "name"),
    [
        ("| TLS handshake | 10 s |", "exporter.patience", "HEAD_SECONDS"),
        ("| an answer that is not taken | 60 s |", "exporter.patience", "TAKE_SECONDS"),
    ],
)
def test_the_limits_are_those_of_the_code(words: str, module: str, name: str) -> None:
    assert words in PAGE
    value = getattr(__import__(module, fromlist=[name]), name)
    assert f"{value:g} s" in words
