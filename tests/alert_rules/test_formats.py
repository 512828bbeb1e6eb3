"""The operator's documents and Mimir's files: golden, true to the operator's schema, and the same as the plain ones.

The schema is that of the operator's repository, from the Go module proxy where Go is here; Kubernetes drops what a
schema does not know, so it is made strict first.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, TEMPLATES_FILE, generate
from alert_rules.mimir import mimir_files, variable
from alert_rules.operator import CONFIG_FILE, RULE_FILE, SECRET, UnsupportedError, operator_files
from exporter.spec import Spec
from tests.alert_rules.example import EMPTY, EVERY_RECEIVER, FULL, spec

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "rules"
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
LABELS = {"release": "prometheus", "app": "winburn"}


def made() -> dict[str, str]:
    return {
        "every_receiver.alertmanager.yml": generate(EVERY_RECEIVER)[ALERTMANAGER_FILE],
        "mimir.alertmanager.yml": mimir_files(EVERY_RECEIVER)[ALERTMANAGER_FILE],
        CONFIG_FILE: operator_files(EVERY_RECEIVER, "monitoring", LABELS)[CONFIG_FILE],
        RULE_FILE: operator_files(EMPTY, "monitoring", LABELS)[RULE_FILE],
    }


@pytest.mark.parametrize("name", made())
def test_a_file_is_as_it_was_agreed(name: str) -> None:
    path, text = GOLDEN / name, made()[name]
    if os.environ.get("WINBURN_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@functools.cache
def crd(name: str, version: str) -> dict[str, Any]:
    """The schema of one of the operator's objects, strict."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go here to fetch the operator's schemas with")
    try:
        done = subprocess.run(
            [go, "mod", "download", "-json", OPERATOR],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=300,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the operator's schemas could not be fetched within 300 s")
    if done.returncode:
        pytest.skip(f"the operator's schemas cannot be fetched: {done.stdout[-300:]} {done.stderr[-300:]}")
    folder = Path(json.loads(done.stdout)["Dir"]) / "jsonnet" / "prometheus-operator"
    loaded = json.loads((folder / f"{name}-crd.json").read_text(encoding="utf-8"))
    (schema,) = (each["schema"]["openAPIV3Schema"] for each in loaded["spec"]["versions"] if each["name"] == version)
    strict: dict[str, Any] = _strict({**schema, "properties": schema["properties"] | {"metadata": {"type": "object"}}})
    return strict


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _strict(value) for key, value in schema.items()}
    if isinstance(pattern := schema.get("pattern"), str) and "(?i)" in pattern:
        closed["pattern"] = "(?i)" + pattern.replace("(?i)", "")  # Go may set a flag anywhere, Python at the start only
    if "properties" in schema and "additionalProperties" not in schema and schema.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


@pytest.mark.parametrize("one", [FULL, EVERY_RECEIVER, EMPTY], ids=["full", "every receiver", "empty"])
def test_the_operators_own_schema_knows_every_field(one: Spec) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    files = operator_files(one, "monitoring", LABELS)
    for file, name, version in (
        (RULE_FILE, "prometheusrules", "v1"),
        (CONFIG_FILE, "alertmanagerconfigs", "v1alpha1"),
    ):
        document = yaml.safe_load(files[file])
        assert document["apiVersion"] == f"monitoring.coreos.com/{version}"
        found = jsonschema.Draft202012Validator(crd(name, version)).iter_errors(document)
        assert [(list(each.absolute_path), each.message[:300]) for each in found] == []


def test_the_operators_rules_are_the_plain_ones_in_a_namespace() -> None:
    plain = yaml.safe_load(generate(FULL)[RULES_FILE])["groups"]
    wrapped = yaml.safe_load(operator_files(FULL, "shop", {})[RULE_FILE])
    assert wrapped["metadata"] == {"name": "winburn", "namespace": "shop"}
    for group in wrapped["spec"]["groups"]:
        for alert in (rule for rule in group["rules"] if "alert" in rule):
            assert alert["labels"].pop("namespace") == "shop"
    assert wrapped["spec"]["groups"] == plain


def test_the_operators_routes_are_the_plain_ones() -> None:
    """Read back into Alertmanager's own form."""
    plain = yaml.safe_load(generate(EVERY_RECEIVER)[ALERTMANAGER_FILE])
    config = yaml.safe_load(operator_files(EVERY_RECEIVER, "shop", {})[CONFIG_FILE])["spec"]

    def matchers(given: list[dict[str, str]]) -> list[str]:
        return [f"{each['name']}{each['matchType']}{json.dumps(each['value'])}" for each in given]

    def back(given: dict[str, Any]) -> dict[str, Any]:
        names = {"groupBy": "group_by", "groupWait": "group_wait", "groupInterval": "group_interval"}
        names |= {"repeatInterval": "repeat_interval", "muteTimeIntervals": "mute_time_intervals"}
        read = {names.get(key, key): value for key, value in given.items()}
        if "matchers" in read:
            read["matchers"] = matchers(read["matchers"])
        if "routes" in read:
            read["routes"] = [back(each) for each in read["routes"]]
        return read

    assert back(config["route"]) == plain["route"]
    assert [
        {
            "source_matchers": matchers(each["sourceMatch"]),
            "target_matchers": matchers(each["targetMatch"]),
            **({"equal": each["equal"]} if "equal" in each else {}),
        }
        for each in config["inhibitRules"]
    ] == plain["inhibit_rules"]
    assert [each["name"] for each in config["receivers"]] == [each["name"] for each in plain["receivers"]]


def test_secrets_become_keys_of_one_secret() -> None:
    text = operator_files(EVERY_RECEIVER, "shop", {})[CONFIG_FILE]
    assert "/run/secrets" not in text
    config = yaml.safe_load(text)["spec"]
    keys = {
        value["key"]
        for receiver in config["receivers"]
        for made in receiver.values()
        if isinstance(made, list)
        for each in made
        for value in each.values()
        if isinstance(value, dict) and value.get("name") == SECRET
    }
    assert keys == {
        "edge",
        "it-s-teams",
        "mail",
        "opsgenie",
        "pager",
        "pagerduty",
        "run-secrets-pay-slack",
        "run-secrets-slack",
    }


def test_a_time_zone_is_refused_where_it_cannot_be_said() -> None:
    mute = {"name": "nights", "times": [{"from": "22:00", "to": "07:00"}], "timezone": "Europe/Berlin"}
    with pytest.raises(UnsupportedError, match=r"alerting\.mute\[nights\]\.timezone: .* UTC only"):
        operator_files(spec(alerting={"mute": [mute]}), "shop", {})


def test_mimirs_rules_are_the_plain_ones_in_a_file_named_after_the_namespace() -> None:
    files = mimir_files(FULL)
    assert files["rules/winburn.yml"] == generate(FULL)[RULES_FILE]
    assert files[ALERTMANAGER_FILE] == generate(FULL)[ALERTMANAGER_FILE], "without secrets there is nothing to change"
    assert TEMPLATES_FILE in files


def test_mimir_reads_no_file_and_every_variable_is_explained() -> None:
    text = mimir_files(EVERY_RECEIVER)[ALERTMANAGER_FILE]
    config = yaml.safe_load(text)
    assert "_file" not in str(config)
    for path in ("/run/secrets/mail", "/run/secrets/it's teams"):
        assert f"${{{variable(path, [path])}}}" in str(config)
    exported = [line for line in text.splitlines() if line.startswith("#   export ")]
    assert len(exported) == len({line.partition("=")[0] for line in exported}) == 8


def test_two_paths_that_would_share_a_variable_do_not() -> None:
    paths = ["/s/a-b", "/s/a_b", "/s/c"]
    assert [variable(path, paths) for path in paths] == ["WINBURN_S_A_B_1", "WINBURN_S_A_B_2", "WINBURN_S_C"]
