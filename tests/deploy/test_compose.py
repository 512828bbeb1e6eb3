"""deploy/compose.yaml: read by Docker's compose, wired, closed, and its files by those who read them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from exporter.spec import load
from tests.deploy.tools import DEPLOY, run, understood
from tests.e2e.sid import fetch_sid_compose
from winburn.servers import ServersUnavailable, cache_folder

FILE = DEPLOY / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"rules", "dashboards"}
PORTS = {"winburn": 10345, "prometheus": 9090, "alertmanager": 9093, "grafana": 3000, "database": 5432}


@pytest.fixture(scope="module")
def compose() -> Path:
    """Docker's compose as a program by itself."""
    try:
        found = fetch_sid_compose(cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n"))
    except ServersUnavailable as problem:
        pytest.skip(str(problem))
    return found


def test_compose_reads_it(compose: Path) -> None:
    made = yaml.safe_load(run(compose, "-f", FILE, "config"))
    assert set(made["services"]) == set(SERVICES) == {*PORTS, *ONE_SHOT}
    assert set(made["networks"]) == {"metrics", "data"}
    for service in made["services"].values():
        assert not {"", None} & set(service.get("environment", {}).values())


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_only_the_rights_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert bool(service.get("cap_add")) is (name == "database"), "its entry point changes the owner of its folder"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "ports" not in SERVICES["database"]


@pytest.mark.parametrize("name", PORTS)
def test_a_service_that_stays_is_watched_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert "healthcheck" in service or name == "winburn", "winburn's check is in its image"
    for other in service.get("depends_on", {}):
        wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert service["depends_on"][other]["condition"] == wanted


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name: str) -> None:
    """winburn's is built here; what others build has a version for people and a digest for machines."""
    own = r"winburn:\$\{WINBURN_VERSION:-\d+\.\d+\.\d+\}"
    assert re.fullmatch(rf"{own}|[\w./-]+:v?\d+\.\d+[\w.-]*@sha256:[0-9a-f]{{64}}", SERVICES[name]["image"])


def test_addresses_are_those_of_services_on_a_network_in_common() -> None:
    spec = load(DEPLOY / "compose" / "winburn.yml")
    prometheus = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text())
    targets = [
        ("prometheus", target)
        for each in [*prometheus["scrape_configs"], *prometheus["alerting"]["alertmanagers"]]
        for group in each["static_configs"]
        for target in group["targets"]
        if not target.startswith("localhost:")
    ]
    asked = [("winburn", urlsplit(url).netloc) for url in spec.alerting.alertmanager]
    asked += [
        ("winburn", urlsplit(source.url).netloc) for source in spec.sources.values() if getattr(source, "url", "")
    ]
    shown = understood(SERVICES["dashboards"]["command"])
    asked += [("grafana", urlsplit(shown[key]).netloc) for key in ("prometheus", "alertmanager")]
    asked += [("winburn", re.findall(r"WINBURN_DATABASE:-([^}]+)", script())[0])]
    for who, address in [*targets, *asked]:
        host, _, port = address.partition(":")
        assert PORTS[host] == int(port)
        assert set(SERVICES[host]["networks"]) & set(SERVICES[who]["networks"]), f"{who} cannot reach {host}"
    assert len(targets) == 3
    assert len(asked) == 5


def script() -> str:
    return (DEPLOY / "compose" / "make-secrets.sh").read_text(encoding="utf-8")


def test_commands_are_winburns() -> None:
    for name in ("winburn", "rules", "dashboards"):
        options = understood(SERVICES[name]["command"])
        spec = options.get("config") or options["spec"]
        assert str(spec) == SERVICES[name]["configs"][0]["target"]
        for volume in SERVICES[name].get("volumes", []):
            assert volume.partition(":")[2] == str(options["out"])


def test_files_exist_and_secrets_are_made_where_they_are_looked_for(tmp_path: Path) -> None:
    for config in COMPOSE["configs"].values():
        assert (DEPLOY / config["file"]).is_file()
    run(DEPLOY / "compose" / "make-secrets.sh", tmp_path / "secrets")
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert {Path(each["file"]).name for each in COMPOSE["secrets"].values()} == made
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    texts = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    passwords = [text for name, text in texts.items() if name.endswith("password")]
    assert len(set(passwords)) == len(passwords) == 4
    assert all(re.fullmatch(r"[0-9a-f]{48}", each) for each in passwords)
    assert f"//winburn:{texts['state_password']}@database" in texts["state_url"]
    assert f"//winburn_reader:{texts['shop_password']}@database" in texts["shop_url"]


def test_the_spec_names_the_secrets_that_winburn_is_given() -> None:
    spec = load(DEPLOY / "compose" / "winburn.yml")
    given = {f"/run/secrets/{each['target']}" for each in SERVICES["winburn"]["secrets"]}
    named = {getattr(source, "url_file", None) for source in spec.sources.values()} | {spec.state.url_file}
    assert named - {None} == given


def test_no_secret_is_in_what_is_shown() -> None:
    for name, service in SERVICES.items():
        for key in service.get("environment", {}):
            assert "PASSWORD" not in key or key.endswith("_FILE"), f"{name}: {key}"
