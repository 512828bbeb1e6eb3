"""The spec's shape: dashboards of one's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exporter.spec.base import Model
from exporter.spec.types import LabelValue, Name, Text

Section = Literal["counts", "slos", "alerts", "burn", "budget", "experiments", "trust"]
"""Parts of the SLO overview: tiles, the table, firing alerts, status and burn rates, budget and events over time, the
services' experiments, coverage and corrections."""
Unit = Literal["none", "short", "percentunit", "s", "ms", "bytes", "reqps", "cps", "currencyEUR", "currencyUSD"]
"""Units by Grafana's names; percentunit is a ratio 0..1 shown in percent."""


class DashboardPanel(Model):
    """A panel from one PromQL expression."""

    title: Text
    """What stands above it."""
    expr: Text
    """PromQL. $slo, $slo_group and $service are what the reader has chosen: slo=~"$slo"."""
    unit: Unit = "short"
    """Unit of the values."""
    kind: Literal["graph", "number", "bars"] = "graph"
    """A graph over time, one number for now, or a bar for each series now."""


class OwnDashboard(Model):
    """A page of one's own: sections of the SLO overview, in one's own order, and panels."""

    name: Annotated[Name, Field(max_length=28)]
    """Its uid is winburn-own-NAME, for ever."""
    title: Text
    """Its title."""
    sections: tuple[Section, ...] = ("counts", "slos", "alerts", "burn", "budget")
    """Which sections, in which order."""
    team: LabelValue | None = None
    """Only SLOs whose label team is this."""
    category: Literal["performance", "availability", "quality", "cost", "security"] | None = None
    """Only SLOs of this category."""
    panels: tuple[DashboardPanel, ...] = ()
    """Panels below the sections, two beside each other."""
