"""The choice of the tenant, and that every query and link is of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards import generate
from exporter.contract import is_of_tenant
from exporter.spec import Spec
from tests.dashboards.documents import texts
from tests.dashboards.lint import named

FILES = generate(Spec(tenant="acme"))
DASHBOARDS = {name: json.loads(text) for name, text in FILES.items() if name.startswith("dashboards/")}


def strings(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and isinstance(item, str):
                yield item
            else:
                yield from strings(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, keys)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_is_of_the_chosen_tenant(name: str) -> None:
    variables = DASHBOARDS[name]["templating"]["list"]
    assert [variable["name"] for variable in variables][:2] == ["datasource", "tenant"]
    assert variables[1]["query"]["query"] == "label_values(winburn_build_info, tenant)"
    assert (variables[1]["multi"], variables[1]["includeAll"]) == (False, False)
    rest = {**DASHBOARDS[name], "templating": [v for v in variables if v["name"] != "tenant"]}
    queries = [each for each in strings(rest, ("expr", "query", "definition")) if any(map(is_of_tenant, named(each)))]
    assert queries
    for query in queries:
        wanted = sum(query.count(f'{found}{{tenant="$tenant"') for found in named(query))
        assert wanted >= 1, query


@pytest.mark.parametrize("name", DASHBOARDS)
def test_links_take_the_tenant_along(name: str) -> None:
    for url in strings(DASHBOARDS[name], ("url",)):
        if "/d/winburn-" in url:
            assert "${tenant:queryparam}" in url
        if "/silences/new" in url:
            assert "filter=%7Btenant%3D%22${tenant}%22%2C${__data.fields.Silence:percentencode}%7D" in url


def test_two_tenants_share_their_dashboards_and_without_one_nothing_changes() -> None:
    assert generate(Spec(tenant="other")) == FILES
    assert generate(Spec()) == texts()
    assert "tenant" not in "".join(generate(Spec()).values())
