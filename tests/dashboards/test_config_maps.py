"""ConfigMaps."""

from __future__ import annotations

import re

import yaml

from dashboards import config_maps
from tests.dashboards.documents import texts

LARGEST = 1_048_576
"""Bytes that Kubernetes allows in a ConfigMap: https://kubernetes.io/docs/concepts/configuration/configmap/"""


def test_every_dashboard_is_in_one_byte_by_byte() -> None:
    made = config_maps(texts(), "monitoring", {})
    found = {}
    for name, text in made.items():
        document = yaml.safe_load(text)
        assert (document["apiVersion"], document["kind"]) == ("v1", "ConfigMap")
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", document["metadata"]["name"])
        assert name == f"{document['metadata']['name']}.configmap.yml"
        assert len(text.encode()) < LARGEST
        found |= document["data"]
    kept = {name.split("/")[-1]: text for name, text in texts().items() if not name.endswith("dashboards/winburn.yml")}
    assert found == kept


def test_the_sidecar_finds_them_by_their_labels() -> None:
    for name, text in config_maps(texts(), "monitoring", {"team": "sre"}).items():
        metadata = yaml.safe_load(text)["metadata"]
        own = "grafana_datasource" if "datasources" in name else "grafana_dashboard"
        assert metadata["labels"] == {"app.kubernetes.io/part-of": "winburn", own: "1", "team": "sre"}
        assert metadata.get("annotations") == (None if "datasources" in name else {"grafana_folder": "winburn"})


def test_texts_are_readable_blocks() -> None:
    text = config_maps(texts(), "monitoring", {})["winburn-slo-overview.configmap.yml"]
    assert "winburn-slo-overview.json: |\n    {\n" in text
