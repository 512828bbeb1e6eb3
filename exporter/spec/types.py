"""Scalar types of the spec: what the YAML writes, what the rest of the program gets, and the sentence for a mistake."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from exporter.promql import parse_duration

RESERVED_LABELS = frozenset(
    {
        "job",
        "instance",
        "window",
        "source",
        "category",
        "period",
        "severity",
        "tier",
        "alertname",
        "le",
        "quantile",
        "tenant",
    }
)
"""Labels that the exporter, Prometheus or the alerts own; every name that starts with ``slo`` is reserved too."""

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
_LABEL = re.compile(r"^[a-zA-Z][a-zA-Z0-9_]*$")


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} is not a duration; write it with a unit, like 30s, 5m or 30d")


def _objective(value: Any) -> Any:
    """Decimal of the shortest text of the YAML number, so that 99.9 is 99.9 and not 99.900000000000005684."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{value!r} is not a number; write a percentage like 99.9")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number; write a percentage like 99.9") from None
    if not (number.is_finite() and 0 < number < 100):
        raise ValueError(f"{value} is not between 0 and 100; write the percentage of good events, like 99.9")
    return number


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is a boolean where a number belongs")
    return value


def _name(value: str) -> str:
    if not _NAME.match(value):
        raise ValueError(f"{value!r} is not a name; use letters, digits, '_', '.' and '-', at most 100 of them")
    return value


def _label_name(value: str) -> str:
    if not _LABEL.match(value):
        raise ValueError(f"{value!r} is not a label name; use letters, digits and '_'")
    if value in RESERVED_LABELS or value.startswith(("slo", "experiment", "__")):
        raise ValueError(f"the label {value!r} is reserved; choose another name, for instance {'my_' + value!r}")
    return value


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    Field(gt=0),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(ms|[smhdwy]))+$", "examples": ["30s", "5m", "30d"]}),
]
"""Seconds; written as a Prometheus duration with a unit."""

Objective = Annotated[
    Decimal,
    BeforeValidator(_objective),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100, "examples": [99.9]}),
]
"""Percent of good events, exact."""

Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Alpha = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, lt=1, allow_inf_nan=False)]
Share = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, le=1, allow_inf_nan=False)]
Name = Annotated[str, AfterValidator(_name), Field(max_length=100)]
LabelName = Annotated[str, AfterValidator(_label_name)]
LabelValue = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1)]
