"""Names, labels and objectives as the spec takes them, with a word on each that had to change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal

from exporter.spec.types import RESERVED_LABELS
from winburn.convert.notes import ConvertError, one_line, shown

_LONGEST_VALUE = 200


def is_reserved(label: str) -> bool:
    """Whether the exporter, Prometheus or the alerts own a label's name."""
    return label in RESERVED_LABELS or label.startswith(("slo", "experiment"))


def slug(text: str) -> str:
    """A name of letters, digits, ``_``, ``.`` and ``-``; ``slo`` where nothing is left."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.")[:100].rstrip("-_.") or "slo"


def label_name(text: str) -> str:
    """A label's name that the spec takes."""
    name = re.sub(r"[^a-zA-Z0-9_]", "_", text)[:90] or "label"
    name = name if re.match("[a-zA-Z]", name) else f"my_{name}"
    return f"my_{name}" if is_reserved(name) else name


def clean_labels(labels: Mapping[str, str], taken: Iterable[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Labels as the spec takes them, sorted; a warning for each that was renamed or left out. ``taken``: names that
    stand for groups already."""
    result: dict[str, str] = {}
    warnings = []
    for name, value in sorted(labels.items()):
        text = one_line(value)
        if not text or len(text) > _LONGEST_VALUE or "{{" in text:
            why = "is empty" if not text else "holds a template" if "{{" in text else "is longer than 200 characters"
            warnings.append(f"the label {name} was left out: its value {why}; write one under labels")
            continue
        new = label_name(name)
        while new in result or new in taken:
            new = f"my_{new}"
        if new != name:
            why = "the name is reserved" if is_reserved(name) else "no label can have that name, or it is taken"
            warnings.append(f"the label {shown(name)} became {new}: {why}; routes that match it must follow")
        result[new] = text
    return dict(sorted(result.items())), warnings


def clean_groups(labels: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Labels to keep apart by, as the spec takes them, and what is to be said about it."""
    wanted = tuple(dict.fromkeys(labels))
    kept = tuple(label for label in wanted if not is_reserved(label) and label_name(label) == label)
    dropped = [label for label in wanted if label not in kept]
    warnings = []
    if kept:
        warnings.append(
            f"the grouping by {', '.join(kept)} becomes group_by: a budget and alerts for each value, at most "
            "limits.groups of them (50)"
        )
    if dropped:
        names = ", ".join(dropped)
        warnings.append(f"the grouping by {names} was left out: a reserved name; events are added up over it")
    return kept, warnings


def percent(value: Decimal, line: int, what: str) -> tuple[Decimal, list[str]]:
    """An objective in percent; ConvertError where no budget would be left, a warning where a share seems meant."""
    if not 0 < value < 100:
        raise ConvertError(
            line,
            f"{what} {_plain(value)} {'leaves no error budget' if value >= 100 else 'asks for nothing'}; an objective "
            "lies between 0 and 100 percent, both excluded, like 99.9",
        )
    exact = value.quantize(Decimal("1e-12"), ROUND_DOWN) if value.as_tuple().exponent < -12 else value  # type: ignore[operator]  # finite, so the exponent is a number
    if not exact:
        raise ConvertError(line, f"{what} {value} is too small to tell from 0")
    warnings = []
    if value <= 1:
        warnings.append(f"the objective is {_plain(value)} percent; if a share was meant, write {_plain(value * 100)}")
    return exact, warnings


def share(value: Decimal, line: int, what: str) -> tuple[Decimal, list[str]]:
    """An objective in percent from a share of 1; one above 1 is taken for a percentage, with a warning."""
    if 1 < value < 100:
        return value, [f"{what} {_plain(value)} is above 1, so it was taken as percent; check it"]
    return percent(value * 100, line, what)[0], []


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
