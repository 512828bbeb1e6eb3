"""The JSON Schema of the spec, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from typing import Any

from exporter.promql import format_duration
from exporter.spec.models import DURATIONS, Spec


def json_schema() -> dict[str, Any]:
    """Draft 2020-12 of what a spec file may hold. It says less than ``winburn check``: references and times that must
    fit together are not in it."""
    schema = Spec.model_json_schema(mode="validation")
    for model in [schema, *schema["$defs"].values()]:
        for name, key in model["properties"].items():
            _as_written(name, key)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "winburn spec",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _as_written(name: str, key: dict[str, Any]) -> None:
    """Defaults as a file would give them, and no titles, which would only repeat the names."""
    key.pop("title", None)
    if name in DURATIONS and isinstance(key.get("default"), float):
        key["default"] = format_duration(key["default"])
