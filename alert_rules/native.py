"""The native branch of burn alerts: Prometheus counts for itself, from the raw series, while the exporter is gone.

The records of an SLO are one group: its good and bad events must be read at one instant, and the windows are sums of
what has just been recorded. It is not the group of the alerts, because it has another pace: once a minute, whatever the
refresh is, so that a window of 3 d is 4,320 samples and not 17,280, and a minute more matters little to a service that
is watched by its second line only. The alerts then read one sample each.

What is less exact than the exporter's:

- ``rate()`` does not see the first value of a series that is born; it guesses the edges of its 5 minutes.
- Nobody knows when the SLO was first measured. Time without records (before the rules were loaded, or while this
  Prometheus was down) counts as ordinary traffic without errors: so many records short, so much later the page.
- Errors are taken for independent; the exporter knows which usually come together.
- A window is rounded up to whole minutes, and one of at most 5 m is 5 m.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal

from alert_rules.critical import Table, table
from alert_rules.freeze import BY, measured
from alert_rules.rule import Group, Record, number
from exporter.contract.recorded import chance_name, increase_name, of_slo, rate_name
from exporter.promql import bucket_matcher, format_duration, histogram_parts, quote
from exporter.spec import Correction, Slo, Spec, is_native, recurrences, tiers_in_force, unsaid_corrections
from exporter.windows import MINUTE, Tier, factor

RECORD_SECONDS = MINUTE
RATE_SECONDS = 5 * MINUTE
_RATE = "5m"
_SAMPLES = "4m59s"  # as below: as many where both ends are included

ABOUT = f"""\
SLOs whose source has `rules: true` have a group winburn-native-NAME of recording rules besides. It counts good and bad
events from the raw series once a minute; the burn alerts have a branch that reads them while the exporter does not
measure the SLO. It is the same alert: no page is sent again when the branches take over from each other.
- slo:sli_*:rate5m is per second, slo:sli_*:increase1h events in the window. Ranges are a second short, so that they
  hold as many records where both ends are included (Prometheus 2) as where one is (3).
- Time without records counts as ordinary traffic without errors.
- slo:sli_bad_chance:increase1h is the low-traffic gate: so many bad events may be chance. Rows of a table of the exact
  binomial test are added up, and halves are there because counts made of rates are not quite whole.
- In corrections nothing is counted, nor in the {RATE_SECONDS // MINUTE} minutes after, where a rate still sees them.
"""


def native_group(slo: Slo) -> Group:
    """The recording rules of an SLO for which `is_native` holds."""
    tiers = [tier for tier, _ in tiers_in_force(slo)]
    records = [*rate_records(slo)]
    for window, seconds in _windows(tiers).items():
        records += [_increase(slo, role, window, seconds) for role in ("total", "bad")]
    if slo.alerting.low_traffic_gate is not None:
        records += _gates(slo, tiers, slo.alerting.low_traffic_gate)
    return Group(f"winburn-native-{slo.name}", _about(slo), RECORD_SECONDS, records=tuple(records))


def native_branch(slo: Slo, tier: Tier, spec: Spec) -> str:
    """The second branch of a burn rule, begun by ``or``; empty where the SLO has none. Its value is a burn rate."""
    if not is_native(slo, spec):
        return ""
    limit = number(factor(tier, slo.period_seconds))
    conditions = [
        f"{_burn(slo, tier.long, tier.long_seconds, long=True)} > {limit}",
        f"{_burn(slo, tier.short, tier.short_seconds, long=False)} > {limit}",
    ]
    if slo.alerting.low_traffic_gate is not None:
        bad, chance = increase_name("bad", tier.long), chance_name(tier.long)
        conditions.append(f"{of_slo(bad, slo.name)} > {of_slo(chance, slo.name)}")
    joined = "\n    and ".join(conditions)
    return f"""\
or
max by ({BY}) (
  (
    {joined}
  )
  unless on ({BY}) ({measured(slo)})
)
"""


def rate_records(slo: Slo) -> tuple[Record, Record]:
    """``slo:sli_total:rate5m`` and ``slo:sli_bad:rate5m``; 0 in corrections, absent without series.

    Bad is all that is not good where good events are counted, so that a good series that vanishes is an outage; bad is
    0 where bad ones are counted and there are none.
    """
    total, bad = _rates(slo)
    left = "".join(f" * {each}" for correction in _said(slo) for each in outside(correction))
    if slo.group_by:
        total, bad = _with_slo_group(slo, total), _with_slo_group(slo, bad)
    names = {"slo": slo.name}
    return (
        Record(rate_name("total"), f"({total}){left}" if left else total, names),
        Record(rate_name("bad"), f"({bad}){left}" if left else bad, names),
    )


def outside(correction: Correction) -> Iterator[str]:
    """PromQL scalars that are 0 while a rate reaches into the correction, else 1."""
    if correction.begin is not None and correction.end is not None:
        begin, end = correction.begin.timestamp(), correction.end.timestamp() + RATE_SECONDS
        yield f"(1 - (time() > bool {number(begin)}) * (time() < bool {number(end)}))"
    for each in recurrences(correction):
        length = number(each.seconds + RATE_SECONDS)
        inside = f"((time() + {each.every - each.begin}) % {each.every} < bool {length})"
        yield f"(1 - {inside})" if each.since is None else f"(1 - (time() >= bool {each.since}) * {inside})"


def _said(slo: Slo) -> Iterator[Correction]:
    unsaid = {i for i, _ in unsaid_corrections(slo)}
    return (correction for i, correction in enumerate(slo.corrections) if i not in unsaid)


def _rates(slo: Slo) -> tuple[str, str]:
    """Total and bad events per second, of each group."""
    sli = slo.sli
    if sli.bool is not None:
        count, well = f"count_over_time({sli.bool}[{_SAMPLES}])", f"sum_over_time({sli.bool}[{_SAMPLES}])"
        each = f" / {RATE_SECONDS}"
        return _by_group(slo, "sum", count) + each, f"clamp_min({_by_group(slo, 'sum', f'{count} - {well}')}, 0){each}"
    if sli.ratio is not None:
        # Every minute is an event. NaN, of which 0 / 0 is made, is no number that is at least 0, and so left out.
        share = _by_group(slo, "avg", f"\n{sli.ratio.replace('$window', _RATE)}\n")
        share = f"(clamp({share}, 0, 1) >= 0)"
        return f"0 * {share} + 1 / {MINUTE}", f"{share} / {MINUTE}"
    selectors = {"total": sli.total, "bad": sli.bad, "good": sli.good}
    if sli.latency is not None:
        name, matchers = histogram_parts(sli.latency.histogram)
        more = f"{matchers}," if matchers else ""
        selectors["total"] = f"{name}_count{{{matchers}}}"
        selectors["good"] = f"{name}_bucket{{{more}{bucket_matcher(sli.latency.threshold)}}}"
    sums = {role: _by_group(slo, "sum", f"rate({selector}[{_RATE}])") for role, selector in selectors.items()}
    total = sums["total"]
    if selectors["good"] is not None:
        return total, f"clamp_min({total} - ({sums['good']} or {total} * 0), 0)"
    return total, f"{sums['bad']} or {total} * 0"


def _by_group(slo: Slo, how: str, expr: str) -> str:
    names = sorted(slo.group_by)
    return f"{how} by ({', '.join(names)}) ({expr})" if names else f"{how}({expr})"


def _with_slo_group(slo: Slo, expr: str) -> str:
    """slo_group (``kind=a,zone=eu``) made of the labels that the SLO is grouped by, instead of these."""
    names = sorted(slo.group_by)
    for name in names:
        expr = f'label_replace({expr}, "{name}", "{name}=$1", "{name}", "(.*)")'
    joined = f'label_join({expr}, "slo_group", ",", {", ".join(map(quote, names))})'
    return f"sum by (slo_group) ({joined})"


def _windows(tiers: Iterable[Tier]) -> dict[str, int]:
    """Label -> seconds of the windows that are recorded: the shortest first. A short one of 5m is the rate itself."""
    windows = {tier.long: tier.long_seconds for tier in tiers}
    windows |= {tier.short: tier.short_seconds for tier in tiers if tier.short_seconds > RATE_SECONDS}
    return dict(sorted(windows.items(), key=lambda item: item[1]))


def span(seconds: int) -> int:
    """Length of a window of the records: whole minutes."""
    return math.ceil(seconds / RECORD_SECONDS) * RECORD_SECONDS


def _increase(slo: Slo, role: str, window: str, seconds: int) -> Record:
    rate, there = of_slo(rate_name(role), slo.name), of_slo(rate_name("total"), slo.name)
    if seconds <= RATE_SECONDS:
        expr = f"{rate} * {RATE_SECONDS}"
    else:
        over = f"{rate}[{format_duration(span(seconds) - 1)}]"
        # The mean goes on where nothing was recorded, the errors do not.
        counted = f"avg_over_time({over}) * {span(seconds)}"
        expr = f"{counted if role == 'total' else f'sum_over_time({over}) * {RECORD_SECONDS}'} and {there}"
    return Record(increase_name(role, window), expr, {"slo": slo.name})


def _gates(slo: Slo, tiers: Iterable[Tier], gate: float) -> Iterator[Record]:
    lowest: dict[str, Decimal] = {}
    for tier in tiers:
        limit = factor(tier, slo.period_seconds)
        lowest[tier.long] = min(lowest.get(tier.long, limit), limit)
    for window, limit in lowest.items():
        counts = table((100 - slo.objective) / 100, gate, limit)
        expr = _chance(counts, of_slo(increase_name("total", window), slo.name))
        yield Record(chance_name(window), expr, {"slo": slo.name})


def _chance(counts: Table, total: str) -> str:
    """:meth:`Table.chance` in PromQL."""
    terms = [f"({total} > bool {number(most + 0.5)})" for most, _ in counts.rows]
    for most, slope, length in counts.lines:
        over = f"clamp_min({total} - {most}, 0)" if length is None else f"clamp({total} - {most}, 0, {length})"
        terms.append(f"{number(slope)} * {over}")
    return "\n+ ".join([f"0 * {total} + 0.5", *terms]) + ("\n" if terms else "")


def _burn(slo: Slo, window: str, seconds: int, *, long: bool) -> str:
    names = [
        increase_name(role, window) if long or seconds > RATE_SECONDS else rate_name(role) for role in ("bad", "total")
    ]
    bad, total = (of_slo(name, slo.name) for name in names)
    return f"{bad} / ({total} * {number((100 - slo.objective) / 100)})"


def _about(slo: Slo) -> str:
    lines = [f"{slo.name}, counted without the exporter."]
    for i, reason in unsaid_corrections(slo):
        lines.append(f"NOT left out here: corrections[{i}]: {reason}.")
    return "\n".join(lines)
