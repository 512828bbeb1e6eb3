"""Reading a document key by key, and knowing in the end which keys nobody has read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from exporter.spec.tree import did_you_mean
from winburn.convert.nodes import Mapping, Node, Scalar, Sequence
from winburn.convert.notes import ConvertError, shown

_YES = frozenset({"true", "yes", "on"})
_NO = frozenset({"false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of the input; whatever is asked of it counts as read. ``path`` is where it stands, for messages."""

    node: Mapping
    path: str = ""
    _read: dict[str, Fields | tuple[Fields, ...] | None] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    @property
    def line(self) -> int:
        """The line it begins in."""
        return self.node.line

    def line_of(self, key: str) -> int:
        """The line of a key's value; of the mapping where the key is missing."""
        return self.node.items[key].line if key in self.node.items else self.line

    def dotted(self, key: str) -> str:
        """The key with the path to it."""
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> Node | None:
        """The value, whatever it is, taken as read with all below it; None where it is missing or null."""
        self._asked.add(key)
        node = self.node.items.get(key)
        if node is not None:
            self._read[key] = None
        return None if isinstance(node, Scalar) and node.empty else node

    def text(self, key: str) -> str | None:
        """The text of a scalar; None where it is missing or null. ConvertError where it is none."""
        node = self.raw(key)
        if node is None:
            return None
        if not isinstance(node, Scalar):
            raise ConvertError(node.line, f"{self.dotted(key)} must be a text, and here stands a {_kind(node)}")
        return node.text

    def need(self, key: str) -> str:
        """The text of a scalar that must be there."""
        text = self.text(key)
        if text is None or not text.strip():
            raise ConvertError(self.line_of(key), f"{self.dotted(key)} is missing; add it and convert again")
        return text

    def number(self, key: str) -> Decimal | None:
        """An exact number, quoted or not; None where it is missing."""
        text = self.text(key)
        if text is None:
            return None
        try:
            value = Decimal(text.strip())
        except InvalidOperation:
            value = Decimal("nan")
        if not value.is_finite() or not -30 < value.adjusted() < 30:
            raise ConvertError(self.line_of(key), f"{self.dotted(key)} must be a number, not {shown(text)}")
        return value

    def flag(self, key: str) -> bool | None:
        """A boolean; None where it is missing."""
        text = self.text(key)
        if text is None:
            return None
        if text.lower() not in _YES | _NO:
            raise ConvertError(self.line_of(key), f"{self.dotted(key)} must be true or false, not {shown(text)}")
        return text.lower() in _YES

    def inner(self, key: str) -> Fields:
        """The mapping below a key; an empty one where it is missing."""
        found = self.maybe(key)
        return found if found is not None else Fields(Mapping({}, self.line), self.dotted(key))

    def maybe(self, key: str) -> Fields | None:
        """The mapping below a key; None where it is missing or null."""
        known = self._read.get(key)
        if isinstance(known, Fields):
            return known
        node = self.raw(key)
        if node is None:
            return None
        if not isinstance(node, Mapping):
            raise ConvertError(node.line, f"{self.dotted(key)} must be a mapping, and here stands a {_kind(node)}")
        below = Fields(node, self.dotted(key))
        self._read[key] = below
        return below

    def each(self, key: str) -> tuple[Fields, ...]:
        """The mappings in the list below a key."""
        node = self.raw(key)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            raise ConvertError(node.line, f"{self.dotted(key)} must be a list, and here stands a {_kind(node)}")
        below = []
        for index, item in enumerate(node.items):
            if not isinstance(item, Mapping):
                raise ConvertError(item.line, f"{self.dotted(key)}[{index}] must be a mapping, not a {_kind(item)}")
            below.append(Fields(item, f"{self.dotted(key)}[{index}]"))
        self._read[key] = tuple(below)
        return tuple(below)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        node = self.raw(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        for item in items:
            if not isinstance(item, Scalar):
                raise ConvertError(node.line, f"{self.dotted(key)} must be a list of texts")
        return tuple(item.text for item in items if isinstance(item, Scalar))

    def texts(self, key: str) -> dict[str, str]:
        """A mapping of texts, such as labels; lists of texts are joined with commas."""
        below = self.maybe(key)
        return {} if below is None else {name: ",".join(below.words(name)) for name in below.node.items}

    def settle(self, key: str) -> None:
        """What is below a key was told about already."""
        self._read[key] = None

    def settle_all(self) -> None:
        """All of the mapping was told about already."""
        for key in self.node.items:
            self._read[key] = None

    def was_read(self, key: str) -> bool:
        """Whether a key was asked for."""
        return key in self._read

    def unread(self) -> Iterator[tuple[int, str]]:
        """(line, sentence) for each key that was not read, and for each that was given twice; highest first."""
        for key, line in self.node.twice:
            yield line, f"{self.dotted(key)} is given twice; the last one was taken"
        for key, node in self.node.items.items():
            if key not in self._read:
                hint = did_you_mean(key, self._asked - set(self.node.items))
                meant = f"; did you mean {hint}?" if hint else ""
                yield node.line, f"{shown(self.dotted(key))} is not known here and was not carried{meant}"
                continue
            below = self._read[key]
            for fields in (below,) if isinstance(below, Fields) else below or ():
                yield from fields.unread()


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"text ({shown(node.text)})" if not node.empty else "null"
    return "list" if isinstance(node, Sequence) else "mapping"
