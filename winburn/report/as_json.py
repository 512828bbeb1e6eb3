"""The document as JSON: the fields of :mod:`winburn.report.document` by their names.

Times are Unix seconds, shares 0..1. What is undefined is null, and ``missing`` of the same object says why, by field.
Lines are lists of pieces, each a list of [time, value]. ``schema`` is 1; it grows when a field's meaning changes or a
field goes, not when one is added.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from winburn.report.document import Document
from winburn.report.values import Missing

SCHEMA = 1


def as_json(document: Document) -> str:
    """The whole file."""
    return json.dumps({"schema": SCHEMA, **value(document)}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def value(part: Any) -> Any:
    """A part of the document as a value that JSON can carry."""
    if is_dataclass(part):
        found = {field.name: getattr(part, field.name) for field in fields(part)}
        reasons = {name: each.reason for name, each in found.items() if isinstance(each, Missing)}
        known = {name: None if name in reasons else value(each) for name, each in found.items()}
        return {**known, "missing": reasons} if reasons else known
    if isinstance(part, tuple):
        return [value(each) for each in part]
    return part
