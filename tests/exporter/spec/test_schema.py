import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.spec import json_schema
from exporter.spec.strict_yaml import read_yaml

BROKEN = Path(__file__).parent / "broken"
GOOD = """
refresh: 15s
lag: 0s
limits: {series: 10}
sources:
  prod: {type: prometheus, url: "http://localhost:9090", headers: {X-Scope-OrgID: a}}
  csv: {type: file, path: x.csv}
slos:
  - name: a
    service: a
    objective: 99.9
    period: 30d
    sli: {source: prod, total: a, bad: b}
    alerting: {low_traffic_gate: null}
experiments:
  - name: e
    control: x
    variants: {x: 0.5, z: 0.5}
    early_kill: null
    metrics: [{name: m, kind: proportion, source: csv}]
"""


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_it_says_which_draft_it_is_and_is_the_same_every_time() -> None:
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json_schema()["title"] == "winburn spec"
    assert json.dumps(json_schema()) == json.dumps(json_schema())


def test_every_object_is_described_and_closed() -> None:
    found = list(objects(json_schema()))
    assert len(found) > 15
    for schema in found:
        assert schema["additionalProperties"] is False
        assert schema["description"]
        for name, key in schema["properties"].items():
            assert name == "type" or "$ref" in key or key["description"].endswith("."), name


def test_defaults_are_written_as_in_a_file() -> None:
    schema = json_schema()
    assert schema["properties"]["refresh"]["default"] == "15s"
    assert schema["$defs"]["SqlSource"]["properties"]["timeout"]["default"] == "10s"
    assert re.fullmatch(schema["properties"]["refresh"]["pattern"], "1h30m")
    assert not re.fullmatch(schema["properties"]["refresh"]["pattern"], "30")


def test_the_sources_are_told_apart_by_their_type() -> None:
    assert json_schema()["properties"]["sources"]["additionalProperties"] is False
    (source,) = json_schema()["properties"]["sources"]["patternProperties"].values()
    assert sorted(source["discriminator"]["mapping"]) == ["file", "http", "prometheus", "sql"]


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(json_schema())
    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) <= set(json_schema()["$defs"])


def test_a_validator_takes_good_specs_and_refuses_misspelt_ones() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(json_schema())
    good, _, _ = read_yaml("good", GOOD)
    assert list(validator.iter_errors(good)) == []
    for name in ("unknown_keys", "missing_keys", "wrong_types", "duration_words"):
        text = (BROKEN / f"{name}.yml").read_text()
        assert list(validator.iter_errors(read_yaml(name, text)[0])), name
