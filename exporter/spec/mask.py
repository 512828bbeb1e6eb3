"""The effective spec as YAML, without its secrets: what ``/config`` shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import yaml
from pydantic import BaseModel

from exporter.promql import format_duration
from exporter.spec.apply_models import ApplyWebhook
from exporter.spec.base import key_of
from exporter.spec.models import DURATIONS, Spec
from exporter.spec.slo_models import Correction, Slo, SloAlerting
from exporter.spec.tiers import tiers_in_force

SECRET = "<secret>"  # noqa: S105 - what stands in a secret's place

_HARMLESS_HEADERS = frozenset({"x-scope-orgid"})
_HARMLESS_PARAMETERS = frozenset(
    {"application_name", "charset", "connect_timeout", "mode", "sslmode", "timeout", "uri"}
    | {"dedup", "latency_offset", "max_source_resolution", "nocache", "partial_response", "engine", "step"}
)
_HARMLESS = {"headers": _HARMLESS_HEADERS, "params": _HARMLESS_PARAMETERS}
_SECRET_HEADER = re.compile(r"auth|token|secret|password|cookie|api[-_]?key", re.IGNORECASE)


def masked(spec: Spec) -> str:
    """The whole spec with its defaults filled in, as YAML that a spec could be read from again.

    Masked are the user and password of every URL and what parameters may carry, the values of headers and of ``params``
    that are not known to be harmless, and of a webhook everything behind the host.
    """
    return yaml.dump(_plain(spec), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def masked_url(url: str) -> str:
    """A URL without user, password and the values of parameters that are not known to be harmless.

    Everything up to the last ``@`` goes: a password may hold any character, and to hide too much is no harm.
    """
    scheme, between, rest = url.partition("://")
    if not between:
        return SECRET
    if not rest.startswith("/"):
        _, at, host = rest.rpartition("@")
        rest = f"{SECRET}@{host}" if at else rest
    address, question, parameters = rest.partition("?")
    return f"{scheme}://{address}{question}{'&'.join(map(_parameter, parameters.split('&')))}"


def masked_webhook(url: str) -> str:
    """Scheme and host of a webhook; the rest is often its token."""
    match = re.match(r"(https?://)(?:.*@)?([^/?#@]*)", url)
    return f"{match[1]}{match[2]}/{SECRET}" if match else SECRET


def has_password(url: str | None) -> bool:
    """Whether a URL carries ``user:password@``."""
    return url is not None and re.match(r"[^/:]+://[^/@]*:[^@]+@", url) is not None


def is_secret_header(name: str) -> bool:
    """Whether the value of a header is a secret by its name."""
    return _SECRET_HEADER.search(name) is not None


def is_secret_parameter(name: str) -> bool:
    """Whether the value of a query parameter may be a secret: of all that are not known to be harmless."""
    return name.lower() not in _HARMLESS_PARAMETERS


def _parameter(text: str) -> str:
    name, equals, value = text.partition("=")
    return f"{name}{equals}{SECRET if value and is_secret_parameter(name) else value}"


def _plain(model: BaseModel) -> dict[str, Any]:
    """Keys to what the YAML would say; keys whose value is the absence that is their default anyway are left out."""
    result = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is not None or field.default is not None:
            # The address of a webhook is often its token.
            kind = "webhook" if isinstance(model, ApplyWebhook) and name == "url" else name
            result[key_of(type(model), name)] = _value(kind, value)
    return {key: value for key, value in result.items() if key not in _idle(model)}


def _idle(model: BaseModel) -> frozenset[str]:
    """Keys whose defaults are not in force, and which a spec may not give beside those that are."""
    if isinstance(model, SloAlerting) and model.tiers is not None:
        return frozenset({"page", "ticket"})
    return frozenset({"timezone"} if isinstance(model, Correction) and model.rrule is None else ())


def _in_force(slo: Slo) -> Slo:
    """With the tiers that are in force only: a tier that the defaults list may be too long for the period."""
    if slo.alerting.tiers is not None:
        return slo
    tiers: dict[str, tuple[str, ...]] = {
        key: tuple(tier.name for tier, severity in tiers_in_force(slo) if severity == key) for key in ("page", "ticket")
    }
    return slo.model_copy(update={"alerting": slo.alerting.model_copy(update=tiers)})


def _value(name: str, value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _plain(_in_force(value) if isinstance(value, Slo) else value)
    if name in DURATIONS and isinstance(value, float):
        return format_duration(value) if value else "0s"
    if name == "alertmanager" and isinstance(value, tuple):
        return [masked_url(url) for url in value]
    if name in _HARMLESS:
        return {key: text if key.lower() in _HARMLESS[name] else SECRET for key, text in value.items()}
    if isinstance(value, str):
        return {"webhook": masked_webhook, "url": masked_url, "path": _path}.get(name, _text)(value)
    return _other(value)


def _other(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _value("", item) for key, item in value.items()}
    return [_value("", item) for item in value] if isinstance(value, tuple) else value


def _path(path: str) -> str:
    """Without the values of parameters that are secrets by their name."""
    head, question, parameters = path.partition("?")
    return f"{head}{question}{'&'.join(map(_secret_parameter, parameters.split('&')))}"


def _secret_parameter(text: str) -> str:
    name, equals, _ = text.partition("=")
    return f"{name}{equals}{SECRET}" if equals and is_secret_header(name) else text


def _text(text: str) -> str:
    """Links too may carry a user and password."""
    return masked_url(text) if has_password(text) else text


_FASTEST: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Dumper: type[yaml.SafeDumper] = type("_Dumper", (_FASTEST,), {"ignore_aliases": lambda _self, _data: True})
"""Numbers as they are written in a spec, and no aliases, which a spec refuses."""


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = format(value, "f")
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


def _quoted_if_odd(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if _ODD.fullmatch(value) else None)


_ODD = re.compile(r"(?i)y|n|yes|no|on|off|[-+]?\.?[0-9][0-9_.eE:+-]*")
"""Texts that PyYAML leaves unquoted and that our reader or another takes for something else."""

_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(str, _quoted_if_odd)
