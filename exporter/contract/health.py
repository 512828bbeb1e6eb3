"""Families of the exporter's own health: they are served even where everything else has aged out."""

from exporter.contract.family import Family

HEALTH_FAMILIES: tuple[Family, ...] = (
    Family("winburn_build_info", "1; the version of winburn and of Python.", ("version", "python_version")),
    Family(
        "winburn_shard_info",
        "1 where the exporter evaluates one of several parts of the spec (--shard): which, of how many.",
        ("shard", "shards"),
    ),
    Family(
        "winburn_shard_expected",
        "1 for each of the parts of the spec, where the exporter evaluates one of several (--shard): all that must be "
        "there for the whole spec to be evaluated.",
        ("shard", "shards"),
    ),
    Family("winburn_source_up", "Whether the last question to the source was answered.", ("source",)),
    Family(
        "winburn_slo_exact",
        "1 where the SLO's windows come from raw counters, 0 where from extrapolated sums above the series cap.",
        ("slo",),
    ),
    Family("winburn_collector_success", "Whether the collector's last run succeeded in whole.", ("collector",)),
    Family("winburn_collector_duration_seconds", "How long the collector's last run took.", ("collector",)),
    Family(
        "winburn_collector_last_success_timestamp_seconds",
        "When the collector last succeeded in whole.",
        ("collector",),
    ),
    Family("winburn_collector_series", "Series that the collector's entities have in this snapshot.", ("collector",)),
    Family(
        "winburn_series_dropped_total",
        "Series left out because a family or a source had more than its cap.",
        ("family",),
        type="counter",
    ),
    Family("winburn_state_set_aside", "Damaged state stores beside the one in use, until somebody moves them."),
    Family("winburn_live_clients", "Clients that are connected to /live/stream."),
    Family(
        "winburn_live_push_total",
        "Pushes of live numbers. To an Alertmanager or Grafana Live: ok, failed, or replaced by a newer one before it "
        "was sent. To the stream's clients: sent messages, and clients dropped (too slow) or refused (limit, origin).",
        ("target", "result"),
        type="counter",
    ),
    Family("winburn_config_last_reload_successful", "Whether the last reading of the spec succeeded."),
    Family("winburn_web_config_last_reload_successful", "Whether what the web config file says is in force."),
    Family("winburn_config_last_reload_success_timestamp_seconds", "When the spec that is in force was read."),
)

PROCESS_SERIES: frozenset[str] = frozenset(
    {
        "process_virtual_memory_bytes",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_max_fds",
        "python_gc_objects_collected_total",
        "python_gc_objects_uncollectable_total",
        "python_gc_collections_total",
        "python_info",
    }
)
"""Series of the process itself that prometheus-client's own collectors make; dashboards may name them."""

LATENCY_SERIES: frozenset[str] = frozenset(
    f"winburn_event_latency_seconds_{part}" for part in ("bucket", "count", "sum")
)
"""Series of the histogram from a change in a source to the snapshot that has it, which prometheus-client makes too."""
