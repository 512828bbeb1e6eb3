"""The spec as YAML that people read and edit: strict YAML 1.2 for our loader, comments where something was lost."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from exporter.promql import format_duration
from winburn.convert.draft import Draft, OwnTier, own_tiers, standard_tiers
from winburn.convert.notes import Note, one_line

_WORD = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_PLAIN = re.compile(r"[A-Za-z_](?:[\x21-\x7e]| (?=\S))*")
_TWO_FACED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_READABLE = re.compile("[\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*")


def spec_text(sources: Mapping[str, str], slos: Sequence[str], heading: Iterable[Note]) -> str:
    """The whole spec: notes of whole documents, sources (name -> address), and the SLOs as :func:`slo_text` gives
    them."""
    lines = [line for note in heading for line in _comment(f"warning: {note}", "")]
    lines += [*([""] if lines else []), "sources:"]
    lines += [f"  {_scalar(name)}: {{type: prometheus, url: {_quoted(url)}}}" for name, url in sorted(sources.items())]
    return "\n".join([*lines, "", "slos:", *_between(slos)]) + "\n"


def slo_text(draft: Draft, name: str, notes: Iterable[Note]) -> str:
    """One item of ``slos``, its remarks and warnings above it."""
    comments = [line for text in draft.remarks for line in _comment(text, "  ")]
    comments += [line for note in notes for line in _comment(f"warning: {note.message}", "  ")]
    body = _block(slo_values(draft, name), "    ")
    body[0] = f"  - {body[0].lstrip()}"
    return "\n".join([*comments, *body])


def slo_values(draft: Draft, name: str) -> dict[str, Any]:
    """The keys of one SLO in the order of DESIGN's example; those at their defaults left out."""
    period = draft.period
    values: dict[str, Any] = {"name": name, "service": draft.service}
    if "latency" in draft.sli:
        values["category"] = "performance"
    values["objective"] = draft.objective
    values["period"] = (
        {"calendar": period[0], "timezone": period[1]} if isinstance(period, tuple) else format_duration(period)
    )
    values["sli"] = {"source": draft.source, **draft.sli}
    if draft.group_by:
        values["group_by"] = list(draft.group_by)
    if draft.no_data != "ticket":
        values["no_data"] = draft.no_data
    if draft.labels:
        values["labels"] = draft.labels
    if draft.runbook:
        values["runbook"] = draft.runbook
    if alerting := _alerting(draft):
        values["alerting"] = alerting
    return values


def _alerting(draft: Draft) -> dict[str, Any]:
    if draft.tiers is None:
        lists, _ = standard_tiers(draft)
        return dict(lists or {})
    tiers, _ = own_tiers(draft)
    return {"tiers": [_tier(tier) for tier in tiers]} if tiers else {"page": [], "ticket": []}


def _tier(tier: OwnTier) -> dict[str, Any]:
    return {
        "name": tier.name,
        "severity": tier.severity,
        "long": format_duration(tier.long),
        "short": format_duration(tier.short),
        "factor": tier.factor,
    }


def _block(values: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in values.items():
        if key == "sli" or (key == "slices" and isinstance(value, dict)):
            lines += [f"{indent}{key}:", *_block(value, indent + "  ")]
        elif key == "tiers":
            lines += [f"{indent}{key}:", *(f"{indent}  - {_flow(item)}" for item in value)]
        elif key == "alerting" and "tiers" in value:
            lines += [f"{indent}{key}:", *_block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {_scalar(value) if isinstance(value, str) else _flow(value)}")
    return lines


def _flow(value: Any) -> str:
    """A value inside braces or brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_word(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return _word(str(value))


def _word(text: str) -> str:
    """A text that may stand in braces; durations and the like need no quotes."""
    bare = _WORD.fullmatch(text) or re.fullmatch(r"(?:[0-9]+(?:ms|[smhdwy]))+", text)
    return text if bare and text.lower() not in _TWO_FACED else _quoted(text)


def _scalar(text: str) -> str:
    """A text that stands alone behind its key."""
    plain = _PLAIN.fullmatch(text) and ": " not in text and " #" not in text and not text.endswith(":")
    return text if plain and text.lower() not in _TWO_FACED else _word(text)


def _quoted(text: str) -> str:
    if '"' not in text and "\\" not in text and _READABLE.fullmatch(text):
        return f'"{text}"'
    if _READABLE.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if _READABLE.fullmatch(character):
        return character
    return f"\\U{ord(character):08X}"


def _comment(text: str, indent: str) -> list[str]:
    lines = textwrap.wrap(one_line(text), 118 - len(indent), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in lines]


def _between(items: Sequence[str]) -> list[str]:
    return [line for i, item in enumerate(items) for line in ([""] if i else []) + [item]]
