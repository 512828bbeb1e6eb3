"""YAML as other tools read it, with the line of everything: several documents, anchors, merge keys, any key.

Scalars stay text: what ``99.90``, ``on`` or ``2022-01-01 12:00:00`` mean is for the key to say, not for YAML.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from winburn.convert.notes import ConvertError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 60
_MOST = 500_000
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; ``plain`` where it stood without quotes."""

    text: str
    line: int
    plain: bool = True

    @property
    def empty(self) -> bool:
        """Whether YAML reads it as null."""
        return self.plain and self.text in _NOTHING


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in order; ``twice`` has the keys that were given again (the last one counts), with lines."""

    items: dict[str, Node]
    line: int
    twice: tuple[tuple[str, int], ...] = ()


Node = Scalar | Sequence | Mapping


def read_documents(text: str) -> list[Node]:
    """The documents of a YAML (or JSON) text that are not empty; ConvertError with the line where it is neither."""
    try:
        documents = list(_Reader(text).documents())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise ConvertError(line, f"not YAML: {error.problem or error.context}; mend it, then convert again") from None
    except yaml.YAMLError as error:
        reason = getattr(error, "reason", None) or "unreadable"
        raise ConvertError(0, f"not YAML: {reason}; mend it, then convert again") from None
    return [node for node in documents if not (isinstance(node, Scalar) and node.empty)]


@dataclass
class _Reader:
    """One pass over the events of a text; the limits keep aliases from growing into billions of values."""

    text: str
    anchors: dict[str, Node] = field(default_factory=dict)
    left: int = _MOST

    def documents(self) -> Iterator[Node]:
        events = iter(yaml.parse(self.text, Loader=_LOADER))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                yield self._node(next(events), events, 0)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line = int(event.start_mark.line) + 1
        if depth > _DEEPEST:
            raise ConvertError(line, f"more than {_DEEPEST} levels of nesting: check the brackets")
        self._spend(1, line)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, line)
        if isinstance(event, yaml.MappingStartEvent):
            node: Node = self._mapping(events, line, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._node(item, events, depth + 1))
            node = Sequence(tuple(items), line)
        else:
            node = Scalar(event.value, line, bool(event.implicit[0]))
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, line: int) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise ConvertError(line, f"the alias *{event.anchor} has no anchor before it; write the value out")
        self._spend(_size(node), line)
        return node

    def _mapping(self, events: Iterator[Any], line: int, depth: int) -> Mapping:
        items: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        twice: list[tuple[str, int]] = []
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            if not isinstance(key, Scalar):
                raise ConvertError(
                    key.line, "a key that is a list or a mapping: quote a value that begins with { or [, like PromQL"
                )
            value = self._node(next(events), events, depth + 1)
            if key.text == "<<" and key.plain:
                merged = _merged(value) | merged
            else:
                twice += [(key.text, key.line)] if key.text in items else []
                items[key.text] = value
        return Mapping(merged | items, line, tuple(twice))

    def _spend(self, count: int, line: int) -> None:
        self.left -= count
        if self.left < 0:
            raise ConvertError(line, f"more than {_MOST} values: split the file")


def _merged(value: Node) -> dict[str, Node]:
    if isinstance(value, Mapping):
        return value.items
    if isinstance(value, Sequence):
        result: dict[str, Node] = {}
        for item in value.items:
            result = _merged(item) | result
        return result
    raise ConvertError(value.line, "<< merges mappings, and here stands a text; write the keys out")


def _size(node: Node) -> int:
    if isinstance(node, Mapping):
        return 1 + sum(map(_size, node.items.values()))
    return 1 + sum(map(_size, node.items)) if isinstance(node, Sequence) else 1
