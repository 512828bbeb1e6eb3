"""Recording rules that give the gauges the names of Sloth and of Pyrra, so that dashboards made for them go on working.

Names and labels: https://sloth.dev and https://github.com/pyrra-dev/pyrra (``--generic-rules``). The values are
winburn's: events are weighed alike whenever they came, and where there were none a series is absent and never NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from alert_rules import tenant
from alert_rules.freeze import BY
from alert_rules.rule import Record, interval, one_of, static_labels
from alert_rules.slo_rules import with_group_labels
from alert_rules.yaml_text import HEADER, comment, dump
from exporter.contract import Regex, select
from exporter.promql import format_duration
from exporter.spec import Slo, Spec
from exporter.windows import DAY, MINUTE, PERIOD, windows_for

Kind = Literal["sloth", "pyrra"]

_RECENT = "5m"

_ABOUT_SLOTH = """\
Sloth's series, recorded from the gauges of `winburn serve`: its dashboards go on working. Do not load Sloth's own rules
for these SLOs beside them. An SLO named SERVICE-NAME has sloth_slo NAME, as if it had been converted from Sloth.
The ratios are bad events over events of the whole window; an SLO without events has none, and never NaN. In burn rates
and budgets the time before the first measurement counts as ordinary traffic without errors. A calendar period has the
name of its nominal length. Of a grouped SLO, what its groups have in common (objective, budget, days, info) is one
series, which `on (sloth_id) group_left` finds.
Not here, because winburn has nothing to fill it with:
- sloth_version, sloth_mode and sloth_spec of sloth_slo_info: no Sloth was there
- sloth_severity of ALERTS: the alerts are winburn's own, SLOErrorBudgetBurn with severity and tier
- slo:numerator_correction:ratio and window: of a plugin of Sloth's; winburn's low-traffic gate is in its alerts
- ratios of windows longer than the SLO's period
"""

_ABOUT_PYRRA = """\
Pyrra's series of --generic-rules, recorded from the gauges of `winburn serve`: its Grafana dashboards go on working. Do
not load Pyrra's own rules for these SLOs beside them. The availability is good events over events of the period; an SLO
without events has none, and never NaN. Requests and errors are what the SLI counts: samples of a bool SLI, time of a
ratio or of slices. Each group of a grouped SLO is an SLO of its own here: "NAME zone=eu".
Not here, because winburn has nothing to fill it with, or because it would break the dashboards:
- labels other than slo: the panels of the error budget find nothing where there are more
- METRIC:burnrate, :increase, :count and :sum: named after the metrics that are counted; Pyrra's own pages read them
- pyrra_requests_total and pyrra_errors_total, which some versions of the dashboards read: counters, not gauges
- ALERTS named ErrorBudgetBurn and SLOMetricAbsent: the alerts are winburn's own, SLOErrorBudgetBurn and SLONoData
"""


Groups = Iterator[tuple[str, Iterable[Record]]]
"""Names of groups of rules, with their rules."""


def compat_file(kind: Kind) -> str:
    """Name of the file of one kind."""
    return f"winburn.compat-{kind}.rules.yml"


def compat_text(spec: Spec, kind: Kind) -> str:
    """The file of one kind; deterministic."""
    about, groups = KINDS[kind]
    every = format_duration(interval(spec))

    def rules(records: Iterable[Record]) -> list[dict[str, Any]]:
        return [tenant.of_record(record, spec.tenant).as_dict() for record in records]

    made = [
        {
            "name": name,
            "interval": every,
            "rules": [tenant.of_record(record, spec.tenant).as_dict() for record in records],
        }
        for name, records in groups(sorted(spec.slos, key=lambda slo: slo.name))
    ]
    return HEADER + comment(about) + dump({"groups": made})


def sloth_groups(slos: Sequence[Slo]) -> Groups:
    """A group of rules for every SLO."""
    for slo in slos:
        yield f"winburn-compat-sloth-{slo.name}", sloth_records(slo, slos)


def pyrra_groups(slos: Sequence[Slo]) -> Groups:
    """A group of rules for every SLO that is not grouped, then one for all the others.

    In the rules of grouped ones the label slo comes from the series, so nothing would tell two of them apart.
    """
    for slo in slos:
        if not slo.group_by:
            yield f"winburn-compat-pyrra-{slo.name}", pyrra_records(slo.name, {"slo": slo.name})
    if grouped := [slo.name for slo in slos if slo.group_by]:
        yield "winburn-compat-pyrra", pyrra_records(Regex(one_of(grouped)), {})


def sloth_records(slo: Slo, slos: Iterable[Slo]) -> Iterator[Record]:
    """The rules of one SLO under Sloth's names; ``slos`` are all of the spec, among which its short name is unique."""
    labels, windows = {**static_labels(slo.labels), **sloth_identity(slo, slos)}, sloth_windows(slo)
    period = next(reversed(windows))

    def measured(name: str, window: str, expr: str) -> Record:
        expr = with_group_labels(slo, expr + "\n") if slo.group_by else expr
        return Record(name, expr, {**labels, "sloth_window": window})

    for name, window in windows.items():
        ratio = f"max by ({BY}) ({select('slo_error_ratio', slo=slo.name, window=window)})"
        yield measured(f"slo:sli_error:ratio_rate{name}", name, ratio)
    objective = f"max by (slo) ({select('slo_objective_ratio', slo=slo.name)})"
    yield Record("slo:objective:ratio", objective, labels)
    yield Record("slo:error_budget:ratio", f"1 - {objective}", labels)
    days = f"max by (slo) ({select('slo_period_seconds', slo=slo.name)}) / {DAY}"
    yield Record("slo:time_period:days", days, labels)
    for name, window in ((_RECENT, _RECENT), (period, PERIOD)):
        rate = f"max by ({BY}) ({select('slo_burn_rate', slo=slo.name, window=window)})"
        yield measured(f"slo:{'period' if window == PERIOD else 'current'}_burn_rate:ratio", name, rate)
    left = f"min by ({BY}) ({select('slo_error_budget_remaining_ratio', slo=slo.name)})"
    yield measured("slo:period_error_budget_remaining:ratio", period, left)
    info = f"max by (slo) ({select('slo_info', slo=slo.name)})"
    yield Record("sloth_slo_info", info, {**labels, "sloth_objective": f"{slo.objective.normalize():f}"})


def sloth_identity(slo: Slo, slos: Iterable[Slo]) -> dict[str, str]:
    """``sloth_id``, ``sloth_service`` and ``sloth_slo``, as Sloth gave them before ``winburn convert``, which puts the
    service before the name. A name whose rest is another SLO of the service stays whole."""
    short = slo.name.removeprefix(f"{slo.service}-") or slo.name
    if any(other.name == short and other.service == slo.service for other in slos):
        short = slo.name
    return {"sloth_id": f"{slo.service}-{short}", "sloth_service": slo.service, "sloth_slo": short}


def sloth_windows(slo: Slo) -> dict[str, str]:
    """Sloth's name of a window -> value of the label ``window``, the period last.

    A period as long as a window is recorded once, or two rules would give the same series.
    """
    period = _prometheus_duration(slo.period_seconds)
    names = {label: label for label in windows_for(slo.period_seconds) if label not in (PERIOD, period)}
    return {**names, period: PERIOD}


def pyrra_records(slo: str, labels: dict[str, str]) -> Iterator[Record]:
    """The rules under Pyrra's names of one SLO, or of the grouped ones where ``slo`` is a :class:`Regex`."""

    def gauge(name: str, **matchers: str) -> str:
        series = select(name, slo=slo, **matchers)
        if isinstance(slo, Regex):
            series = f'label_join({series}, "slo", " ", "slo", "slo_group")'
        return f"max by (slo) ({series})"

    yield Record("pyrra_objective", gauge("slo_objective_ratio"), labels)
    yield Record("pyrra_window", gauge("slo_period_seconds"), labels)
    yield Record("pyrra_availability", f"1 - {gauge('slo_error_ratio', window=PERIOD)}", labels)
    yield Record("pyrra_requests:rate5m", f"{gauge('slo_events', window=_RECENT)} / {5 * MINUTE}", labels)
    yield Record("pyrra_errors:rate5m", f"{gauge('slo_bad_events', window=_RECENT)} / {5 * MINUTE}", labels)


def _prometheus_duration(seconds: float) -> str:
    """The duration as Prometheus itself writes it, and so Sloth: 28d is ``4w``, but 30d stays.

    Source: https://pkg.go.dev/github.com/prometheus/common/model#Duration.String
    """
    for unit, length in (("y", 365 * DAY), ("w", 7 * DAY)):
        if seconds % length == 0:
            return f"{seconds // length:.0f}{unit}"
    return format_duration(seconds)


KINDS: dict[Kind, tuple[str, Callable[[Sequence[Slo]], Groups]]] = {
    "sloth": (_ABOUT_SLOTH, sloth_groups),
    "pyrra": (_ABOUT_PYRRA, pyrra_groups),
}
"""What to be compatible with -> the comment above its file, and its groups of rules for SLOs in order."""
