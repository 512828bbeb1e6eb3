"""One row per SLO and group, worst first: the columns that the overview and the detail share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import queries as q
from dashboards.facts import Facts
from dashboards.fields import (
    CELLS,
    TREND_COLUMN,
    Json,
    Steps,
    absent,
    column,
    field,
    gauge_column,
    number_column,
    sparkline_column,
    thresholds,
    word_column,
)
from dashboards.panels import Table, columns, now, over_time, sort
from dashboards.words import BUDGET, SLO_STATUS
from exporter.windows import TIERS, factor


@dataclass(frozen=True, slots=True)
class Column:
    """A query by the label ``name``, and how its column looks and is called."""

    ref: str
    expr: str
    look: Json

    @property
    def title(self) -> str:
        """The column's name."""
        title: str = self.look["matcher"]["options"]
        return title


def shared_columns(facts: Facts) -> tuple[Column, ...]:
    """Status, budget, burn, when it is gone, errors."""
    fast = float(factor(TIERS[0], facts.period))
    # At short periods they meet, and Grafana wants each step once.
    limits: dict[float, str] = {1: "orange", fast: "red"}
    burn: Steps = ((None, "green"), *sorted(limits.items()))
    soon: Steps = ((None, "red"), (86400, "orange"))
    return (
        Column("Status", q.slo_table(), word_column("Status", 100, SLO_STATUS)),
        Column("Budget", q.slo("slo_error_budget_remaining_ratio"), gauge_column("Budget left", 150, BUDGET)),
        Column("Left", q.slo("slo_error_budget_remaining_seconds"), number_column("Outage left", 105, "s")),
        Column("Burn", q.slo("slo_burn_rate", window="1h"), number_column("Burn (1h)", 90, "none", burn, 2)),
        Column("Gone", q.gone_in(), _when_gone(soon)),
        Column(
            "Errors",
            q.slo("slo_error_ratio", window="1h"),
            number_column("Errors (1h)", 100, "percentunit", decimals=3),
        ),
    )


def _when_gone(soon: Steps) -> Json:
    """A budget that nothing says will end has no time; that is no lack of data."""
    return column(
        "Gone in",
        110,
        unit="s",
        thresholds=thresholds(soon),
        mappings=[absent("–")],
        custom__cellOptions={"type": "color-text"},
    )


def slo_rows(
    key: str,
    title: str,
    text: str,
    shown: Sequence[Column],
    *,
    slo_links: Sequence[Json] = (),
    group_links: Sequence[Json] = (),
    trend: bool = False,
) -> Table:
    """The table; ``trend`` adds the burn rate as a small graph."""
    names = {"slo": "SLO", "slo_group": "Group"} | {f"Value #{each.ref}": each.title for each in shown}
    graph = "Burn over time"
    return Table(
        key,
        title,
        text,
        [
            *(now(each.ref, each.expr, table=True) for each in shown),
            now("Order", q.for_order(), table=True),
            # A small graph for each of a thousand SLOs: it has no room for more points.
            *([over_time("Trend", q.slo("slo_burn_rate", window="1h"), interval="5m")] if trend else ()),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("SLO", links=list(slo_links) or None),
            column("Group", 120, links=list(group_links) or None),
            *(each.look for each in shown),
            *([sparkline_column(graph)] if trend else ()),
        ],
        transformations=[
            *columns(
                "name",
                names | ({TREND_COLUMN: graph} if trend else {}),
                trend="Trend" if trend else None,
                first=[sort("Value #Order")],
            ),
            sort("Status", descending=True),
        ],
    )
