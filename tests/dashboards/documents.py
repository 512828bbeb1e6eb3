"""Helpers of the dashboard tests: the generated dashboards as values, and the ways through them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from dashboards import generate
from exporter.spec import Spec

Json = dict[str, Any]


@cache
def texts() -> dict[str, str]:
    """All files of an empty spec."""
    return generate(Spec())


def dashboards() -> dict[str, Json]:
    """uid -> a fresh copy of the dashboard, which a test may spoil."""
    loaded = [json.loads(text) for name, text in texts().items() if name.endswith(".json")]
    return {dashboard["uid"]: dashboard for dashboard in loaded}


def panel(dashboard: Json, title: str) -> Json:
    """The panel with this title."""
    return next(panel for panel in dashboard["panels"] if panel["title"] == title)


def targets(dashboard: Json) -> Iterator[tuple[Json, Json]]:
    """Every panel with each of its queries for Prometheus."""
    yield from (found for found in queries(dashboard) if "expr" in found[1])


def queries(dashboard: Json) -> Iterator[tuple[Json, Json]]:
    """Every panel with each of its queries, those for Grafana Live among them."""
    for each in dashboard["panels"]:
        for target in each.get("targets", []):
            yield each, target


def columns(shown: Json) -> set[str]:
    """Names that a table's fields can have after its transformations; empty for panels that rename nothing."""
    organised = [step["options"] for step in shown.get("transformations", []) if step["id"] == "organize"]
    return {name for options in organised for name in options["renameByName"].values()}
