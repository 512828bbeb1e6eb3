"""Experiments beside each other: traffic against plan, best and worst, totals over all."""

from __future__ import annotations

from dashboards import experiment_queries as xq
from dashboards import queries as q
from dashboards.experiment_tables import detail_link
from dashboards.fields import CELLS, GREY, absent, column, field, gauge_column, number_column
from dashboards.panels import Stat, Table, columns, now, sort
from dashboards.tiles import count
from dashboards.words import SIGN, count_of

_BLUE = ((None, "blue"),)


def totals() -> tuple[Stat, ...]:
    """Of everything there is, chosen or not, but the first and the last."""
    return (
        count(
            "running",
            "Running",
            "Chosen experiments that are running.",
            f"sum({xq.running()})",
            count_of("green"),
        ),
        Stat(
            "by-status",
            "All experiments by status",
            "Every experiment there is, chosen or not.",
            [now("Status", q.per("status", "experiments"), "{{status}}")],
            field=field(steps=count_of("blue"), mappings=[absent()], decimals=0),
            textMode="value_and_name",
        ),
        Stat(
            "win-mean",
            "Mean best win ratio",
            "Of all running experiments: the win ratio of each one's best variant other than control, weighted by "
            "participants. About one half and less: nothing that runs is a clear winner.",
            [now("Win", "max(experiments_win_ratio_mean)")],
            field=field("percentunit", steps=_BLUE, mappings=[absent()], decimals=1),
        ),
        _money(
            "cost-impact",
            "Cost impact of all",
            "Of all running experiments: money spent on variants less what control would have cost for the same "
            "participants. Above 0 the variants are dearer.",
            q.per("currency", "experiments_cost_impact"),
        ),
        _money(
            "waiting-loss",
            "Loss of one more day",
            "Of the chosen experiments together: the expected loss of one more day at the present split, instead of "
            "the best variant for all. Needs the spec's value.",
            xq.waiting_loss(),
        ),
    )


def _money(key: str, title: str, text: str, expr: str) -> Stat:
    """Amounts with their currency; with none, in words, that nothing is known."""
    return Stat(
        key,
        title,
        text,
        [now("Money", expr, "{{currency}}")],
        field=field("short", steps=_BLUE, mappings=[absent("not in the spec, or no data")]),
        textMode="value_and_name",
    )


def side_by_side() -> Table:
    """One row per chosen experiment."""
    names = {
        "experiment": "Experiment",
        "best": "Best",
        "Value #Best": "Win ratio of best",
        "worst": "Worst",
        "Value #Worst": "Win ratio of worst",
        "Value #Evidence": "log10 e",
        "Value #Participants": "Participants",
        "Value #Worth": "Worth per day",
        "worth_in": "Worth in",
        "Value #Cost": "Spent",
        "Value #Impact": "Cost impact",
        "cost_in": "Spent in",
        "Value #Waiting": "Loss of a day",
    }
    return Table(
        "side-by-side",
        "Side by side",
        "The chosen experiments beside each other, by their primary metrics. Best and worst: the variants (control "
        "included) with the highest and lowest win ratio. log10 e: the decimal logarithm of its strongest evidence. "
        "Worth per day: of the variant with the most. Spent: on all variants. Cost impact: what they cost beyond "
        "control. Loss of a day: of waiting at the present split.",
        [
            now("Info", q.experiment_table(), table=True),
            now("Best", xq.extreme("best"), table=True),
            now("Worst", xq.extreme("worst", low=True), table=True),
            now("Evidence", xq.strongest(), table=True),
            now("Participants", f"sum by (experiment) ({q.variant('experiment_variant_participants')})", table=True),
            now("Worth", xq.money("experiment_variant_value_per_day", "worth_in", total=False), table=True),
            now("Cost", xq.money("experiment_variant_cost", "cost_in", total=True), table=True),
            now(
                "Impact",
                f"sum by (experiment) ({xq.money('experiment_variant_cost_impact', 'cost_in', total=True)})",
                table=True,
            ),
            now("Waiting", q.experiment("experiment_waiting_loss_per_day"), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Experiment", links=[detail_link()]),
            column("Best", 110),
            gauge_column("Win ratio of best", 140, _BLUE),
            column("Worst", 110),
            gauge_column("Win ratio of worst", 140, ((None, GREY),)),
            number_column("log10 e", 75, "none", decimals=1),
            number_column("Participants", 100, "short"),
            number_column("Worth per day", 110, "short", SIGN),
            column("Worth in", 90),
            number_column("Spent", 85, "short"),
            number_column("Cost impact", 95, "short"),
            column("Spent in", 90),
            number_column("Loss of a day", 110, "short"),
        ],
        transformations=[*columns("experiment", names), sort("Win ratio of best", descending=True)],
    )


def traffic(*, detail: bool = False) -> Table:
    """Shares of each variant; in ``detail`` of one experiment."""
    names = {
        **({} if detail else {"experiment": "Experiment"}),
        "variant": "Variant",
        "Value #Seen": "Seen",
        "Value #Planned": "Planned",
        "Value #Off": "Off by",
        "Value #Recommended": "Recommended",
    }
    return Table(
        "traffic",
        "Traffic against plan",
        "Share of the participants that each variant got, beside the share that was planned. Small differences are "
        "chance; whether this one is, says the split above. Recommended: what Thompson sampling would give, for "
        "bandits.",
        [
            now("Planned", q.traffic_table(), table=True),
            now("Seen", q.traffic(), table=True),
            now("Off", q.traffic_off(), table=True),
            now("Recommended", xq.of_arm("experiment_variant_traffic_recommended_ratio"), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            *([] if detail else [column("Experiment")]),
            column("Variant", None if detail else 110),
            gauge_column("Seen", 120, _BLUE),
            gauge_column("Planned", 120, ((None, GREY),)),
            number_column("Off by", 75, "percentunit", decimals=2),
            number_column("Recommended", 110, "percentunit", decimals=1),
        ],
        transformations=[*columns("arm", names), sort("Variant"), *([] if detail else [sort("Experiment")])],
    )
