"""Dashboards of the spec: sections of the SLO overview in its order, narrowed, and panels from its PromQL."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from dashboards.common import Definition, Row
from dashboards.facts import Facts
from dashboards.fields import absent, field
from dashboards.firing import marks
from dashboards.panels import BarGauge, Panel, Stat, TimeSeries, line, now, over_time
from dashboards.slo_overview import sections
from dashboards.variables import slo_variables
from exporter.spec.dashboard_models import DashboardPanel, OwnDashboard

UID_PREFIX = "winburn-own-"
HEIGHT = 8
_FIRST_ID = 1000


def build(own: OwnDashboard, facts: Facts) -> Definition:
    """The dashboard; ids of its own panels come from their titles, so links survive a new order."""
    known = sections(facts)
    panels = [_panel(each) for each in own.panels]
    narrowed = [f"{name} {value}" for name, value in (("team", own.team), ("category", own.category)) if value]
    return Definition(
        key="slo-overview",
        title=own.title,
        description=f"From the spec: {own.name}{', only ' if narrowed else ''}{' and '.join(narrowed)}.",
        since="now-6h",
        variables=slo_variables(category=own.category, team=own.team),
        rows=(*(known[name] for name in own.sections), *_pairs(panels)),
        annotations=marks(),
        uid=UID_PREFIX + own.name,
        ids={panel.key: panel_id(panel.title) for panel in panels},
    )


def panel_id(title: str) -> int:
    """A number from 1000 on that depends on the title only."""
    return _FIRST_ID + crc32(title.encode()) % 2**30


def _pairs(panels: Sequence[Panel]) -> list[Row]:
    two = [tuple(panels[i : i + 2]) for i in range(0, len(panels), 2)]
    return [Row(HEIGHT, tuple((24 // len(each), panel) for panel in each)) for each in two]


def _panel(own: DashboardPanel) -> Panel:
    text, key = f"From the spec: {own.expr}", f"own: {own.title}"  # no key of ours has a space
    if own.kind == "graph":
        graph = field(own.unit, color="palette-classic", custom=line())
        return TimeSeries(key, own.title, text, [over_time("Value", own.expr)], field=graph)
    kind = Stat if own.kind == "number" else BarGauge
    shown = field(own.unit, steps=((None, "blue"),), mappings=[absent()])
    return kind(key, own.title, text, [now("Value", own.expr)], field=shown)
