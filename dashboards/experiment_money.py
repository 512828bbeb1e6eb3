"""Costs and worth of an experiment."""

from __future__ import annotations

from dashboards import experiment_queries as xq
from dashboards import queries as q
from dashboards.experiment_graphs import band
from dashboards.fields import CELLS, Json, column, field, number_column
from dashboards.panels import Panel, Table, TimeSeries, columns, line, now, over_time, sort
from dashboards.words import SIGN


def cost_by_category() -> TimeSeries:
    """What the variants cost, stacked by category."""
    stacked: Json = {"stacking": {"group": "A", "mode": "normal"}, "fillOpacity": 30}
    return TimeSeries(
        "cost-by-category",
        "Cost by category",
        "Money spent on all variants so far, by category. Nothing where the spec gives no cost.",
        [over_time("Cost", xq.spent("category"), "{{category}} ({{currency}})")],
        field=field("short", color="palette-classic", span=(0, None), custom={**line(), **stacked}),
    )


def cost_by_variant() -> TimeSeries:
    """What each variant costs, and the limit."""
    return TimeSeries(
        "cost-by-variant",
        "Cost by variant, and limit",
        "Money spent on each variant so far, and the spec's limit for all together.",
        [
            over_time("Cost", xq.spent("variant"), "{{variant}} ({{currency}})"),
            over_time("Total", xq.spent(), "all ({{currency}})"),
            over_time("Limit", xq.cost_limit(), "limit ({{currency}})"),
        ],
        field=field("short", color="palette-classic", span=(0, None), custom=line()),
    )


def worth_band() -> Panel:
    """Worth per day of each chosen variant, with its interval."""
    family = "experiment_variant_value_per_day"
    return band(
        "worth-band",
        "Worth per day of $variant",
        "What giving the variant to all units would earn per day against control, before costs, with the interval "
        "that holds at all times together; the unit is in the table below. Nothing where the spec gives no value.",
        "short",
        (xq.money_band(f"{family}_lower"), xq.money_band(family), xq.money_band(f"{family}_upper")),
        "worth",
    )


def money() -> Table:
    """Cost, worth and return of each variant."""
    names = {
        "variant": "Variant",
        "Value #Spent": "Spent",
        "Value #Impact": "Cost impact",
        "Value #Worth": "Worth per day",
        "Value #WorthLower": "Worth from",
        "Value #WorthUpper": "Worth to",
        "currency": "Unit",
        "Value #Roi": "ROI",
        "Value #RoiLower": "ROI from",
        "Value #RoiUpper": "ROI to",
    }
    worth, roi = "experiment_variant_value_per_day", "experiment_variant_roi"
    return Table(
        "money",
        "Cost, worth and return",
        "One row per variant. Cost impact: spent beyond what control would have cost for the same participants. Worth "
        "per day: of giving the variant to all, with its interval. ROI: worth over the spec's horizon less cost, over "
        "cost; empty without costs. Ends that are empty: unbounded.",
        [
            now("Plan", q.traffic_table(), table=True),
            now("Spent", xq.arm_money("experiment_variant_cost"), table=True),
            now("Impact", xq.arm_money("experiment_variant_cost_impact"), table=True),
            now("Worth", xq.of_arm(worth), table=True),
            now("WorthLower", xq.of_arm(f"{worth}_lower"), table=True),
            now("WorthUpper", xq.of_arm(f"{worth}_upper"), table=True),
            now("Unit", xq.currency(), table=True),
            now("Roi", xq.of_arm(f"{roi}_ratio"), table=True),
            now("RoiLower", xq.of_arm(f"{roi}_lower_ratio"), table=True),
            now("RoiUpper", xq.of_arm(f"{roi}_upper_ratio"), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Variant"),
            number_column("Spent", 110, "short"),
            number_column("Cost impact", 110, "short"),
            number_column("Worth per day", 120, "short", SIGN),
            number_column("Worth from", 110, "short", SIGN),
            number_column("Worth to", 110, "short", SIGN),
            column("Unit", 80),
            number_column("ROI", 90, "percentunit", SIGN, 0),
            number_column("ROI from", 90, "percentunit", SIGN, 0),
            number_column("ROI to", 90, "percentunit", SIGN, 0),
        ],
        transformations=[*columns("arm", names), sort("Variant")],
    )
