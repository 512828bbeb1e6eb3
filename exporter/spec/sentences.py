"""What pydantic found, in sentences for people: what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.spec.base import Model, fields_of
from exporter.spec.examples import EXAMPLES
from exporter.spec.models import Spec
from exporter.spec.place import Place, locate
from exporter.spec.tree import Parts, Problem, did_you_mean, shown
from exporter.spec.types import found

_SECRET_KEYS = frozenset({"basic_auth", "basic_auth_users", "headers", "key", "params", "url", "webhook"})


def problems_of(error: ValidationError, root: type[Model] = Spec) -> list[tuple[Problem, Place]]:
    """Each mistake with its place, in which :func:`locate` says what to leave out to check the rest nevertheless."""
    every = [(details, locate(details["loc"], root)) for details in error.errors(include_url=False)]
    around = {place.parts[:length] for _, place in every for length in range(len(place.parts))}
    # pydantic calls a list too short also where its items are there and mistaken.
    located = [(details, x) for details, x in every if details["type"] != "too_short" or x.parts not in around]
    located = [(details, place._replace(meant=_meant_parts(details, place))) for details, place in located]
    meant = {place.meant for _, place in located if place.meant}
    return [
        (_problem(details, place)._replace(explained=details["type"] == "missing" and place.parts in meant), place)
        for details, place in located
    ]


def _problem(details: ErrorDetails, place: Place) -> Problem:
    sentence = _SENTENCES.get(details["type"], _other)(details, place)
    on_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
    return Problem(place.parts, sentence, on_key=on_key)


def _meant(details: ErrorDetails, place: Place) -> str | None:
    if details["type"] != "extra_forbidden" or place.model is None or str(place.parts[-1]) in place.model.NOT_YET:
        return None
    return did_you_mean(str(place.parts[-1]), fields_of(place.model))


def _meant_parts(details: ErrorDetails, place: Place) -> Parts | None:
    hint = _meant(details, place)
    return (*place.parts[:-1], hint) if hint else None


def _example(place: Place) -> str:
    key = place.parts[-1] if place.parts else None
    if len(place.parts) > 1 and place.parts[-2] == "receivers":
        return f", for instance {key}: {{webhook_file: /run/secrets/{key}}}"
    if isinstance(key, int) and (line := EXAMPLES.get(str(place.parts[-2]))):
        return f", for instance {line}"
    if place.model is None or not isinstance(key, str):
        return ""
    line = EXAMPLES.get(f"{place.model.__name__}.{key}", EXAMPLES.get(key))
    return f", for instance {line}" if line else ""


def _unknown(details: ErrorDetails, place: Place) -> str:
    key = str(place.parts[-1])
    if place.model and key in place.model.NOT_YET:
        return f"{key} is not supported yet ({place.model.NOT_YET[key]}); remove it"
    if hint := _meant(details, place):
        return f"unknown key {shown(key)}, did you mean {shown(hint)}?"
    known = ", ".join(sorted(fields_of(place.model))) if place.model else ""
    return f"unknown key {shown(key)}; known here: {known}"


def _missing(_details: ErrorDetails, place: Place) -> str:
    return f"the key {shown(place.parts[-1])} is required{_example(place) or '; add it'}"


def _literal(details: ErrorDetails, place: Place) -> str:
    value = details["input"]
    allowed = details["ctx"]["expected"].replace("'", "")
    hint = did_you_mean(value, allowed.replace(" or ", ", ").split(", ")) if isinstance(value, str) else None
    if details["loc"][-1] == "[key]":
        return f"unknown key {shown(value)}; known here: {allowed}" + (f"; did you mean {hint}?" if hint else "")
    later = place.model.NOT_YET_VALUES.get(str(place.parts[-1]), {}) if place.model else {}
    if isinstance(value, str) and value in later:
        return f"{shown(value)} is not supported yet ({later[value]}); write {allowed}"
    return f"{found(value)} is not one of the possible values: {allowed}" + (f"; did you mean {hint}?" if hint else "")


def _tag(details: ErrorDetails, _place: Place) -> str:
    allowed = "prometheus, sql, file or http"
    kind = details["input"].get("type") if isinstance(details["input"], dict) else None
    if details["type"] == "union_tag_not_found":
        return f"the key 'type' is required: {allowed}"
    hint = did_you_mean(kind, ("prometheus", "sql", "file", "http")) if isinstance(kind, str) else None
    return f"type {shown(kind)} is not one of {allowed}" + (f"; did you mean {hint}?" if hint else "")


def _wrong_kind(wanted: str) -> Callable[[ErrorDetails, Place], str]:
    def sentence(details: ErrorDetails, place: Place) -> str:
        value = details["input"]
        what = _seen(value, frozenset(map(str, place.parts)), section=wanted in {_MAPPING, _LIST})
        or_not = "; remove the key, or write one" if value is None else ""
        return f"{what} where {wanted} belongs{_way_out(value, wanted) or or_not + _example(place)}"

    return sentence


def _seen(value: Any, keys: frozenset[str], *, section: bool) -> str:
    """What was found, unless it may be a secret: logs of CI are read by many. ``section``: others belong below it."""
    if not isinstance(value, list | dict | None) and not _SECRET_KEYS.isdisjoint(keys):
        return "something else"
    if isinstance(value, str) and "://" in value:
        return "an address"
    # Where a key or the address of a webhook was pasted in place of the file that holds it, or of the whole section.
    hidden = "receivers" in keys or (section and "slos" not in keys)
    return "a text" if isinstance(value, str) and hidden else found(value)


def _way_out(value: Any, wanted: str) -> str | None:
    if value is None and wanted == _TEXT:
        return "; write something, or remove the key"
    if wanted == _TEXT and isinstance(value, bool | int | float):
        return "; put it in quotes"
    if wanted == _TEXT and isinstance(value, dict | list):
        return "; text that begins with { or [ must stand in quotes"
    return None


def _length(details: ErrorDetails, place: Place) -> str:
    limits = details.get("ctx", {})
    if details["type"] == "string_too_long":
        return f"longer than {limits['max_length']} characters; shorten it"
    what = "an empty list" if details["type"] == "too_short" else "an empty text"
    return f"{what}{_example(place) or '; write something, or remove the key'}"


def _range(details: ErrorDetails, _place: Place) -> str:
    limits, value = details["ctx"], found(details["input"])
    wanted = {
        "greater_than": "greater than {gt}",
        "greater_than_equal": "at least {ge}",
        "less_than": "less than {lt}",
        "less_than_equal": "at most {le}",
    }[details["type"]].format(**limits)
    return f"{value} must be {wanted}"


def _ours(details: ErrorDetails, _place: Place) -> str:
    return str(details["ctx"]["error"])


def _other(details: ErrorDetails, _place: Place) -> str:
    return details["msg"]


_TEXT = "text"
_BOOLEAN = "true or false"
_MAPPING = "a mapping (key: value)"
_LIST = "a list (items that begin with '- ')"
_SENTENCES: Mapping[str, Callable[[ErrorDetails, Place], str]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _literal,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _tag,
    "string_type": _wrong_kind(_TEXT),
    "model_type": _wrong_kind(_MAPPING),
    "model_attributes_type": _wrong_kind(_MAPPING),
    "bool_type": _wrong_kind(_BOOLEAN),
    "dict_type": _wrong_kind(_MAPPING),
    "tuple_type": _wrong_kind(_LIST),
    "string_too_short": _length,
    "string_pattern_mismatch": _length,  # the only pattern there is: something but blanks
    "string_too_long": _length,
    "too_short": _length,
    "greater_than": _range,
    "greater_than_equal": _range,
    "less_than": _range,
    "less_than_equal": _range,
    "value_error": _ours,
}
