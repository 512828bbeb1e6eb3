"""From where pydantic says that a mistake is to its place in the spec, and to what may be left out around it."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import Tag

from exporter.spec.base import Model, fields_of
from exporter.spec.models import Spec
from exporter.spec.tree import Parts


class Place(NamedTuple):
    """Where an error is: path, the model that holds the key (or None), and the deepest value that may be left out.

    ``meant`` is the path of the key that an unknown one is perhaps a misspelling of."""

    parts: Parts
    model: type[Model] | None
    droppable: Parts
    meant: Parts | None = None


def locate(loc: Sequence[str | int], root: type[Model] = Spec) -> Place:
    """Follow pydantic's location through the models, leaving out the tags that it adds for unions and keys."""
    kind: Any = root
    parts: Parts = ()
    droppable: Parts = ()
    model: type[Model] | None = None
    for part in loc:
        if part == "[key]":
            continue
        kind = _bare(kind)
        if get_origin(kind) in {Union, types.UnionType}:
            kind = next(member for member in get_args(kind) if part in _tags(member))
            continue
        parts = (*parts, part)
        model = kind if isinstance(kind, type) and issubclass(kind, Model) else None
        if _droppable(kind, part, parts):
            droppable = parts
        kind = _step(kind, part)
    return Place(parts, model, droppable)


def _bare(kind: Any) -> Any:
    """Without Annotated and without ``| None``."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _tags(member: Any) -> tuple[Any, ...]:
    """The parts of a location by which pydantic names one member of a union: its tags, or values of its key type."""
    tags = tuple(item.tag for item in getattr(member, "__metadata__", ()) if isinstance(item, Tag))
    return tags or get_args(_bare(member).model_fields["type"].annotation)


def _step(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, Model):
        field = fields_of(kind).get(str(part))
        return field.annotation if field else None
    arguments = get_args(kind)
    if get_origin(kind) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _droppable(kind: Any, part: str | int, parts: Parts) -> bool:
    if isinstance(kind, type) and issubclass(kind, Model):
        field = fields_of(kind).get(str(part))
        return field is None or not field.is_required()
    return get_origin(kind) is dict or len(parts) == 2
