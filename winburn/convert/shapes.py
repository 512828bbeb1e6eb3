"""Which tool a document is for: by apiVersion, version and kind, else by the keys it has."""

from __future__ import annotations

from winburn.convert.fields import Fields
from winburn.convert.notes import ConvertError, shown

FORMATS = ("sloth", "pyrra", "openslo", "slo-generator")
"""What ``--from`` may name."""


def shape_of(fields: Fields, form: str | None) -> str:
    """sloth-file, sloth-resource, sloth-short, pyrra, openslo, slo-generator or slo-generator-config."""
    api, kind = fields.text("apiVersion") or "", fields.text("kind") or ""
    if form is not None:
        return _forced(fields, form, kind)
    group = api.partition("/")[0]
    if group == "sloth.slok.dev":
        return "sloth-resource"
    if group == "pyrra.dev":
        return "pyrra"
    if api == "openslo/v1":
        return "openslo"
    if api == "sre.google.com/v2":
        return "slo-generator"
    if group in {"openslo", "openslo.com", "sre.google.com"}:
        raise ConvertError(
            fields.line_of("apiVersion"),
            f"the version {shown(api)} is not known; migrate it to openslo/v1 or sre.google.com/v2, or try --from",
        )
    return _by_keys(fields, api, kind)


def _by_keys(fields: Fields, api: str, kind: str) -> str:
    keys = fields.node.items.keys()
    if (fields.text("version") or "").startswith("prometheus/") if not api and "version" in keys else False:
        return "sloth-file"
    if not api and {"errorQuery", "totalQuery"} & keys and "objective" in keys:
        return "sloth-short"
    if not api and {"error_budget_policies", "backends"} & keys:
        return "slo-generator-config"
    if {"slo_name", "slo_target"} & keys:
        raise ConvertError(fields.line, "slo-generator's version 1: run slo-generator migrate, then convert that")
    what = " ".join(part for part in (api, kind) if part) or f"keys {', '.join(list(keys)[:5])}"
    raise ConvertError(
        fields.line, f"no SLO of Sloth, Pyrra, OpenSLO or slo-generator ({what}); not carried, try --from"
    )


def _forced(fields: Fields, form: str, kind: str) -> str:
    keys = fields.node.items.keys()
    if form == "sloth":
        if "spec" in keys:
            return "sloth-resource"
        return "sloth-file" if "slos" in keys else "sloth-short"
    if form == "slo-generator" and not kind and {"error_budget_policies", "backends"} & keys:
        return "slo-generator-config"
    return form
