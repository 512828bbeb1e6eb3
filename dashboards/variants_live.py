"""winburn-variants-live: how content does now, against what was predicted; for a phone, so at most six panels."""

from __future__ import annotations

from dashboards import engagement_queries as e
from dashboards import queries as q
from dashboards.common import Definition, Row, annotation
from dashboards.facts import Facts
from dashboards.fields import (
    CELLS,
    GREY,
    TREND_COLUMN,
    absent,
    column,
    field,
    number_column,
    override,
    sparkline_column,
    word_column,
    words,
)
from dashboards.live import GRAFANA, Channel, computed, organised, rows_of
from dashboards.panels import Table, TimeSeries, columns, line, now, over_time, sort
from dashboards.variables import persona_variable
from dashboards.words import KILLED, SUGGESTED, SUGGESTED_FOR, WORN

AGAINST = ((None, "red"), (0.5, "orange"), (0.9, "green"))
"""Engagement over prediction: below half of it variants are killed."""


def build(facts: Facts) -> Definition:
    """The dashboard; where nothing is pushed, what Prometheus says comes before the empty table of pushes."""
    pushed, scraped = Row(8, ((24, _pushed()),)), Row(8, ((24, _variants()),))
    kills, patterns = Row(6, ((12, _kills()), (12, _suggestions()))), Row(8, ((14, _fatigue()), (10, _against())))
    return Definition(
        key="variants-live",
        title="Variants live",
        description="How content variants do now against their prediction, which were killed, and what to do next.",
        since="now-6h",
        variables=[persona_variable()],
        rows=(pushed, scraped, kills, patterns) if facts.pushed else (scraped, kills, patterns, pushed),
        annotations=(annotation("Kills", "red", e.kills(), "Killed: {{variant}} {{persona}}", "early kill"),),
    )


def _pushed() -> Table:
    steps, variant = rows_of("variant")
    names = {
        variant: "Variant",
        "against": "Of prediction",
        "actual": "Engagement",
        "predicted": "Predicted",
        "views": "Views",
        "interactions": "Interactions",
    }
    return Table(
        "variants-pushed",
        "Variants, as they change (Grafana Live)",
        "Engagement is interactions per view. Pushed at every refresh of winburn, all personas. It stays empty where "
        "the spec has no live.grafana, or while Grafana does not let winburn push: Variants now shows the same from "
        "Prometheus.",
        [Channel("Variants", "variant", ("actual", "predicted", "views", "interactions"))],
        field=field(custom=CELLS, no_value="nothing was pushed yet"),
        overrides=_engagement_columns(),
        transformations=[
            *steps,
            computed("against", "actual", "/", "predicted"),
            organised(names),
            sort("Engagement", descending=True),
        ],
        source=GRAFANA,
    )


def _variants() -> Table:
    names = {
        "variant": "Variant",
        "Value #Against": "Of prediction",
        "Value #Actual": "Engagement",
        "Value #Predicted": "Predicted",
        "Value #Views": "Views",
        "Value #Interactions": "Interactions",
        "Value #Killed": "Kill",
        "persona": "Persona",
        "pattern": "Pattern",
    }
    return Table(
        "variants",
        "Variants now",
        "The newest variants up to limits.labels, best engagement (interactions per view) first. An empty cell: "
        "nothing was predicted, or nobody has seen it yet.",
        [
            now("Views", e.variant_table(), table=True),
            now("Actual", e.variant(e.ACTUAL), table=True),
            now("Predicted", e.variant(e.PREDICTED), table=True),
            now("Against", e.of_prediction(), table=True),
            now("Order", e.for_order(), table=True),
            now("Interactions", e.variant("variant_interactions"), table=True),
            now("Killed", e.killed(), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            *_engagement_columns(),
            word_column("Kill", 90, KILLED),
            column("Persona", 120),
            column("Pattern", 160),
        ],
        transformations=columns("row", names, first=[sort("Value #Order", descending=True)]),
    )


def _engagement_columns() -> list[dict[str, object]]:
    return [
        column("Variant"),
        number_column("Of prediction", 110, "percentunit", AGAINST, 0),
        number_column("Engagement", 110, "percentunit", decimals=2),
        number_column("Predicted", 100, "percentunit", decimals=2),
        number_column("Views", 90, "short"),
        number_column("Interactions", 110, "short"),
    ]


def _kills() -> Table:
    names = {
        "Value": "Killed",  # as Grafana calls it while the other queries have no rows
        "Value #Killed": "Killed",
        "variant": "Variant",
        "persona": "Persona",
        "Value #Against": "Of prediction",
        "Value #Evidence": "log10 e",
    }
    return Table(
        "kills",
        "Kill feed",
        f"Variants that were killed early in the last day, newest first, at most {q.MOST_LINES}. log10 e: decimal "
        "logarithm of the e-value that its engagement is below the acceptable share of its prediction; empty where "
        "somebody else killed it.",
        [
            now("Killed", e.kill_table(), table=True),
            now("Against", e.kill_ratio(), table=True),
            now("Evidence", e.kill_evidence(), table=True),
        ],
        field=field(no_value="nothing was killed in the last day", custom=CELLS),
        overrides=[
            column("Killed", 125, unit="dateTimeFromNow", custom__filterable=False),
            column("Variant"),
            column("Persona", 100),
            number_column("Of prediction", 110, "percentunit", AGAINST, 0),
            number_column("log10 e", 75, "none", decimals=1),
        ],
        transformations=[*columns("row", names), sort("Killed", descending=True)],
    )


def _suggestions() -> Table:
    names = {"action": "Do", "subject": "With", "kind": "Kind", "reason": "Because of"}
    return Table(
        "suggestions",
        "Suggestions",
        "What to do next: rest a pattern that is worn out, scale a variant that does better than predicted, calibrate "
        "a predictor anew. /api/v1/snapshot of winburn has the sentence and its numbers.",
        [now("Suggestions", e.suggestions(), table=True)],
        field=field(no_value="nothing to suggest", custom=CELLS),
        overrides=[
            column("Do", 120, mappings=[words({do: (text, GREY) for do, text in SUGGESTED.items()})]),
            column("With"),
            column("Kind", 100),
            column("Because of", 220, mappings=[words({why: (text, GREY) for why, text in SUGGESTED_FOR.items()})]),
        ],
        transformations=[*columns("subject", names)[1:], sort("Do")],
    )


def _fatigue() -> Table:
    names = {
        "pattern": "Pattern",
        "Value #Worn": "State",
        "Value #Uses": "Uses",
        "Value #Fresh": "Freshness",
        TREND_COLUMN: "Over time",
        "Value #Engagement": "Engagement",
        "Value #Evidence": "Falls (log10 e)",
        "persona": "Persona",
    }
    return Table(
        "fatigue",
        "Fatigue of patterns",
        "Worn out: used too often in the window of engagement.fatigue, or its engagement falls with its uses. "
        "Freshness is halved by each use; Over time is its graph in the chosen range. Falls: decimal logarithm of the "
        "e-value for a falling engagement; empty before 14 days of uses.",
        [
            now("Worn", e.pattern_table(), table=True),
            now("Uses", e.pattern("pattern_uses"), table=True),
            now("Fresh", e.pattern("pattern_freshness_ratio"), table=True),
            over_time("Trend", e.pattern("pattern_freshness_ratio"), interval="5m"),
            now("Engagement", e.pattern("pattern_engagement_ratio"), table=True),
            now("Evidence", e.pattern_evidence(), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Pattern"),
            word_column("State", 100, WORN),
            number_column("Uses", 60, "short"),
            number_column("Freshness", 90, "percentunit", decimals=0),
            sparkline_column("Over time", 90),
            number_column("Engagement", 100, "percentunit", decimals=2),
            number_column("Falls (log10 e)", 105, "none", decimals=1),
            column("Persona", 85),
        ],
        transformations=[*columns("row", names, trend="Trend"), sort("Freshness"), sort("State", descending=True)],
    )


def _against() -> TimeSeries:
    return TimeSeries(
        "against-prediction",
        "Engagement against prediction",
        "By how much engagement is above (+) or below (-) what was predicted; at 0 the prediction was right. Thin: the "
        f"{q.MOST_LINES} variants that are furthest off. Thick: the mean of a persona's variants with at least 100 "
        "views, which is how well its predictor is calibrated.",
        [
            over_time("Variants", e.furthest_off(), "{{variant}} {{persona}}"),
            over_time("Calibration", e.calibration(), "calibration of {{persona}}"),
        ],
        field=field(
            "percentunit",
            steps=((None, "transparent"), (0, "green")),
            mappings=[absent()],
            color="palette-classic",
            custom=line(style="line") | {"lineWidth": 1},
        ),
        overrides=[override("byRegexp", "/^calibration of/", {"custom.lineWidth": 4})],
    )
