"""The JSON Schema of the spec, for editors that complete and check YAML while it is written."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import Any

from exporter.promql import format_duration
from exporter.spec import (
    alerting_models,
    apply_models,
    engagement_models,
    experiment_models,
    live_models,
    models,
    slo_models,
    source_models,
)
from exporter.spec.base import key_of


def json_schema() -> dict[str, Any]:
    """Draft 2020-12 of what a spec file may hold. It says less than ``winburn check``: references and times that must
    fit together are not in it."""
    schema = models.Spec.model_json_schema(mode="validation")
    described = _descriptions()
    for model in [schema, *schema["$defs"].values()]:
        for name, key in model["properties"].items():
            _as_written(name, key)
            if text := described.get(model["title"], {}).get(name):
                key["description"] = text
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "winburn spec",
        **{key: value for key, value in schema.items() if key != "title"},
    }


_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
"""What pydantic leaves of the bounds of a number that it hands to a validator of ours first."""


def _as_written(name: str, key: dict[str, Any]) -> None:
    """Defaults as a file would give them, closed mappings, bounds, and no titles, which would only repeat the names."""
    key.pop("title", None)
    for number in (key, *key.get("anyOf", ()), key.get("additionalProperties")):
        if isinstance(number, dict):
            number.update({_BOUNDS[bound]: number.pop(bound) for bound in _BOUNDS.keys() & number.keys()})
    if "patternProperties" in key:
        key["additionalProperties"] = False
    if name in models.DURATIONS and isinstance(key.get("default"), float):
        key["default"] = format_duration(key["default"])


def _descriptions() -> dict[str, dict[str, str]]:
    """Model -> field -> the text under the field.

    Read here and not by pydantic's ``use_attribute_docstrings``, which reads the source of every model at each import:
    a third of the time that the models take, for every command.
    """
    return {
        node.name: {key_of(getattr(module, node.name), name): text for name, text in _field_texts(node)}
        for module in (
            models,
            slo_models,
            source_models,
            experiment_models,
            alerting_models,
            apply_models,
            live_models,
            engagement_models,
        )
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
    }


def _field_texts(node: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, text.value.value)
        for field, text in pairwise(node.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]
