"""deploy/kubernetes: each file by its schema, what kustomize makes of them, and the rules of the example's spec."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules.operator import RULE_FILE, operator_files
from dashboards import config_maps, generate
from exporter.outside import outside
from exporter.spec import load
from tests.alert_rules.test_formats import crd
from tests.deploy.tools import DEPLOY, ROOT, check, check_restricted, documents, program, run, understood

FOLDER = DEPLOY / "kubernetes"
BASE, HA = FOLDER / "base", FOLDER / "overlays" / "ha"
OWN = {"app.kubernetes.io/name": "winburn"}
PAGES = ("/-/healthy", "/-/ready")


def kustomized(folder: Path) -> dict[str, dict[str, Any]]:
    """Kind -> object of what kustomize, or the one in kubectl, makes of a folder."""
    kustomize = shutil.which("kustomize")
    command: list[str | Path] = [kustomize, "build"] if kustomize else [program("kubectl"), "kustomize"]
    made = documents(run(*command, folder))
    found = {each["kind"]: each for each in made}
    assert len(found) == len(made)
    return found


def base() -> dict[str, dict[str, Any]]:
    """Kind -> object of the files of the base as they are."""
    names = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    return {each["kind"]: each for name in names for each in documents((BASE / name).read_text(encoding="utf-8"))}


def test_every_file_of_the_base_is_right_and_used() -> None:
    found = base()
    check(found.values())
    assert len(found) == 7
    files = {path.name for path in BASE.iterdir() if not path.name.startswith(".")}
    used = set(yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"])
    assert files - used - {"winburn.alertmanagerconfig.yml"} == {"kustomization.yaml", "winburn.yml"}


def test_the_operators_objects_are_right() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    found = base()
    for kind in ("ServiceMonitor", "PrometheusRule"):
        validator = jsonschema.Draft202012Validator(crd(f"{kind.lower()}s", "v1"))
        assert [each.message[:300] for each in validator.iter_errors(found[kind])] == []


def test_the_rules_are_those_of_the_spec() -> None:
    wanted = operator_files(load(BASE / "winburn.yml"), "monitoring", {"release": "prometheus"})[RULE_FILE]
    if os.environ.get("WINBURN_GOLDEN") == "1":
        (BASE / RULE_FILE).write_text(wanted, encoding="utf-8")
    assert (BASE / RULE_FILE).read_text(encoding="utf-8") == wanted


def test_pods_are_restricted_and_asked_for_pages_that_exist() -> None:
    found = base()
    template = found["StatefulSet"]["spec"]["template"]
    check_restricted(template)
    check_pod(template)


def check_pod(template: Mapping[str, Any]) -> None:
    """Its command line is winburn's, its probes ask for what is there, and each mount has a volume."""
    (container,) = template["spec"]["containers"]
    options = understood(container["args"])
    (address,) = options["addresses"]
    assert container["ports"] == [{"name": "http", "containerPort": address.port, "protocol": "TCP"}]
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert str(options["config"].parent) in mounted
    prefix = prefix_of(template)
    for kind, page in zip(("startup", "liveness", "readiness"), (PAGES[0], *PAGES), strict=True):
        assert container[f"{kind}Probe"]["httpGet"]["path"] == f"{prefix}{page}"
        assert container[f"{kind}Probe"]["httpGet"]["port"] == "http"
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def prefix_of(template: Mapping[str, Any]) -> str:
    """Below which its command line has all pages."""
    options = understood(template["spec"]["containers"][0]["args"])
    return outside(options["external_url"], options["route_prefix"]).prefix


def check_selectors(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Whatever selects pods selects those of the StatefulSet; what selects services, the service."""
    pod = found["StatefulSet"]["spec"]["template"]["metadata"]["labels"].items()
    assert found["StatefulSet"]["spec"]["selector"]["matchLabels"].items() <= pod
    assert found["Service"]["spec"]["selector"].items() <= pod
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= pod
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= pod
    monitor = found["ServiceMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= found["Service"]["metadata"]["labels"].items()
    ports = {each["name"] for each in found["Service"]["spec"]["ports"]}
    assert {each["port"] for each in monitor["endpoints"]} <= ports
    assert found["StatefulSet"]["spec"]["serviceName"] == found["Service"]["metadata"]["name"]


def test_selectors_meet() -> None:
    check_selectors(base())


def test_kustomize_makes_the_base() -> None:
    found = kustomized(BASE)
    check(found.values())
    check_selectors(found)
    assert set(found) == {*base(), "ConfigMap"}
    assert all(each["metadata"]["namespace"] == "monitoring" for each in found.values())
    assert found["ConfigMap"]["data"] == {"winburn.yml": (BASE / "winburn.yml").read_text()}
    volumes = found["StatefulSet"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "spec", "configMap": {"name": found["ConfigMap"]["metadata"]["name"]}} in volumes


def test_kustomize_makes_two_replicas_that_share_a_database() -> None:
    found = kustomized(HA)
    check(found.values())
    check_selectors(found)
    stateful = found["StatefulSet"]["spec"]
    check_restricted(stateful["template"])
    check_pod(stateful["template"])
    assert stateful["replicas"] == 2
    assert "volumeClaimTemplates" not in stateful
    (container,) = stateful["template"]["spec"]["containers"]
    mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
    assert "/var/lib/winburn" not in mounts
    spec = load(HA / "winburn.yml")
    assert spec.state.url_file is not None
    assert str(Path(spec.state.url_file).parent) in mounts
    assert found["ConfigMap"]["data"] == {"winburn.yml": (HA / "winburn.yml").read_text()}
    assert {"ports": [{"port": 5432, "protocol": "TCP"}]} in found["NetworkPolicy"]["spec"]["egress"]


def test_the_pages_patch_for_a_proxys_path_moves_the_probes_and_the_scrape(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (overlay,) = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    folder = tmp_path / "kubernetes" / "overlays" / "proxied"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(overlay)
    found = kustomized(folder)
    check(found.values())
    template = found["StatefulSet"]["spec"]["template"]
    check_pod(template)
    assert prefix_of(template) == "/winburn"
    (endpoint,) = found["ServiceMonitor"]["spec"]["endpoints"]
    assert endpoint == {**base()["ServiceMonitor"]["spec"]["endpoints"][0], "path": "/winburn/metrics"}


def test_the_two_specs_differ_in_the_state_alone() -> None:
    one, two = load(BASE / "winburn.yml"), load(HA / "winburn.yml")
    assert one.model_copy(update={"state": two.state}) == two
    assert one != two


def test_the_list_of_dashboards_is_what_is_generated(tmp_path: Path) -> None:
    made = config_maps(generate(load(BASE / "winburn.yml")), "monitoring", {})
    check(yaml.load(text, yaml.CSafeLoader) for text in made.values())
    listed = yaml.safe_load((FOLDER / "dashboards" / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == set(made)
    shutil.copy(FOLDER / "dashboards" / "kustomization.yaml", tmp_path)
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    kustomize = shutil.which("kustomize")
    command: list[str | Path] = [kustomize, "build"] if kustomize else [program("kubectl"), "kustomize"]
    assert len(documents(run(*command, tmp_path))) == len(made)
