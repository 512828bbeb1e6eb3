"""The branch that lets an alert freeze instead of resolve while its SLO cannot be measured."""

from __future__ import annotations

from collections.abc import Mapping

from alert_rules.rule import number
from exporter.alerts import SLO_IDENTITY, Alert
from exporter.contract import Regex, select
from exporter.contract.recorded import of_slo, rate_name
from exporter.promql import quote
from exporter.spec import Slo, Spec
from exporter.windows import PERIOD

BY = ", ".join(SLO_IDENTITY)
NO_DATA_STATUS = 3

ABOUT = """\
Alerts of an SLO freeze while it cannot be measured: nobody knows that the trouble is over. Each of their rules has a
second branch, the same alert where it fires already (so it never begins there), with the value 0. It holds
- while the SLO's status says that there are no data, or its windows have aged out (source gone, collector hanging);
- while nothing at all is known of the SLO (exporter gone, starting, or its loop hanging);
- and, of a burn alert with a native branch, only while there are no raw series either: else that branch knows;
but not for a group that left (the exporter lists the SLO's groups, and this one has no status), and not for an SLO that
is no longer in the exporter's spec (every collector of SLOs works, and none knows it).
"""


def measured(slo: Slo) -> str:
    """PromQL of what is there, beside other windows' labels, for each group of the SLO that an exporter measures.

    Whether it does is asked of the SLO's events and not of its status alone: a collector that hangs leaves the last
    status where it is. Both must be said by one exporter, so that of two replicas one cannot complete the other's half.
    """
    status, events = select("slo_status", slo=slo.name), select("slo_events", slo=slo.name, window=PERIOD)
    return f"{status} < {NO_DATA_STATUS} and ignoring (window) {events}"


def frozen(slo: Slo, alert: Alert, own: Mapping[str, str], spec: Spec, *, native: bool = False) -> str:
    """PromQL of the second branch: one series of value 0 for each of the SLO's alerts that must stay.

    ``own`` are the labels that tell this rule's alerts from those of the SLO's other rules; ``native``: the rule has a
    branch that reads the raw series, which decides while there are any.
    """
    labels = {"alertname": alert.name, "alertstate": "firing", "slo": slo.name, **own}
    firing = f"ALERTS{{{','.join(f'{name}={quote(labels[name])}' for name in sorted(labels))}}}"
    status = select("slo_status", slo=slo.name)
    raw = f"  unless on ({BY}) {of_slo(rate_name('total'), slo.name)}\n" if native else ""
    return f"""\
0 * max by ({BY}) (
  (
    {firing} and on ({BY}) {status}
    or
    {firing} unless on () ({_unknown(slo, spec)})
  )
  unless on ({BY}) ({measured(slo)})
{raw})
"""


def _unknown(slo: Slo, spec: Spec) -> str:
    """What is there only if the exporter would know the SLO and its groups: the group's list, or collectors that all
    work. Those of a loop that hangs last succeeded before ``max_age``, the least age at which a snapshot expires."""
    collectors = Regex("slo:.*")
    success = select("winburn_collector_success", collector=collectors)
    last = select("winburn_collector_last_success_timestamp_seconds", collector=collectors)
    well = f"min({success}) == 1 and time() - min({last}) < {number(spec.keep_seconds)}"
    return f"{select('slo_groups', slo=slo.name)} or {well}" if slo.group_by else well
