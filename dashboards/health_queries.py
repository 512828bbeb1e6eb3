"""PromQL of winburn's own health. Here, and only here, ``instance`` is kept where a number is of one process."""

from __future__ import annotations

from dashboards.queries import MOST_LINES, per, steady
from exporter.contract import select

MATCH = "(instance, job)"
RATE = "$__rate_interval"
LATENCY = "winburn_event_latency_seconds_bucket"


def _ours() -> str:
    """The targets of Prometheus that were winburn within a day: a dead one says no more that it is."""
    return f"last_over_time({select('winburn_build_info')}[1d])"


def of_target(name: str) -> str:
    """Prometheus' own series of a target (``up``, ``scrape_...``), or one of client_python's, of each of ours."""
    return per("instance", f"{name} and on {MATCH} {_ours()}")


def cpu() -> str:
    """CPU seconds in a second, of each process."""
    return per("instance", f"rate(process_cpu_seconds_total[{RATE}]) and on {MATCH} {_ours()}")


def answering() -> str:
    """Processes that Prometheus could scrape; nothing where it has never seen one."""
    return f"sum({of_target('up')})"


def down(family: str, label: str) -> str:
    """How many of the ``label`` are at 0; with two replicas one that succeeds is enough."""
    return f"sum({per(label, select(family))} == bool 0)"


def of(family: str, label: str) -> str:
    """The family by its label; of two replicas the higher."""
    return per(label, select(family))


def age(family: str, label: str) -> str:
    """Seconds since the time that the family says, of the fresher replica."""
    return f"time() - {of(family, label)}"


def age_or_never(label: str) -> str:
    """The age of a collector's last success, and longer than any where it never succeeded: a column that is sorted by
    must have no gaps."""
    known, every = (
        age("winburn_collector_last_success_timestamp_seconds", label),
        of("winburn_collector_success", label),
    )
    return f"{known} or time() + 0 * {every}"


def dropped() -> str:
    """Series left out in an hour."""
    return per("family", f"increase({select('winburn_series_dropped_total')}[1h])")


def all_dropped() -> str:
    """Series left out in an hour: 0 where a process answers and none was."""
    return f"sum({dropped()}) or 0 * ({answering()})"


def latency(quantile: float) -> str:
    """A quantile of the time from a change in a source to the snapshot that has it, of all replicas."""
    return f"histogram_quantile({quantile:g}, sum by (le) (rate({LATENCY}[{RATE}])))"


def reloaded() -> str:
    """1 where every replica has read its spec, and its web config file if it has one; 0 where one refused either."""
    spec = f"min({per('instance', select('winburn_config_last_reload_successful'))})"
    return f"{spec} * (min({per('instance', select('winburn_web_config_last_reload_successful'))}) or {spec})"


def most(family: str, label: str) -> str:
    """The family by its label, as many as a graph can show: the highest at the end."""
    return steady(select(family), label)


def most_dropped() -> str:
    """Series left out in an hour, by family or source; of those with the most in the range shown."""
    counter = select("winburn_series_dropped_total")
    in_range = per("family", f"increase({counter}[$__range] @ end())")
    return f"{dropped()} and on (family) topk({MOST_LINES}, {in_range})"


def clients() -> str:
    """Clients of /live/stream, of each process."""
    return per("instance", select("winburn_live_clients"))


def pushes() -> str:
    """Pushes in a second, by target and result, of all processes."""
    return f"sum by (target, result) (rate({select('winburn_live_push_total')}[{RATE}]))"


def builds() -> str:
    """The rows of the table of processes: what runs."""
    return per("instance, version, python_version", select("winburn_build_info"))


def set_aside() -> str:
    """Damaged state stores beside the one in use, of each process; nothing where its store is no file."""
    return per("instance", select("winburn_state_set_aside"))


def milliseconds(family: str) -> str:
    """A time of each process as Grafana reads it."""
    return f"1000 * {per('instance', f'{family} and on {MATCH} {_ours()}')}"
