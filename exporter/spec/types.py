"""Scalar types of the spec: what the YAML writes, what the rest of the program gets, and the sentence for a mistake."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from exporter.promql import parse_duration
from exporter.spec.tree import shown
from exporter.spec.zones import known_zone

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


def _period(value: Any) -> Any:
    try:
        return _duration(value)
    except ValueError as error:
        if (isinstance(value, int | float) and not isinstance(value, bool)) or "longer than" in str(error):
            raise
        what = f"{shown(value)} is no period" if isinstance(value, str) else f"{found(value)} where a period belongs"
        raise ValueError(f"{what}; write a rolling one like 30d, or {{calendar: month}}") from None


def _moment(value: Any) -> datetime:
    """Only what is written out: pydantic would take the number 2026 for half an hour past midnight in 1970."""
    example = "write one like 2026-11-01T22:00:00Z or 2026-11-01T23:00:00+01:00"
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{found(value)} where a date and time belongs; {example}")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is no date and time; {example}") from None
    if re.fullmatch(r"[0-9W-]+", value):
        raise ValueError(f"{shown(value)} has no time of day; {example}")
    if moment.tzinfo is None:
        raise ValueError(f"{shown(value)} has no time zone; add Z for UTC, or an offset like +01:00")
    return moment


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        try:
            seconds = parse_duration(value)
        except ValueError:
            return _number(value)
        raise ValueError(f"{shown(value)} has a unit; write the number alone, in the histogram's unit: {seconds:g}")
    return _number(value)


def _factor(value: Any) -> Any:
    return Decimal(str(_number(value))) if not isinstance(value, Decimal) else value


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


def _currency(value: str) -> str:
    if not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(f"{shown(value)} is not a currency; write its three letters, like EUR")
    return value


def _label_name(value: str) -> str:
    if not re.fullmatch(LABEL_PATTERN, value):
        raise ValueError(
            f"{shown(value)} is not a label name; begin with a letter and go on with letters, digits or '_'"
        )
    if value in RESERVED_LABELS or value.startswith(("slo", "experiment")):
        raise ValueError(f"the label {shown(value)} is reserved; choose another name, for instance 'my_{value}'")
    return value


def header_name(value: str) -> str:
    """The name of an HTTP header (RFC 9110, section 5.1), checked."""
    if not re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", value, re.ASCII):
        raise ValueError(f"{shown(value)} is not the name of a header; write one like Authorization")
    return value


def header_value(value: str) -> str:
    """The value of an HTTP header (RFC 9110, section 5.5), checked; it is not quoted, as it may be a secret."""
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError("a header's value must be printable ASCII on one line, without a space at either end")
    return value


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s", "5m", "30d"]}),
]
"""Seconds, more than 0; written as a Prometheus duration with a unit."""

Rolling = Annotated[
    float,
    BeforeValidator(_period),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30d", "7d"]}),
]
"""Seconds of a rolling period; written like a Duration."""

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
Weight = Annotated[float, BeforeValidator(_number), Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Currency = Annotated[str, AfterValidator(_currency), WithJsonSchema({"type": "string", "examples": ["EUR"]})]
Threshold = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]
Factor = Annotated[
    Decimal,
    BeforeValidator(_factor),
    Field(gt=0),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "examples": [14.4]}),
]
"""Burn rate, exactly as written."""

Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-01T22:00:00Z"]}),
]
"""A date and time with its zone."""

Zone = Annotated[str, AfterValidator(known_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]
"""IANA name of a time zone."""

Count = Annotated[int, BeforeValidator(_whole)]
Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$"})]
LabelName = Annotated[
    str, AfterValidator(_label_name), WithJsonSchema({"type": "string", "pattern": f"^{LABEL_PATTERN}$"})
]
LabelValue = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""Of more than blanks."""
