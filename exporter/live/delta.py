"""What changed between two documents, by section and key, and how a watcher applies it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.live.document import Document

Delta = dict[str, Any]


def difference(old: Document, new: Document) -> Delta:
    """What makes ``old`` into ``new``; empty where they are equal.

    ``set`` and ``unset`` are of values that are no sections. ``sections`` has, by name, ``removed`` (keys), ``added``
    (whole rows, which also replace) and ``changed`` (by key, the fields of a row that have another value). What is
    empty is left out. A value is a section where it is an object before and after.
    """
    plain = {name: new[name] for name in new if not _section(old, new, name) and _differs(old, new, name)}
    changes = {name: _rows(old[name], new[name]) for name in new if _section(old, new, name)}
    return _without_empty({"set": plain, "unset": sorted(old.keys() - new.keys()), "sections": _without_empty(changes)})


def applied(old: Document, delta: Delta) -> Document:
    """The document after the delta: what the page does in the browser, for tests and for clients in Python."""
    new = {name: value for name, value in old.items() if name not in delta.get("unset", ())}
    new.update(delta.get("set", {}))
    for name, change in delta.get("sections", {}).items():
        rows = {key: row for key, row in new[name].items() if key not in change.get("removed", ())}
        rows.update(change.get("added", {}))
        for key, fields in change.get("changed", {}).items():
            rows[key] = {**rows[key], **fields}
        new[name] = rows
    return new


def _rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> Delta:
    added, changed = {}, {}
    for key, row in new.items():
        before = old.get(key)
        if key not in old or (before != row and not _mergeable(before, row)):
            added[key] = row
        elif before != row:
            changed[key] = _fields(before, row)
    return _without_empty({"removed": [key for key in old if key not in new], "added": added, "changed": changed})


def _fields(old: Any, new: Mapping[str, Any]) -> Delta:
    return {field: new[field] for field in new if _differs(old, new, field)}


def _section(old: Document, new: Document, name: str) -> bool:
    return name in old and isinstance(old[name], Mapping) and isinstance(new[name], Mapping)


def _mergeable(old: object, new: object) -> bool:
    """Whether fields laid over the old row make the new one: no field may have gone."""
    return isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() <= new.keys()


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], field: str) -> bool:
    return field not in old or old[field] != new[field]


def _without_empty(parts: Mapping[str, Any]) -> Delta:
    return {name: part for name, part in parts.items() if part}
