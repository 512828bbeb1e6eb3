"""The tenant in dashboards: one choice above all others, and every query and link is of it.

The dashboards of two tenants' specs are the same, so that they may share a Grafana: who looks chooses.
"""

from __future__ import annotations

from typing import Any

from grafanalib import core

from dashboards.fields import Json
from dashboards.variables import choice
from exporter.contract import TENANT, is_of_tenant, select
from exporter.matchers import with_matcher

_CHOSEN = f'{TENANT}="${TENANT}"'
_DATASOURCE = "${datasource:queryparam}"
_SILENCE = "/#/silences/new?filter=%7B"


def variable() -> core.Template:
    """One tenant: what is called alike in two must not be added up."""
    return choice(TENANT, "Tenant", select("winburn_build_info"), TENANT, all_at_first=False, multi=False)


def tenanted(dashboard: Json) -> Json:
    """The dashboard with every query, of panels, annotations and other variables, and every link of the chosen
    tenant."""
    made: Json = _of_tenant(dashboard)
    return made


def _of_tenant(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        own = value.get("name") == TENANT and value.get("type") == "query"
        return value if own else {name: _of_tenant(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_of_tenant(item) for item in value]
    return _text(value, key) if isinstance(value, str) else value


def _text(text: str, key: str) -> str:
    if key in ("expr", "query"):
        return with_matcher(text, is_of_tenant, _CHOSEN)
    if key == "url":
        silence = f"{_SILENCE}{TENANT}%3D%22${{{TENANT}}}%22%2C"
        return text.replace(_SILENCE, silence).replace(_DATASOURCE, f"{_DATASOURCE}&${{{TENANT}:queryparam}}")
    return text
