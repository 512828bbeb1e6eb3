"""reference/spec.md: every key of the YAML, from the JSON Schema that `winburn check --schema` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs._generate.text import code, prose, table
from exporter.spec import json_schema
from exporter.spec.examples import EXAMPLES

Schema = Mapping[str, Any]
_ROOT = "Spec"

_HEAD = """\
# The spec

One YAML file, or a folder of them, which are merged. Unknown keys, keys that stand twice, and values of the wrong type
are errors; `winburn check` names all of them at once, each with its line. What must fit together (an SLO that a
guardrail names, two kinds of SLI at once) is checked too, and not in these tables. `winburn check --schema` prints the
same as a JSON Schema for editors.

Durations are written like `30s`, `5m`, `1h30m` or `30d`; shares are between 0 and 1; an objective is a percentage.

"""


def page() -> str:
    """The page."""
    schema = json_schema()
    models = {_ROOT: schema, **schema["$defs"]}
    places = dict(_places(schema))
    order = sorted(places, key=lambda name: list(places).index(name))
    return _HEAD + "\n".join(_model(name, models[name], places[name]) for name in order)


def keys() -> set[tuple[str, str]]:
    """Every model and key, for the test that none is missing."""
    schema = json_schema()
    models = {_ROOT: schema, **schema["$defs"]}
    return {(name, key) for name, model in models.items() for key in model.get("properties", {})}


def _places(schema: Schema) -> Iterator[tuple[str, list[str]]]:
    """Model -> the paths at which it stands, in the order of a walk from the top."""
    found: dict[str, list[str]] = {_ROOT: []}
    queue: list[tuple[str, str]] = [(_ROOT, "")]
    while queue:
        name, path = queue.pop(0)
        model = schema if name == _ROOT else schema["$defs"][name]
        for key, field in model.get("properties", {}).items():
            for inner, suffix in _references(field, ""):
                where = f"{path}.{key}{suffix}".lstrip(".")
                new = inner not in found
                found.setdefault(inner, []).append(where)
                if new:
                    queue.append((inner, where))
    yield from found.items()


def _references(field: Schema, suffix: str) -> Iterator[tuple[str, str]]:
    if "$ref" in field:
        yield field["$ref"].rsplit("/", 1)[1], suffix
    for inner in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _references(inner, suffix)
    items = field.get("items")
    if isinstance(items, dict):
        yield from _references(items, f"{suffix}[]")
    for values in (field.get("additionalProperties"), *field.get("patternProperties", {}).values()):
        if isinstance(values, dict):
            yield from _references(values, f"{suffix}.NAME")


def _model(name: str, model: Schema, places: list[str]) -> str:
    title = "Top level" if name == _ROOT else name
    where = f"At {', '.join(code(place) for place in dict.fromkeys(places))}. " if places else ""
    about = "" if name == _ROOT else _about(model)
    required = model.get("required", ())
    rows = [_row(name, key, field, must=key in required) for key, field in model.get("properties", {}).items()]
    return f"({anchor(name)})=\n## {title}\n\n{where}{about}\n\n" + table(("key", "meaning"), rows) + "\n"


def _about(model: Schema) -> str:
    paragraphs = str(model.get("description", "")).split("\n\n")
    texts = []
    for paragraph in paragraphs:
        items = paragraph.split("\n- ")
        if len(items) > 1 or paragraph.startswith("- "):
            head, *rest = f"\n{paragraph}".split("\n- ")
            texts.append("\n".join([prose(head), *(f"- {prose(item)}" for item in rest)]).strip())
        else:
            texts.append(prose(paragraph))
    return "\n\n".join(texts)


def anchor(model: str) -> str:
    """Where the model's table is."""
    return f"spec-{model.lower()}"


def _row(model: str, key: str, field: Schema, *, must: bool) -> tuple[str, str]:
    example = EXAMPLES.get(f"{model}.{key}", EXAMPLES.get(key))
    meaning = prose(field.get("description", "")) or "The kind of this source."
    shape = f"*{_type(field)}*" + ("; **required**" if must else _default(field))
    return code(key), f"{meaning}<br>{shape}" + (f"<br>{code(example)}" if example else "")


def _default(field: Schema) -> str:
    """What holds where the key is not given, if that can be said in a few words."""
    value = field.get("default")
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, dict):
        given = {name: inner for name, inner in value.items() if inner is not None}
        plain = given and not any(isinstance(inner, dict | list) for inner in given.values())
        return f"; default {code(json.dumps(given).replace(chr(34), ''))}" if plain else ""
    return f"; default {code(json.dumps(value).strip(chr(34)))}"


_BOUNDS = {"exclusiveMinimum": "> {}", "minimum": ">= {}", "exclusiveMaximum": "< {}", "maximum": "<= {}"}


def _type(field: Schema) -> str:  # noqa: PLR0911 - one for each form that JSON Schema has
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{anchor(name)})"
    if "enum" in field:
        return ", ".join(code(str(value)) for value in field["enum"])
    if "const" in field:
        return code(str(field["const"]))
    for union in ("anyOf", "oneOf"):
        if union in field:
            kinds = [_type(inner) for inner in field[union]]
            return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if field.get("type") == "array":
        items = field.get("items")
        return f"list of {_type(items)}" if isinstance(items, dict) else "list"
    if field.get("type") == "object":
        return _mapping(field)
    return _scalar(field)


def _mapping(field: Schema) -> str:
    values = [field.get("additionalProperties"), *field.get("patternProperties", {}).values()]
    names = field.get("propertyNames", {}).get("enum")
    kinds = [_type(value) for value in values if isinstance(value, dict)]
    what = ", ".join(code(name) for name in names) if names else "name"
    return f"mapping of {what} to {' or '.join(kinds)}" if kinds else "mapping"


def _scalar(field: Schema) -> str:
    words = {
        "string": "text",
        "boolean": "true or false",
        "integer": "whole number",
        "number": "number",
        "null": "null",
    }
    name = words.get(str(field.get("type")), "value")
    if name == "text" and "y)?" in str(field.get("pattern")):
        return "duration"
    bounds = [prose(words.format(field[bound])) for bound, words in _BOUNDS.items() if bound in field]
    return f"{name} {', '.join(bounds)}".strip()
