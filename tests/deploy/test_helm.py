"""The Helm chart: linted, rendered in several ways, each rendering by its schemas."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules.operator import operator_files
from dashboards import config_maps, generate
from exporter.spec import load
from tests.alert_rules.test_formats import crd
from tests.deploy.test_kubernetes import check_pod, prefix_of
from tests.deploy.tools import DEPLOY, check, check_restricted, documents, program, run, understood

SPEC = DEPLOY / "kubernetes" / "base" / "winburn.yml"
CHART = DEPLOY / "helm" / "winburn"
TWO_EACH = f"""
replicas: 2
state: {{kind: database}}
secrets: [shop]
labels: {{team: sre}}
image: {{repository: example/winburn, digest: "sha256:{"0" * 64}"}}
tolerations: [{{key: dedicated, operator: Exists}}]
env: [{{name: HTTPS_PROXY, value: "http://proxy:3128"}}]
args: [--log.level=debug]
"""
PROTECTED = """
web: {configSecret: web, scheme: HTTPS, probeHeaders: [{name: Authorization, value: Basic eDp5}]}
serviceMonitor: {tlsConfig: {insecureSkipVerify: true}, labels: {release: other}}
networkPolicy: {from: [], egress: []}
nodeSelector: {disk: ssd}
podAnnotations: {a: b}
affinity: {nodeAffinity: {}}
priorityClassName: high
"""
PROXIED = "{web: {externalUrl: 'https://example.org/team/winburn/'}, args: [--log.level=debug]}"
BARE = """
podDisruptionBudget: {enabled: false}
networkPolicy: {enabled: false}
serviceMonitor: {enabled: false}
prometheusRule: {enabled: false}
dashboards: {enabled: false}
"""
Render = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which rules and dashboards were generated, as docs/deployment.md says."""
    copy = tmp_path_factory.mktemp("chart") / "winburn"
    shutil.copytree(CHART, copy)
    spec = load(SPEC)
    made = {**operator_files(spec, "monitoring", {}), **config_maps(generate(spec), "monitoring", {})}
    for name, text in made.items():
        (copy / "generated" / name).write_text(text, encoding="utf-8")
    return copy


@pytest.fixture
def render(chart: Path, tmp_path: Path) -> Render:
    def made(values: str, *, dashboards: bool = False) -> list[dict[str, Any]]:
        file = tmp_path / "values.yaml"
        file.write_text(values)
        large = [] if dashboards else ["--set=dashboards.enabled=false"]
        return documents(run(*template(chart), "--values", file, *large))

    return made


def template(chart: Path) -> list[str | Path]:
    return [program("helm"), "template", "winburn", chart, "--namespace=monitoring", f"--set-file=spec={SPEC}"]


def of_kind(kind: str, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in made if each["kind"] == kind]


def test_helm_lints_it() -> None:
    run(program("helm"), "lint", "--strict", f"--set-file=spec={SPEC}", CHART)


@pytest.mark.parametrize(
    "values",
    ["", TWO_EACH, PROTECTED, PROXIED, BARE],
    ids=["default", "database", "protected", "proxied", "bare"],
)
def test_what_it_makes_is_right(render: Render, values: str) -> None:
    made = render(values)
    check(made)
    names = [(each["kind"], each["metadata"]["name"]) for each in made]
    assert len(set(names)) == len(names)
    assert {each["metadata"]["namespace"] for each in made} == {"monitoring"}
    for each in of_kind("StatefulSet", made):
        check_restricted(each["spec"]["template"])
        check_pod(each["spec"]["template"])


def test_the_default_has_all_the_parts(render: Render) -> None:
    made = render("", dashboards=True)
    check(made)
    assert Counter(each["kind"] for each in made) == {
        "ConfigMap": 1 + 7,
        "NetworkPolicy": 1,
        "PodDisruptionBudget": 1,
        "PrometheusRule": 1,
        "Service": 1,
        "ServiceAccount": 1,
        "ServiceMonitor": 1,
        "StatefulSet": 1,
    }
    (spec,) = [each for each in of_kind("ConfigMap", made) if each["metadata"]["name"] == "winburn-spec"]
    assert spec["data"] == {"winburn.yml": SPEC.read_text(encoding="utf-8")}


def test_rules_and_dashboards_come_through_unchanged(render: Render) -> None:
    made = render("", dashboards=True)
    spec = load(SPEC)
    (rules,) = of_kind("PrometheusRule", made)
    plain = yaml.safe_load(operator_files(spec, "monitoring", {})["winburn.prometheusrule.yml"])
    assert rules["spec"] == plain["spec"]
    found: dict[str, str] = {}
    for each in of_kind("ConfigMap", made):
        found |= each["data"]
    for text in config_maps(generate(spec), "monitoring", {}).values():
        assert yaml.safe_load(text)["data"].items() <= found.items()


def test_the_operators_objects_are_right(render: Render) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    for values in ("", PROTECTED):
        for each in render(values):
            if each["kind"] in {"ServiceMonitor", "PrometheusRule"}:
                validator = jsonschema.Draft202012Validator(crd(f"{each['kind'].lower()}s", "v1"))
                assert [found.message[:300] for found in validator.iter_errors(each)] == []


def test_selectors_meet(render: Render) -> None:
    made = render(TWO_EACH)
    (stateful,) = of_kind("StatefulSet", made)
    pod = stateful["spec"]["template"]["metadata"]["labels"].items()
    (service,) = of_kind("Service", made)
    (budget,), (policy,), (monitor,) = (
        of_kind(kind, made) for kind in ("PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor")
    )
    assert stateful["spec"]["selector"]["matchLabels"].items() <= pod
    assert service["spec"]["selector"].items() <= pod
    assert budget["spec"]["selector"]["matchLabels"].items() <= pod
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pod
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert stateful["spec"]["serviceName"] == service["metadata"]["name"]


def test_a_database_takes_the_place_of_the_volume(render: Render) -> None:
    (volume,), (database,) = (of_kind("StatefulSet", render(each)) for each in ("", TWO_EACH))
    assert [each["metadata"]["name"] for each in volume["spec"]["volumeClaimTemplates"]] == ["state"]
    assert "volumeClaimTemplates" not in database["spec"]
    (container,) = database["spec"]["template"]["spec"]["containers"]
    mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
    assert "/run/secrets/winburn" in mounts
    assert "/var/lib/winburn" not in mounts
    assert "/run/secrets/shop" in mounts
    assert container["image"] == f"example/winburn@sha256:{'0' * 64}"


def test_each_shard_has_pods_of_its_own(render: Render) -> None:
    made = render("shards: 3\nreplicas: 2\n")
    check(made)
    parts = of_kind("StatefulSet", made)
    seen = [understood(each["spec"]["template"]["spec"]["containers"][0]["args"])["shard"] for each in parts]
    assert [str(shard) for shard in seen] == ["1/3", "2/3", "3/3"]
    selectors = [each["spec"]["selector"]["matchLabels"] for each in parts]
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in parts]
    for one, selector in enumerate(selectors):
        assert [selector.items() <= pod.items() for pod in pods] == [one == other for other in range(3)]
    budgets = [each["spec"]["selector"]["matchLabels"] for each in of_kind("PodDisruptionBudget", made)]
    assert budgets == selectors
    (service,) = of_kind("Service", made)
    assert all(service["spec"]["selector"].items() <= pod.items() for pod in pods)


@pytest.mark.parametrize(
    ("web", "prefix"),
    [
        ("{}", ""),
        ("{externalUrl: 'https://example.org/team/winburn/'}", "/team/winburn"),
        ("{externalUrl: 'https://example.org'}", ""),
        ("{externalUrl: 'https://example.org/winburn/', routePrefix: /}", ""),
        ("{externalUrl: 'https://example.org/a/', routePrefix: b/}", "/b"),
        ("{routePrefix: /winburn}", "/winburn"),
    ],
)
def test_probes_and_scrapes_follow_a_proxys_path(render: Render, web: str, prefix: str) -> None:
    made = render(f"web: {web}")
    (stateful,), (monitor,) = (of_kind(kind, made) for kind in ("StatefulSet", "ServiceMonitor"))
    check_pod(stateful["spec"]["template"])
    assert prefix_of(stateful["spec"]["template"]) == prefix
    assert [each["path"] for each in monitor["spec"]["endpoints"]] == [f"{prefix}/metrics"]
    assert of_kind("NetworkPolicy", made) == of_kind("NetworkPolicy", render(""))


@pytest.mark.parametrize("flag", ["--web.external-url=https://example.org/winburn/", "--web.route-prefix=/winburn"])
def test_a_path_that_the_probes_would_not_know_is_refused(chart: Path, flag: str) -> None:
    command = [*template(chart), f"--set=args={{{flag}}}", "--set=dashboards.enabled=false"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "give web.externalUrl and web.routePrefix instead" in done.stderr


def test_a_change_of_the_spec_rolls_the_pods(chart: Path, tmp_path: Path, render: Render) -> None:
    other = tmp_path / "other.yml"
    other.write_text(SPEC.read_text() + "\n# changed\n")
    (changed,) = of_kind("StatefulSet", documents(run(*template(chart)[:-1], f"--set-file=spec={other}")))
    (before,) = of_kind("StatefulSet", render(""))
    one, two = (each["spec"]["template"]["metadata"]["annotations"] for each in (before, changed))
    assert one["checksum/spec"] != two["checksum/spec"]


@pytest.mark.parametrize(
    "values",
    [
        "{}",
        "{spec: x, replica: 2}",
        "{spec: x, replicas: 0}",
        "{spec: x, state: {kind: disk}}",
        "{spec: x, image: {digest: latest}}",
        "{spec: x, web: {scheme: https}}",
        "{spec: x, args: [serve]}",
        "{spec: x, web: {externalUrl: example.org}}",
        "{spec: x, web: {routePrefix: /a b}}",
    ],
)
def test_mistaken_values_are_refused(values: str, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(values)
    done = subprocess.run(
        [program("helm"), "template", CHART, "--values", file], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr


def test_the_schema_knows_every_value_and_has_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema) == {*values, "global"}
    for name, value in values.items():
        if "properties" in schema[name]:
            assert set(schema[name]["properties"]) == set(value), name


def test_versions_are_those_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "base" / "kustomization.yaml").read_text())
    version = (DEPLOY.parent / "pyproject.toml").read_text().split('version = "')[1].split('"')[0]
    assert chart["appVersion"] == kustomization["images"][0]["newTag"] == version
    assert f"ARG VERSION={version}" in (DEPLOY / "Dockerfile").read_text()
    assert f"WINBURN_VERSION:-{version}" in (DEPLOY / "compose.yaml").read_text()
