"""The base of all models of the spec."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


class Model(BaseModel):
    """Base of all: unknown keys are errors, values cannot be changed.

    The text under a field is its description in the JSON Schema. ``NOT_YET`` gives for each key that DESIGN names and
    this version does not carry out what it would be for, and ``NOT_YET_VALUES`` the same for values of a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    NOT_YET: ClassVar[dict[str, str]] = {}
    NOT_YET_VALUES: ClassVar[dict[str, dict[str, str]]] = {}


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Key as the YAML writes it -> field: Python's words, such as ``from``, are aliases of names that it allows."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def key_of(model: type[BaseModel], name: str) -> str:
    """How the YAML writes the field ``name``."""
    return model.model_fields[name].alias or name
