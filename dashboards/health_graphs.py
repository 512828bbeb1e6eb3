"""Graphs of winburn's own health over time."""

from __future__ import annotations

from collections.abc import Sequence

from grafanalib import core

from dashboards import health_queries as h
from dashboards.fields import field
from dashboards.panels import TimeSeries, line, over_time

QUANTILES = ((0.5, "half"), (0.9, "9 of 10"), (0.99, "99 of 100"))


def latency() -> TimeSeries:
    """Quantiles of the time to the snapshot."""
    return TimeSeries(
        "latency",
        "From a change to the snapshot",
        "Time from a change in a source to the snapshot that has it: half of the changes, 9 of 10 and 99 of 100 are "
        "seen within. Only sources that tell of changes are measured; the scrape comes on top.",
        [over_time(f"Q{1000 * quantile:.0f}", h.latency(quantile), legend) for quantile, legend in QUANTILES],
        field=_lines("s"),
    )


def _graph(
    key: str, title: str, text: str, target: core.Target, unit: str = "short", nothing: str = "no data yet"
) -> TimeSeries:
    return TimeSeries(key, title, text, [target], field={**_lines(unit), "noValue": nothing})


def _lines(unit: str) -> dict[str, object]:
    return field(unit, color="palette-classic", span=(0, None), custom=line())


def durations() -> TimeSeries:
    """Of each collector."""
    return _graph(
        "durations",
        "Duration of the collectors",
        "How long each collector's last run took. It should stay well below the spec's refresh.",
        over_time("Took", h.most("winburn_collector_duration_seconds", "collector"), "{{collector}}"),
        "s",
    )


def series() -> TimeSeries:
    """Of each collector."""
    return _graph(
        "series-over-time",
        "Series of the collectors",
        "Series that each collector's entities have. A jump is a label with many values.",
        over_time("Series", h.most("winburn_collector_series", "collector"), "{{collector}}"),
    )


def dropped() -> TimeSeries:
    """By family or source."""
    return _graph(
        "dropped-over-time",
        "Series left out over time",
        "Series left out in an hour, by family or source: raise the cap in limits, or narrow the query.",
        over_time("Dropped", h.most_dropped(), "{{family}}"),
        nothing="none",
    )


def process() -> Sequence[TimeSeries]:
    """Memory, CPU, files."""
    return (
        _graph(
            "memory",
            "Memory",
            "Resident memory of each process.",
            over_time("Memory", h.of_target("process_resident_memory_bytes"), "{{instance}}"),
            "bytes",
        ),
        _graph("cpu", "CPU", "Share of one core.", over_time("Cpu", h.cpu(), "{{instance}}"), "percentunit"),
        TimeSeries(
            "files",
            "Open files",
            "File descriptors that each process has open, sockets among them, and how many it may have.",
            [
                over_time("Open", h.of_target("process_open_fds"), "{{instance}}"),
                over_time("Max", h.of_target("process_max_fds"), "{{instance}}: at most"),
            ],
            field=field(
                "short",
                color="palette-classic",
                custom=line(scale={"type": "symlog", "log": 10, "linearThreshold": 1}),
            ),
        ),
    )


def scrapes() -> Sequence[TimeSeries]:
    """Prometheus' own numbers of the target."""
    return (
        _graph(
            "scrape-duration",
            "Duration of the scrape",
            "How long Prometheus took to read /metrics.",
            over_time("Scrape", h.of_target("scrape_duration_seconds"), "{{instance}}"),
            "s",
        ),
        _graph(
            "scrape-samples",
            "Samples of the scrape",
            "Samples that Prometheus read from each process.",
            over_time("Samples", h.of_target("scrape_samples_scraped"), "{{instance}}"),
        ),
    )


def live() -> Sequence[TimeSeries]:
    """Clients and pushes."""
    return (
        _graph(
            "clients",
            "Live clients",
            "Clients that are connected to /live/stream.",
            over_time("Clients", h.clients(), "{{instance}}"),
        ),
        _graph(
            "pushes",
            "Pushes",
            "Pushes in a second to Alertmanager, Grafana Live and the stream's clients, by result.",
            over_time("Pushes", h.pushes(), "{{target}}: {{result}}"),
            "cps",
        ),
    )
