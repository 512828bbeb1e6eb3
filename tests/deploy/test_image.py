"""The Dockerfile, what it installs, and what it is given."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.deploy.tools import DEPLOY, ROOT, program, run, understood
from winburn.processes import LOOPBACK, Group, free_port, start, wait_http

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)(?:\s*;.*?)?\s*\\$", re.MULTILINE)


def instruction(name: str) -> str:
    """The last one of a name, without the name."""
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)[-1]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    return {plain(name): version for name, version in PINNED.findall((DEPLOY / "image" / file).read_text())}


def test_hadolint_finds_nothing() -> None:
    assert run(program("hadolint"), "--failure-threshold", "style", DEPLOY / "Dockerfile") == ""


def test_it_installs_what_was_tested() -> None:
    constraints = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
    )
    tested = {plain(name): version for name, version in constraints.items()}
    installed = pins("requirements.txt")
    assert {name: tested.get(name) for name in installed} == installed, "write deploy/image/requirements.txt anew"


def test_it_installs_all_that_is_needed_and_postgres() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    assert {plain(re.split(r"[\[<>=;! ]", each)[0]) for each in wanted} <= set(pins("requirements.txt"))
    assert set(pins("build-requirements.txt")) == {"setuptools"}


def test_every_file_has_hashes() -> None:
    for file in ("requirements.txt", "build-requirements.txt"):
        text = (DEPLOY / "image" / file).read_text()
        blocks = re.split(r"\n(?=\S)", text.split("\n\n")[-1])
        pinned = [block for block in blocks if "==" in block and not block.startswith("#")]
        assert len(pinned) == len(pins(file))
        assert all("--hash=sha256:" in block for block in pinned)


def test_the_builder_sees_every_package_and_no_more() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {listed["package-dir"].get(name, name).split(".")[0] for name in listed["packages"]}
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == {
        *folders,
        "README.md",
        "pyproject.toml",
        "deploy/image",
    }


def test_it_runs_as_nobody_on_the_port_that_serve_listens_on() -> None:
    assert instruction("USER") == "65534:65534"
    words = [*yaml.safe_load(instruction("ENTRYPOINT")), *yaml.safe_load(instruction("CMD"))]
    assert words[0] == "winburn"
    (address,) = understood(words[1:])["addresses"]
    assert int(instruction("EXPOSE")) == address.port == 10345


def health_check() -> list[str]:
    """The command of the image's health check, with the Python of here."""
    _, *words = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])
    return [sys.executable, *words]


def health_at(url: str) -> dict[str, str]:
    """The environment of a container whose health check asks for a page."""
    return {**os.environ, "WINBURN_HEALTH_URL": url}


def test_its_health_check_asks_what_its_command_serves() -> None:
    given = dict(word.split("=", 1) for word in shlex.split(instruction("ENV")))
    assert given["WINBURN_HEALTH_URL"] == f"http://127.0.0.1:{instruction('EXPOSE')}/-/healthy"


def test_its_health_check_finds_winburn_below_a_prefix(tmp_path: Path) -> None:
    spec, port = tmp_path / "winburn.yml", free_port()
    spec.write_text(f'state: {{url: "sqlite:///{tmp_path / "state.db"}"}}\n')
    options = [f"--web.listen-address={LOOPBACK}:{port}", "--web.external-url=https://example.org/winburn/"]
    command = [sys.executable, "-m", "winburn", "serve", f"--config.file={spec}", *options]
    page = f"http://{LOOPBACK}:{port}/winburn/-/healthy"
    with Group() as group:
        wait_http(page, 300, group.add(start(command, tmp_path / "winburn.log", env=os.environ)))
        # As the engine does, which takes three failures in a row for an illness: one question may meet a pause.
        assert any(subprocess.run(health_check(), env=health_at(page), check=False).returncode == 0 for _ in range(3))
        for other in (page.replace("/winburn", ""), page.replace("healthy", "nowhere")):
            done = subprocess.run(health_check(), env=health_at(other), check=False, capture_output=True)
            assert done.returncode, other


def test_its_base_is_pinned_and_named() -> None:
    """A base that is one image for ever gets Debian's security updates in the build."""
    name, _, digest = re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE)[0].partition("@")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
    assert (
        dict(word.split("=", 1) for word in shlex.split(instruction("LABEL")))["org.opencontainers.image.base.name"]
        == name
    )
    assert {line for line in DOCKERFILE.splitlines() if line.startswith("FROM")} == {
        "FROM ${BASE} AS python",
        "FROM python AS build",
        "FROM python",
    }
    assert "apt-get upgrade -y" in DOCKERFILE


def test_labels_are_those_of_the_oci_specification() -> None:
    names = [word.partition("=")[0] for word in shlex.split(instruction("LABEL"))]
    known = {"title", "description", "version", "revision", "base.name"}
    assert names
    assert {name.removeprefix("org.opencontainers.image.") for name in names} == known
