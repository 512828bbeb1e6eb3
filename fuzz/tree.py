"""Documents that are nearly right: the tree of a good one, changed where its schema has something to say."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from fuzz.words import HOSTILE, ODD_VALUES, OF_KEY

Schema = Mapping[str, Any]
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_DEEPEST = 12


class _Loader(_BASE):  # type: ignore[misc, unused-ignore]
    """Times stay the text that they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in _BASE.yaml_implicit_resolvers.items()
}


@cache
def schema_of_specs() -> Schema:
    """What a spec may hold."""
    from exporter.spec import json_schema  # noqa: PLC0415 - a guided search must see this import

    return json_schema()


@cache
def schema_of_web_configs() -> Schema:
    """What a web config file may hold."""
    from exporter.web_config.models import WebConfigFile  # noqa: PLC0415 - as above

    return WebConfigFile.model_json_schema()


class Growth:
    """Changes to one document. ``mild`` ones mostly keep it acceptable: values that fit the schema, and hostile text
    where any text may stand. ``focus`` is the key of the part where most of them are made."""

    def __init__(self, chance: random.Random, schema: Schema, *, mild: bool, focus: str = "") -> None:
        self._chance, self._schema, self._mild, self._focus = chance, schema, mild, focus
        self._names: list[str] = []

    def change(self, value: Any, other: Any) -> Any:
        """``value`` after one change; ``other`` is a document that lends its parts."""
        self._names = [each["name"] for each in _mappings(value) if isinstance(each.get("name"), str)]
        places = list(self._places(value, self._schema, 0))
        if isinstance(value, dict) and self._focus in value and self._chance.random() < 0.8:
            inner = _inner(self._schema, self._focus)
            places = list(self._places(value[self._focus], inner, 1)) or places
        if not places:
            return self._anything()
        holder, key, schema = self._chance.choice(places)
        self._chance.choice(_MILD if self._mild else _ALL)(self, holder, key, schema, other)
        return value

    def renew(self, holder: Any, key: Any, schema: Schema, _: Any) -> None:
        """Another value that fits."""
        holder[key] = self.made(schema, str(key), 0)

    def retype(self, holder: Any, key: Any, _: Schema, __: Any) -> None:
        """A value that fits nowhere."""
        holder[key] = self._anything()

    def infest(self, holder: Any, key: Any, schema: Schema, _: Any) -> None:
        """Text that is code, markup or white space to somebody."""
        if isinstance(holder[key], dict) and "properties" not in schema:
            holder[key][self._hostile()] = next(iter(holder[key].values()), self._hostile())
        elif self._mild and {"enum", "pattern", "const"} & schema.keys():
            self.renew(holder, key, schema, _)
        elif isinstance(holder[key], str):
            much = self._chance.random() < 0.5
            holder[key] = holder[key] + self._hostile() if much else self._hostile()

    def add(self, holder: Any, key: Any, schema: Schema, _: Any) -> None:
        """A key that was missing."""
        value = holder[key]
        if isinstance(value, list):
            value.append(self.made(schema.get("items", {}), str(key), 0))
        elif isinstance(value, dict) and (missing := sorted(schema.get("properties", {}).keys() - value.keys())):
            new = self._chance.choice(missing)
            value[new] = self.made(schema["properties"][new], new, 0)

    def remove(self, holder: Any, key: Any, _: Schema, __: Any) -> None:
        """One thing less."""
        del holder[key]

    def rename(self, holder: Any, key: Any, _: Schema, other: Any) -> None:
        """A key that is misspelt, or is another's."""
        if isinstance(holder, dict):
            keys = [name for each in _mappings(other) for name in each]
            holder[self._chance.choice([*keys, str(key) + "s", self._hostile()])] = holder.pop(key)

    def double(self, holder: Any, key: Any, _: Schema, __: Any) -> None:
        """The same item once more, as another object."""
        if isinstance(holder, list):
            holder.insert(key, _copied(holder[key]))
        elif isinstance(holder[key], list):
            holder[key] = holder[key] * 2

    def swap(self, holder: Any, key: Any, _: Schema, other: Any) -> None:
        """What stands under the same key elsewhere."""
        lent = [each[key] for each in _mappings(other) if key in each]
        if lent:
            holder[key] = _copied(self._chance.choice(lent))

    def bury(self, holder: Any, key: Any, _: Schema, __: Any) -> None:
        """The same, deep in lists or mappings."""
        for _deeper in range(self._chance.choice((1, 2, 40))):
            holder[key] = self._chance.choice(([holder[key]], {"a": holder[key]}))

    def made(self, schema: Schema, key: str, depth: int) -> Any:
        """A value of the schema; references are to names that are there."""
        schema = self._chance.choice(self._options(schema))
        if "const" in schema or "enum" in schema:
            return self._chance.choice([*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())])
        kind = schema.get("type")
        if kind == "object":
            return self._mapping(schema, depth)
        if kind == "array":
            items = schema.get("items", {})
            many = self._chance.randint(schema.get("minItems", 0), 2) if depth < _DEEPEST else 0
            return [self.made(items, key, depth + 1) for _ in range(many)]
        if kind in ("number", "integer"):
            numbers = [*schema.get("examples", ()), schema.get("default", 1), 0, 1, 2, 0.5, 99.9, 1e-12, 1e12, 100, -1]
            bounds = [schema[name] for name in _BOUNDS if name in schema]
            return self._chance.choice([*numbers, *bounds, *bounds])
        return {"boolean": self._chance.random() < 0.5, "null": None}.get(str(kind), self._text(schema, key))

    def _mapping(self, schema: Schema, depth: int) -> dict[str, Any]:
        if "properties" not in schema:
            inner = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), {})
            names = [*self._names[:3], "a", "team", "zone", self._hostile()]
            inner = inner if isinstance(inner, dict) else {}
            keys = self._chance.sample(names, self._chance.randint(1, 2))
            return {name: self.made(inner, name, depth + 1) for name in keys}
        needed = list(schema.get("required", ()))
        free = sorted(schema["properties"].keys() - set(needed))
        more = self._chance.sample(free, min(len(free), self._chance.randint(0, 2))) if depth < _DEEPEST else []
        return {name: self.made(schema["properties"][name], name, depth + 1) for name in [*needed, *more]}

    def _text(self, schema: Schema, key: str) -> str:
        known = OF_KEY.get(key, ())
        if known and self._chance.random() < 0.8:
            return self._chance.choice(known)
        if self._names and self._chance.random() < 0.5:
            return self._chance.choice(self._names)
        examples = [each for each in schema.get("examples", ()) if isinstance(each, str)]
        return self._chance.choice([*examples, "a", "b-1.c", self._hostile()])

    def _options(self, schema: Schema) -> list[Schema]:
        if "$ref" in schema:
            return self._options(self._schema["$defs"][schema["$ref"].rpartition("/")[2]])
        several = schema.get("anyOf") or schema.get("oneOf")
        return [option for each in several for option in self._options(each)] if several else [schema]

    def _places(self, value: Any, schema: Schema, depth: int) -> Any:
        """Holder, key and schema of everything in ``value``."""
        fitting = self._fitting(value, schema)
        if depth > 2 * _DEEPEST or not isinstance(value, dict | list):
            return
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            inner = _inner(fitting, key)
            yield value, key, self._fitting(value[key], inner)
            yield from self._places(value[key], inner, depth + 1)

    def _fitting(self, value: Any, schema: Schema) -> Schema:
        options = self._options(schema)
        if isinstance(value, dict):
            return max(options, key=lambda each: _overlap(each, value))
        kind = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}.get(type(value))
        return next((each for each in options if each.get("type") == kind), options[0])

    def _hostile(self) -> str:
        return self._chance.choice(HOSTILE)

    def _anything(self) -> Any:
        return _copied(self._chance.choice((self._chance.choice(ODD_VALUES), self._hostile())))


_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_Change = Callable[[Growth, Any, Any, Schema, Any], None]
_MILD: Sequence[_Change] = (
    Growth.renew, Growth.renew, Growth.infest, Growth.infest, Growth.infest, Growth.add, Growth.add, Growth.swap,
    Growth.remove,
)  # fmt: skip
_ALL: Sequence[_Change] = (*_MILD, Growth.retype, Growth.rename, Growth.double, Growth.bury)


def grown_yaml(
    data: bytes, other: bytes, chance: random.Random, schema: Schema, *, mild: bool, focus: str = ""
) -> bytes:
    """YAML after one to three changes, written in one of the ways there are; ``data`` where it is none."""
    try:
        value, lent = (yaml.load(each, _Loader) for each in (data, other))
    except (yaml.YAMLError, ValueError, RecursionError):
        return data
    style = {"default_flow_style": chance.choice((False, False, None, True)), "allow_unicode": chance.random() < 0.5}
    growth = Growth(chance, schema, mild=mild, focus=focus)
    try:
        for _ in range(chance.randint(1, 3)):
            value = growth.change(value, lent)
        text = yaml.dump(value, Dumper=_DUMPER, sort_keys=False, width=chance.choice((20, 10**6)), **style)
    except (yaml.YAMLError, RecursionError):  # what is guided by coverage buries deeper with each turn
        return data
    made = text.encode("utf-8", "replace")
    return made if mild or chance.random() < 0.7 else _dressed(made, chance)


def grown_json(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """JSON after one to three changes; ``data`` where it is none."""
    try:
        value, lent = json.loads(data), json.loads(other)
        growth = Growth(chance, {}, mild=False)
        for _ in range(chance.randint(1, 3)):
            value = growth.change(value, lent)
        return json.dumps(value).encode()
    except (ValueError, RecursionError, TypeError):
        return data


_DRESSES: Sequence[Callable[[bytes], bytes]] = (
    lambda text: b"\xef\xbb\xbf" + text,
    lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: text.replace(b"\n", b"\r"),
    lambda text: text.replace(b"  ", b"\t"),
    lambda text: text.replace(b": ", b": &a ", 1),
    lambda text: text.replace(b": ", b": *a # ", 1),
    lambda text: text.replace(b":\n", b": &a\n", 1) + b"<<: *a\n",
    lambda text: text.replace(b": ", b": !!str ", 1),
    lambda text: text.replace(b": ", b": !!python/object/apply:os.getcwd ", 1),
    lambda text: b"%YAML 1.2\n---\n" + text + b"...\n",
    lambda text: b"---\n" + text + b"---\n" + text,
    lambda text: text + text,
    lambda text: b"? " + text,
    lambda text: text.decode("utf-8", "replace").encode("utf-16"),
    lambda text: text.replace(b"\n", b" # \xe2\x80\xa8\n"),
    lambda text: b"a: " + b"[" * 400 + text,
    lambda text: text.replace(b"\nslos:", b"\n# another file\nslos:"),
    lambda text: (
        text.replace(b"\nexperiments:", b"\n# another file\nexperiments:") + b"\n# another file\n" + text[:400]
    ),
)
"""What YAML knows besides trees."""


def _dressed(text: bytes, chance: random.Random) -> bytes:
    return chance.choice(_DRESSES)(text)


def _inner(schema: Schema, key: Any) -> Schema:
    if isinstance(key, int):
        found = schema.get("items", {})
    else:
        found = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
        found = found or next(iter(schema.get("patternProperties", {}).values()), {})
    return found if isinstance(found, dict) else {}


def _overlap(schema: Schema, value: Mapping[Any, Any]) -> int:
    properties = schema.get("properties", {})
    same = sum(each.get("const", "") == value.get(name) for name, each in properties.items() if isinstance(each, dict))
    return 10 * same + len(properties.keys() & value.keys()) + (schema.get("type") == "object")


def _mappings(value: Any) -> list[dict[Any, Any]]:
    if isinstance(value, dict):
        return [value, *(each for inner in value.values() for each in _mappings(inner))]
    return [each for inner in value for each in _mappings(inner)] if isinstance(value, list) else []


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
