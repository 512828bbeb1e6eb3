"""Rules for winburn itself: they are there for every spec, an empty one too."""

from __future__ import annotations

from dataclasses import replace
from textwrap import indent

from alert_rules.rule import Group, Rule, dashboard_url, interval, number, one_of, texts
from exporter.alert_texts import down_facts, shard_facts
from exporter.alerts import ALERTS, Alert, Severity
from exporter.contract import Regex, select
from exporter.promql import format_duration
from exporter.spec import Links, Spec, is_native
from exporter.windows import DAY, MINUTE

_BUILD = "winburn_build_info"
_SHARD = "winburn_shard_info"
_EXPECTED = "winburn_shard_expected"
_SHARD_MEMORY = DAY
SHARD_PATIENCE = 10 * MINUTE
"""Seconds that the shards of a dealing have to come up, from when Prometheus saw the first of them."""
_LAST = "winburn_collector_last_success_timestamp_seconds"
_DROP_WINDOW = 10 * MINUTE
"""At least two refreshes, of which the longest possible is 5 m."""


def health_group(spec: Spec) -> Group:
    """The exporter is there, its sources answer, its collectors work, and alerting itself is alive."""
    rules = (
        _down(spec),
        _shard_down(spec),
        *source_rules(spec),
        _collector(spec),
        _stale(spec),
        _dropped(spec),
        _watchdog(spec.links),
    )
    return Group("winburn-health", "winburn itself.", interval(spec), rules)


def paging_sources(spec: Spec) -> tuple[str, ...]:
    """Sources that an SLO with ``no_data: page`` reads."""
    return tuple(sorted({slo.sli.source for slo in spec.slos if slo.no_data == "page" and slo.sli.source}))


def source_rules(spec: Spec) -> tuple[Rule, ...]:
    """A source that no exporter can read.

    The alert mutes the missing data of the SLOs that read it (Alertmanager's inhibition), so it must be as loud as the
    loudest of them: a ticket that mutes a page would lose the page.
    """
    down = f"max by (source) ({select('winburn_source_up')}) == 0"
    paging = paging_sources(spec)
    if not paging:
        return (_source_rule(down, "ticket", spec.links),)
    of_pages = select("winburn_source_up", source=Regex(one_of(paging)))
    return (
        _source_rule(f"max by (source) ({of_pages}) == 0", "page", spec.links),
        _source_rule(f"{down}\nunless on (source)\n{of_pages}\n", "ticket", spec.links),
    )


def stale_after(spec: Spec) -> float:
    """Seconds without a successful run after which a collector's series are gone."""
    return max(spec.keep_seconds, 3 * spec.refresh)


def _down(spec: Spec) -> Rule:
    # absent() knows neither job nor instance, so it fires in whatever way the exporter went, its target included.
    facts = down_facts(sum(is_native(slo, spec) for slo in spec.slos), len(spec.slos))
    return _rule(ALERTS["WinburnDown"], f"absent({select(_BUILD)})", "page", spec.links, **facts)


def _shard_down(spec: Spec) -> Rule:
    """A shard that is not there, while another of the same dealing is: if none is left, that is :func:`_down`'s.

    One that was there within a day is missed at once, one that others of its dealing expect when it has had time to
    come up. None is missed while all of another dealing are there, for then the whole spec is evaluated: so it is while
    the spec is dealt anew.
    """
    info, expected, patience = select(_SHARD), select(_EXPECTED), format_duration(SHARD_PATIENCE)
    ours = replace(ALERTS["WinburnDown"], identity=("shard",))  # the link of a silence names the shard
    # A while instead of an instant: the one exporter that expects the others may have been restarted just then.
    known = f"last_over_time({expected}[{patience}] offset {patience})"
    expr = (
        "max by (shard, shards) (\n"
        "  (\n"
        f"    last_over_time({info}[{format_duration(_SHARD_MEMORY)}])\n"
        "    or\n"
        f"    {expected} and on (shards) {known}\n"
        "  )\n"
        f"  unless on (shard, shards) {info}\n"
        f"  and on (shards) {info}\n"
        "  unless on () (\n"
        f"    {expected}\n"
        f"    unless on (shards) ({expected} unless on (shard, shards) {info})\n"
        "  )\n"
        ")\n"
    )
    native = sum(is_native(slo, spec) for slo in spec.slos)
    facts = shard_facts("{{ $labels.shard }}", "{{ $labels.shards }}", native, len(spec.slos))
    rule = _rule(ours, expr, "page", spec.links, **facts)
    # Two rules whose static labels are equal count as duplicates.
    return replace(rule, labels={**rule.labels, "scope": "shard"})


def _source_rule(expr: str, severity: Severity, links: Links) -> Rule:
    return _rule(ALERTS["WinburnSourceDown"], expr, severity, links, source="{{ $labels.source }}")


def _collector(spec: Spec) -> Rule:
    # The second half is for a loop that hangs: its last success then still reads 1.
    success = select("winburn_collector_success")
    at = select(_LAST)
    expr = (
        f"min by (collector) ({success}) == 0\nor\ntime() - min by (collector) ({at}) > {number(stale_after(spec))}\n"
    )
    expr = with_source(expr)
    links = spec.links
    return _rule(ALERTS["WinburnCollectorFailing"], expr, "ticket", links, collector="{{ $labels.collector }}")


def _stale(spec: Spec) -> Rule:
    """A collector that has not finished a run without an error in any exporter; ``max``, unlike that of
    WinburnCollectorFailing: one exporter that works is enough."""
    limit = stale_after(spec)
    expr = with_source(f"time() - max by (collector) ({select(_LAST)}) > {number(limit)}\n")
    alert = ALERTS["WinburnDataStale"]
    facts = {"collector": "{{ $labels.collector }}", "value": format_duration(limit + alert.hold)}
    return _rule(alert, expr, "ticket", spec.links, **facts)


def with_source(expr: str) -> str:
    """``expr`` with a label ``source`` read from the collector of a source's SLOs (``slo:prod``), for the inhibition by
    WinburnSourceDown; a collector that reads several sources gets none."""
    return f'label_replace(\n{indent(expr, "  ")}  , "source", "$1", "collector", "slo:(.+)")\n'


def _dropped(spec: Spec) -> Rule:
    # The counter grows in each refresh, by the number of series that were left out in it.
    dropped = select("winburn_series_dropped_total")
    expr = f"max by (family) (rate({dropped}[{format_duration(_DROP_WINDOW)}])) * {number(spec.refresh)} > 0\n"
    facts = {"family": "{{ $labels.family }}", "value": "{{ $value | humanize }}"}
    return _rule(ALERTS["WinburnSeriesDropped"], expr, "ticket", spec.links, **facts)


def _watchdog(links: Links) -> Rule:
    return _rule(ALERTS["WinburnWatchdog"], "vector(1)", "none", links)


def _rule(alert: Alert, expr: str, severity: Severity, links: Links, **facts: str) -> Rule:
    annotations = texts(alert, facts, dashboard_url(links, "slo-overview"), links)
    return Rule(alert=alert, expr=expr, labels={"severity": severity}, annotations=annotations)
