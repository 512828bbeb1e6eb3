"""A strict reading of dashboard JSON by Grafana Labs' own model.

The SDK's ``from_json`` ignores unknown keys and checks neither scalars nor enums. What it lost shows when it writes the
dashboard again, and its type annotations say what each value should have been.
"""

from __future__ import annotations

import enum
import json
import typing
import warnings
from collections.abc import Iterator
from typing import Any

from tests.dashboards.documents import Json

with warnings.catch_warnings():
    # The SDK would rather have schema v2. Classic JSON is what every Grafana since 11 reads, 13 included.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models import dashboard as model

_OWN = "the Prometheus data source's own key of an annotation, which no schema has"
ALLOWED: dict[str, str] = {
    f"annotations.list[{place}].{key}": _OWN
    for place in (1, 2)
    for key in ("expr", "step", "tagKeys", "textFormat", "titleFormat", "useValueForTime")
}
ALLOWED |= {
    f"targets[0].{key}": "a query of Grafana's own data source for a channel of Grafana Live, which no schema has"
    for key in ("buffer", "channel", "filter")
}
"""Path ends of keys that the SDK loses although Grafana reads them -> why that is known."""


def check(dashboard: Json) -> list[str]:
    """Keys that the model does not know, and values of a type it does not allow."""
    register_default_plugins()
    try:
        decoded = model.Dashboard.from_json(dashboard)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        return [f"cannot be decoded: {type(error).__name__}: {error}"]
    again = json.loads(json.dumps(decoded, cls=JSONEncoder))
    return [*_lost(dashboard, again, "$"), *_wrong(decoded, type(decoded), "$")]


def _lost(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            here = f"{path}.{key}"
            if key in after:
                yield from _lost(value, after[key], here)
            elif not any(here.endswith(end) for end in ALLOWED):
                yield f"{here}: unknown to the model"
    elif isinstance(before, list) and isinstance(after, list):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


def _wrong(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Values that do not fit their annotation; enums are read as their values, for from_json leaves them so."""
    if isinstance(value, dict) and hasattr(hint, "from_json"):  # from_json leaves some lists of objects undecoded
        value, raw = hint.from_json(value), value
        yield from _lost(raw, json.loads(json.dumps(value, cls=JSONEncoder)), path)
    if not _fits(value, hint):
        yield f"{path}: {value!r} is not {hint}"
    elif isinstance(value, list):
        (inner,) = _args_of(hint, list) or (Any,)
        for index, item in enumerate(value):
            yield from _wrong(item, inner, f"{path}[{index}]")
    elif hasattr(value, "__dict__") and not isinstance(value, enum.Enum):
        for name, inner in _annotations(type(value)).items():
            yield from _wrong(getattr(value, name), inner, f"{path}.{name}")


def _annotations(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except NameError:  # an annotation that the generated module does not import
        return {}


def _args_of(hint: Any, origin: type) -> tuple[Any, ...]:
    for option in typing.get_args(hint) if typing.get_origin(hint) is typing.Union else (hint,):
        if typing.get_origin(option) is origin:
            return typing.get_args(option)
    return ()


def _fits(value: Any, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is typing.Union:
        return any(_fits(value, option) for option in typing.get_args(hint))
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    kind = origin or hint
    if kind in {Any, object} or not isinstance(kind, type):
        return True  # Any, forward references, type variables: nothing is said
    if issubclass(kind, enum.Enum):
        return isinstance(value, kind) or value in {item.value for item in kind}
    if kind in {int, float} and isinstance(value, bool):
        return False
    return isinstance(value, (int, float) if kind is float else kind)
