"""Scalar types of the spec: what the YAML writes, what the rest of the program gets, and the sentence for a mistake."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from exporter.promql import parse_duration
from exporter.spec.tree import shown

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
"""Labels that the exporter, Prometheus or the alerts own; names that start with ``slo`` or ``experiment`` are too."""

NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
LABEL_PATTERN = "[a-zA-Z][a-zA-Z0-9_]{0,99}"
_DURATION_PATTERN = "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
_DECIMAL = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,12})?")


def found(value: Any) -> str:
    """What was found, for a message: ``the text 'abc'``, ``the number 5``, ``a list``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (a boolean)"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, dict) and "calendar" in value:
        raise ValueError("calendar periods are not supported yet; write a rolling one like 30d")
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write a duration like 30s, 5m or 30d")
    raise ValueError(f"{found(value)} where a duration belongs; write one like 30s, 5m or 30d")


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be longer than 0s")
    return value


def _objective(value: Any) -> Any:
    """Decimal of the shortest text of the YAML number, so that 99.9 is 99.9 and not 99.900000000000005684."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{found(value)} where a percentage of good events belongs, like 99.9")
    text = value if isinstance(value, str) else format(Decimal(str(value)), "f")
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{shown(value)} is not a number; write the percentage of good events, like 99.9")
    if not _PERCENT.fullmatch(text) or Decimal(text) == 0:
        raise ValueError(
            f"{shown(value)[1:-1]} is not between 0 and 100, both excluded, with at most 12 decimals; write the "
            "percentage of good events, like 99.9"
        )
    return Decimal(text)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{found(value)} where a number belongs{_unquoted(value)}")
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{found(value)} where a whole number belongs{_unquoted(value)}")
    return value


def _unquoted(value: Any) -> str:
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return ""
    return "; write it without quotes"


def _name(value: str) -> str:
    if not re.fullmatch(NAME_PATTERN, value):
        raise ValueError(
            f"{shown(value)} is not a name; begin with a letter or digit and go on with letters, digits, '_', '.' or "
            "'-', at most 100 in all"
        )
    return value


def _label_name(value: str) -> str:
    if not re.fullmatch(LABEL_PATTERN, value):
        raise ValueError(
            f"{shown(value)} is not a label name; begin with a letter and go on with letters, digits or '_'"
        )
    if value in RESERVED_LABELS or value.startswith(("slo", "experiment")):
        raise ValueError(f"the label {shown(value)} is reserved; choose another name, for instance 'my_{value}'")
    return value


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s", "5m", "30d"]}),
]
"""Seconds, more than 0; written as a Prometheus duration with a unit."""

Delay = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["0s", "20s"]}),
]
"""Seconds, 0 included; written like a Duration."""

Objective = Annotated[
    Decimal,
    BeforeValidator(_objective),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100, "examples": [99.9]}),
]
"""Percent of good events, exact."""

Alpha = Annotated[float, BeforeValidator(_number), Field(gt=0, lt=1, allow_inf_nan=False)]
Share = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, BeforeValidator(_whole)]
Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$"})]
LabelName = Annotated[
    str, AfterValidator(_label_name), WithJsonSchema({"type": "string", "pattern": f"^{LABEL_PATTERN}$"})
]
LabelValue = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1)]
