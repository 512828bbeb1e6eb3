"""winburn-health: does winburn itself work, is it quick, and what does it cost?"""

from __future__ import annotations

from dashboards import engagement_queries as e
from dashboards import health_graphs as graphs
from dashboards import health_queries as h
from dashboards import manuals
from dashboards.common import Definition, Row
from dashboards.facts import Facts
from dashboards.fields import CELLS, Steps, absent, column, field, number_column, word_column, words
from dashboards.panels import Stat, Table, columns, now, sort
from dashboards.tiles import count, data_age, how_to_read
from dashboards.words import ALARM, SPEC_READ, UP, WELL


def build(facts: Facts) -> Definition:
    """The dashboard; ``facts`` give the ages of stale data."""
    return Definition(
        key="health",
        title="Health of winburn",
        description="Whether winburn itself works: its sources, collectors, latency, series, scrapes, memory, spec.",
        since="now-6h",
        variables=[],
        rows=(
            Row(4, tuple((4, panel) for panel in _tiles(facts))),
            Row(6, ((8, _sources()), (16, _collectors(facts)))),
            Row(6, ((12, graphs.latency()), (12, graphs.durations()))),
            Row(6, ((12, graphs.series()), (12, graphs.dropped()))),
            Row(6, tuple((8, panel) for panel in graphs.process())),
            Row(6, tuple((6, panel) for panel in (*graphs.scrapes(), *graphs.live()))),
            Row(6, ((12, _processes()), (12, _sessions()))),
            Row(8, ((24, how_to_read(manuals.HEALTH)),)),
        ),
    )


def _tiles(facts: Facts) -> tuple[Stat, ...]:
    none: Steps = ((None, "red"), (1, "green"))
    return (
        count("replicas", "Processes running", "Processes of winburn that Prometheus reaches.", h.answering(), none),
        count(
            "sources-down",
            "Sources down",
            "Sources that did not answer the last question. Their numbers are kept for a while, then they vanish.",
            h.down("winburn_source_up", "source"),
            ALARM,
        ),
        count(
            "collectors-failing",
            "Collectors failing",
            "Collectors whose last run did not succeed in whole.",
            h.down("winburn_collector_success", "collector"),
            ALARM,
        ),
        data_age(facts, "numbers", ".*"),
        Stat(
            "reload",
            "Spec",
            "Whether the last reading of the spec succeeded, and of the web config file where there is one. Refused: "
            "the one before it is still in force; the log and `winburn check` say what is wrong.",
            [now("Reload", h.reloaded())],
            field=field(mappings=[words(SPEC_READ), absent()], color="fixed"),
        ),
        count(
            "series-dropped",
            "Series left out (1h)",
            "Series that were left out within an hour because a family or a source had more than its cap.",
            h.all_dropped(),
            ALARM,
        ),
    )


def _sources() -> Table:
    return Table(
        "sources",
        "Sources",
        "Whether each source answered the last question.",
        [now("Up", h.of("winburn_source_up", "source"), table=True)],
        field=field(custom=CELLS, no_value="the spec has no sources"),
        overrides=[column("Source"), word_column("State", 90, UP)],
        transformations=[*columns("source", {"source": "Source", "Value": "State"})[1:], sort("State")],
    )


def _collectors(facts: Facts) -> Table:
    names = {
        "collector": "Collector",
        "Value #Success": "State",
        "Value #Age": "Last success",
        "Value #Took": "Took",
        "Value #Series": "Series",
    }
    late: Steps = ((None, "green"), (facts.late, "orange"), (facts.stale, "red"))
    label = "collector"
    return Table(
        "collectors",
        "Collectors",
        "Each computes the series of a kind from one source. Last success: seconds since it last succeeded in whole. "
        "Took: how long its last run took. Series: how many it serves.",
        [
            now("Success", h.of("winburn_collector_success", label), table=True),
            now("Age", h.age("winburn_collector_last_success_timestamp_seconds", label), table=True),
            now("Order", h.age_or_never(label), table=True),
            now("Took", h.of("winburn_collector_duration_seconds", label), table=True),
            now("Series", h.of("winburn_collector_series", label), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Collector"),
            word_column("State", 90, WELL),
            number_column("Last success", 120, "s", late, 0),
            number_column("Took", 100, "s", decimals=3),
            number_column("Series", 100, "short"),
        ],
        transformations=[*columns(label, names, first=[sort("Value #Order", descending=True)]), sort("State")],
    )


def _processes() -> Table:
    names = {
        "instance": "Process",
        "version": "Version",
        "python_version": "Python",
        "Value #Started": "Started",
        "Value #Spec": "Spec read",
        "Value #Aside": "Set aside",
    }
    return Table(
        "processes",
        "Processes",
        "What runs, since when, and when it read the spec that is in force. Replicas should have one version. "
        "Set aside: damaged state stores that lie beside the one in use; the log says what was lost. Move them away "
        "when they have been looked at.",
        [
            now("Build", h.builds(), table=True),
            now("Started", h.milliseconds("process_start_time_seconds"), table=True),
            now("Spec", h.milliseconds("winburn_config_last_reload_success_timestamp_seconds"), table=True),
            now("Aside", h.set_aside(), table=True),
        ],
        field=field(custom=CELLS),
        overrides=[
            column("Process"),
            column("Version", 110),
            column("Python", 80),
            column("Started", 130, unit="dateTimeFromNow", custom__filterable=False),
            column("Spec read", 130, unit="dateTimeFromNow", custom__filterable=False),
            number_column("Set aside", 100, "short", ((None, "green"), (1, "red")), 0),
        ],
        transformations=[*columns("instance", names), sort("Process")],
    )


def _sessions() -> Table:
    names = {
        "persona": "Persona",
        "Value #Running": "Running",
        "Value #Stale": "Stale",
        "Value #Ratio": "Killed (24h)",
        "Value #Kills": "Kills (24h)",
        "Value #Time": "Time to kill",
    }
    return Table(
        "sessions",
        "Monitoring sessions of content",
        "Sessions that watch new content. Stale: called active though their time is over: whoever ends them does not. "
        "Killed: share of the sessions started in the last 24 h whose variant was killed.",
        [
            now("Running", e.session_table(), table=True),
            now("Stale", e.sessions("variant_sessions_stale"), table=True),
            now("Ratio", e.sessions("variant_kill_ratio"), table=True),
            now("Kills", e.kills_of_a_day(), table=True),
            now("Time", e.sessions("variant_time_to_kill_seconds"), table=True),
        ],
        field=field(custom=CELLS, no_value="the spec has no engagement"),
        overrides=[
            column("Persona"),
            number_column("Running", 90, "short"),
            number_column("Stale", 80, "short", ((None, "green"), (1, "orange"))),
            number_column("Killed (24h)", 110, "percentunit", ((None, "green"), (0.3, "orange")), 0),
            number_column("Kills (24h)", 100, "short", decimals=0),
            number_column("Time to kill", 110, "s"),
        ],
        transformations=[*columns("row", names), sort("Persona")],
    )
