"""What all dashboards have in common, added in one place: uid, tags, links, refresh, layout, ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafanalib import core
from grafanalib._gen import DashboardEncoder

from dashboards import tenant
from dashboards.facts import Facts
from dashboards.fields import Json
from dashboards.ids import PANEL_IDS
from dashboards.normalise import normalise
from dashboards.panels import PROMETHEUS, Panel
from dashboards.variables import datasource
from exporter.contract import DASHBOARD_UIDS

TAG = "winburn"
REFRESH = "5s"
TIMEZONE = "browser"
"""The reader's own clock: it is the one on the page, in the chat and on the wall."""
SHARED_CROSSHAIR = 1
WIDTH = 24


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, each with its width; together they fill the 24 columns.

    A phone stacks all panels in this order at full width and keeps the height.
    """

    height: int
    panels: tuple[tuple[int, Panel], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """What is particular to one dashboard; ``key`` is its name in DASHBOARD_UIDS and PANEL_IDS.

    A dashboard of the spec has a ``uid`` of its own, and ``ids`` of panels that PANEL_IDS does not know.
    """

    key: str
    title: str
    description: str
    since: str
    variables: Sequence[core.Template]
    rows: Sequence[Row]
    annotations: Sequence[Json] = ()
    uid: str | None = None
    ids: Mapping[str, int] = field(default_factory=dict)


def annotation(name: str, color: str, expr: str, title: str, text: str, step: str = "60s") -> Json:
    """Marks on every graph while ``expr`` has series, ``step`` apart at least.

    ``title`` and ``text`` may use their labels.
    """
    return {
        "datasource": PROMETHEUS,
        "enable": True,
        "expr": expr,
        "hide": False,
        "iconColor": color,
        "name": name,
        "step": step,
        "tagKeys": "",
        "textFormat": text,
        "titleFormat": title,
        "useValueForTime": False,
    }


def render(definition: Definition, facts: Facts) -> str:
    """The dashboard's JSON text; the same bytes for the same arguments."""
    tenants = [tenant.variable()] if facts.tenanted else []
    dashboard = core.Dashboard(
        title=definition.title,
        uid=definition.uid or DASHBOARD_UIDS[definition.key],
        description=definition.description,
        tags=[TAG],
        links=[_other_dashboards()],
        refresh=REFRESH,
        timezone=TIMEZONE,
        graphTooltip=SHARED_CROSSHAIR,
        time=core.Time(definition.since, "now"),
        annotations=core.Annotations(list(definition.annotations)),
        templating=core.Templating([datasource(), *tenants, *definition.variables]),
        panels=place(definition.key, definition.rows, facts, definition.ids),
        version=1,
    )
    plain: Json = json.loads(json.dumps(dashboard.to_json_data(), cls=DashboardEncoder))
    plain = tenant.tenanted(plain) if facts.tenanted else plain
    return json.dumps(normalise(plain), sort_keys=True, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def place(key: str, rows: Sequence[Row], facts: Facts, ids: Mapping[str, int] | None = None) -> list[Panel]:
    """Give every panel its id, its place and the finest step of its graphs; ValueError where a row is not 24 wide."""
    placed, top = [], 0
    known = PANEL_IDS[key] | dict(ids or {})
    for row in rows:
        left = 0
        for width, panel in row.panels:
            panel.id = known[panel.key]
            panel.gridPos = core.GridPos(h=row.height, w=width, x=left, y=top)
            panel.interval = None if all(target.instant for target in panel.targets) else facts.interval
            placed.append(panel)
            left += width
        if left != WIDTH:
            raise ValueError(f"{key}: the row of {row.panels[0][1].key} is {left} wide, not {WIDTH}")
        top += row.height
    return placed


def _other_dashboards() -> core.DashboardLink:
    return core.DashboardLink(
        title="winburn", type="dashboards", tags=[TAG], asDropdown=True, includeVars=True, keepTime=True
    )
