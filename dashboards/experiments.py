"""winburn-experiments: may I believe this result now, and what does it say?"""

from __future__ import annotations

from dashboards import manuals
from dashboards import queries as q
from dashboards.common import Definition, Row
from dashboards.facts import Facts
from dashboards.fields import CELLS, GREY, column, field, gauge_column, number_column, word_column
from dashboards.panels import Stat, Table, TimeSeries, columns, line, now, over_time, sort
from dashboards.tiles import count, data_age, how_to_read
from dashboards.variables import experiment_variables
from dashboards.words import ALARM, EXPERIMENT_STATUS, KILLED, SIGN, SPLIT, VERDICT, count_of

LEGEND = "{{experiment}} / {{variant}} ({{metric}})"
MOST = f"At most {q.MOST_LINES} lines are drawn"


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the evidence line and the ages of stale data."""
    return Definition(
        key="experiments",
        title="Experiments",
        description="Whether each experiment is healthy, what it says of its variants, and how sure that is.",
        since="now-24h",
        variables=experiment_variables(),
        rows=(
            Row(4, _tiles(facts)),
            Row(6, ((24, _health()),)),
            Row(8, ((24, _results()),)),
            Row(8, ((12, _traffic()), (12, _win()))),
            Row(8, ((12, _evidence(facts)), (12, _participants()))),
            Row(8, ((24, how_to_read(manuals.EXPERIMENTS)),)),
        ),
    )


def _tiles(facts: Facts) -> tuple[tuple[int, Stat], ...]:
    return (
        (
            5,
            count(
                "split-mismatch",
                "Split mismatch",
                "Experiments whose participants are not split as planned: p below 0.001 and a share off by 0.5 points "
                "or more. Their results cannot be trusted.",
                f"sum({q.split_mismatch()})",
                ALARM,
            ),
        ),
        (
            5,
            count(
                "killed",
                "Killed variants",
                "Variants that the evidence says are worse than control by more than the margin. Take their traffic "
                "away.",
                f"sum({q.variant('experiment_variant_early_kill')})",
                ALARM,
            ),
        ),
        (
            5,
            count(
                "decided",
                "Decided",
                "Variants and metrics with a verdict: better or worse than control, false-discovery rate "
                "under control.",
                f"sum({q.result('experiment_variant_verdict')} != bool 0)",
                count_of("blue"),
            ),
        ),
        (
            5,
            count(
                "running",
                "Running",
                "Chosen experiments that are running.",
                f"sum({q.experiment('experiment_status', status='running')})",
                count_of("green"),
            ),
        ),
        (4, data_age(facts, "experiments", "experiment(:.*)?")),
    )


def _health() -> Table:
    names = {
        "experiment": "Experiment",
        "status": "Status",
        "Value #Split": "Split",
        "Value #P": "Split p-value",
        "Value #Deviation": "Largest deviation",
        "Value #Participants": "Participants",
        "Value #Epochs": "Epochs",
        "kind": "Kind",
        "control": "Control",
        "primary_metric": "Primary metric",
    }
    return Table(
        "health",
        "Health before results",
        "Whether the experiment itself works. Split: participants against the plan; mismatch is p below 0.001 with a "
        "share off by 0.5 points or more, watch is p below 0.01. The p-value holds however often one looks. Epochs: "
        "how often the planned split changed; counts are never pooled across them.",
        [
            now("Info", q.experiment_table(), table=True),
            now("Status", q.current_status(), table=True),
            now("Split", q.split_state(), table=True),
            now("P", q.experiment("experiment_srm_p_value"), table=True),
            now("Deviation", q.experiment("experiment_srm_deviation_ratio"), table=True),
            now("Participants", f"sum by (experiment) ({q.variant('experiment_variant_participants')})", table=True),
            now("Epochs", q.experiment("experiment_epochs"), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Experiment", 220),
            word_column("Status", 100, EXPERIMENT_STATUS),
            word_column("Split", 110, SPLIT),
            number_column("Split p-value", 120, "none", decimals=4),
            number_column("Largest deviation", 140, "percentunit", decimals=2),
            number_column("Participants", 120, "short"),
            number_column("Epochs", 80, "none", decimals=0),
        ],
        transformations=[*columns("experiment", names), sort("Split", descending=True)],
    )


def _results() -> Table:
    names = {
        "experiment": "Experiment",
        "variant": "Variant",
        "Value #Verdict": "Verdict",
        "Value #Win": "Win ratio",
        "Value #Lift": "Lift",
        "Value #Lower": "Lift from",
        "Value #Upper": "Lift to",
        "Value #Evidence": "Evidence (log10 e)",
        "Value #Beats": "Beats control",
        "Value #Participants": "Participants",
        "metric": "Metric",
        "Value #Value": "Value",
        "Value #Killed": "Kill",
    }
    return Table(
        "results",
        "Results",
        "One row per variant and metric. Verdict: the answer to act on. Lift: relative difference to control with an "
        "interval that holds however often one looks; empty where unbounded. Evidence: decimal logarithm of the "
        "e-value. Win ratio (best of all) and beats control: Bayesian, not protected against looking often.",
        [
            now("Value", q.result_table(), table=True),
            now("Verdict", q.row(q.result("experiment_variant_verdict")), table=True),
            now("Win", q.row(q.result("experiment_variant_win_ratio")), table=True),
            now("Beats", q.row(q.result("experiment_variant_beats_control_ratio")), table=True),
            now("Lift", q.row(q.result("experiment_variant_lift_ratio")), table=True),
            now("Lower", q.row(q.result("experiment_variant_lift_lower_ratio")), table=True),
            now("Upper", q.row(q.result("experiment_variant_lift_upper_ratio")), table=True),
            now("Evidence", q.log_evidence(), table=True),
            now("Participants", q.of_variant("experiment_variant_participants"), table=True),
            now("Killed", q.of_variant("experiment_variant_early_kill"), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Experiment", 180),
            column("Variant", 110),
            word_column("Verdict", 100, VERDICT),
            gauge_column("Win ratio", 150, ((None, "blue"),)),
            number_column("Lift", 80, "percentunit", SIGN, 1),
            number_column("Lift from", 90, "percentunit", SIGN, 1),
            number_column("Lift to", 90, "percentunit", SIGN, 1),
            number_column("Evidence (log10 e)", 140, "none", decimals=1),
            number_column("Beats control", 115, "percentunit", decimals=1),
            number_column("Participants", 110, "short"),
            number_column("Value", 90, "percentunit", decimals=2),
            word_column("Kill", 80, KILLED),
        ],
        transformations=[*columns("row", names), sort("Variant"), sort("Experiment")],
    )


def _traffic() -> Table:
    names = {
        "experiment": "Experiment",
        "variant": "Variant",
        "Value #Seen": "Seen",
        "Value #Planned": "Planned",
        "Value #Off": "Off by",
    }
    return Table(
        "traffic",
        "Traffic against plan",
        "Share of the participants that each variant got, beside the share that was planned. Small differences are "
        "chance; whether this one is, says the split above.",
        [
            now("Planned", q.traffic_table(), table=True),
            now("Seen", q.traffic(), table=True),
            now("Off", q.traffic_off(), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Experiment", 160),
            column("Variant", 110),
            gauge_column("Seen", 150, ((None, "blue"),)),
            gauge_column("Planned", 150, ((None, GREY),)),
            number_column("Off by", 90, "percentunit", decimals=2),
        ],
        transformations=[*columns("arm", names), sort("Variant"), sort("Experiment")],
    )


def _win() -> TimeSeries:
    return TimeSeries(
        "win-over-time",
        "Win ratio over time",
        "Posterior probability that the variant is the best of all. A reading aid, not protected against looking "
        f"often. {MOST}, the highest.",
        [over_time("Win", q.most(q.result("experiment_variant_win_ratio")), LEGEND)],
        field=field("percentunit", color="palette-classic-by-name", span=(0, 1), custom=line()),
    )


def _evidence(facts: Facts) -> TimeSeries:
    enough = 1 / facts.alpha
    return TimeSeries(
        "evidence-over-time",
        "Evidence over time",
        'e-value against "no difference to control". The line is 1/alpha = '
        f"{enough:.4g}: enough for one comparison; the verdict asks for more where there are several. Drawn between "
        f"{q.LEAST_E:g} and {q.MOST_E:.0f}. {MOST}, the highest.",
        [over_time("Evidence", q.drawn_evidence(), LEGEND)],
        field=field(
            "short",
            steps=((None, "transparent"), (enough, "blue")),
            color="palette-classic-by-name",
            custom=line(style="dashed", scale={"type": "log", "log": 10}),
        ),
    )


def _participants() -> TimeSeries:
    return TimeSeries(
        "participants-over-time",
        "Participants over time",
        f"Units that were shown each variant so far. A flat line: nobody arrives. {MOST}, the highest.",
        [
            over_time(
                "Participants", q.most(q.variant("experiment_variant_participants")), "{{experiment}} / {{variant}}"
            )
        ],
        field=field("short", color="palette-classic-by-name", custom=line()),
    )
