"""Dashboards and data sources as ConfigMaps, which the sidecar of Grafana's Helm chart picks up by their labels:
https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import yaml

from dashboards.fields import Json
from dashboards.provisioning import FOLDER, HEADER

DASHBOARD_LABEL, DATASOURCE_LABEL = "grafana_dashboard", "grafana_datasource"
FOLDER_ANNOTATION = "grafana_folder"
DATASOURCES = "provisioning/datasources/winburn.yml"


def config_maps(files: Mapping[str, str], namespace: str, labels: Mapping[str, str]) -> dict[str, str]:
    """File name -> a ConfigMap for each dashboard and one for the data sources of ``dashboards.generate``.

    ``labels`` are added to the sidecar's own, or replace them where the chart was told of others. The provider's file
    is left out: the sidecar has one.
    """
    made = {}
    for name, text in sorted(files.items()):
        path = PurePosixPath(name)
        if path.suffix == ".json":
            own: Json = {"labels": {DASHBOARD_LABEL: "1"}, "annotations": {FOLDER_ANNOTATION: FOLDER}}
            made[f"{path.stem}.configmap.yml"] = _config_map(path.stem, path.name, text, own, namespace, labels)
        elif name == DATASOURCES:
            own = {"labels": {DATASOURCE_LABEL: "1"}}
            made["winburn-datasources.configmap.yml"] = _config_map(
                "winburn-datasources", path.name, text, own, namespace, labels
            )
    return made


def _config_map(name: str, key: str, text: str, metadata: Json, namespace: str, labels: Mapping[str, str]) -> str:
    """The text as a literal block, so that a diff of it can be read."""
    made = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **metadata,
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "winburn", **metadata["labels"], **labels},
        },
        "data": {key: _Block(text)},
    }
    return HEADER + yaml.dump(made, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=10_000)


class _Block(str):
    """A text that YAML shows line by line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes blocks as such."""


def _write_block(dumper: yaml.SafeDumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


_Dumper.add_representer(_Block, _write_block)
