"""What dashboards take from a spec. Everything else in them is the same for every spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.promql import format_duration
from exporter.spec import Links, Spec
from exporter.windows import DAY

DEFAULT_PERIOD = 30 * DAY
DEFAULT_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Facts:
    """The spec's part in the dashboards.

    ``interval``: finest step of a graph, the spec's ``refresh`` as a duration (a finer one would repeat values).
    ``late``, ``stale``: age of data in seconds that is unusual, and at which series vanish (``max_age``).
    ``period``: seconds of the period that most SLOs have; the alert lines of the burn graph are computed for it.
    ``alpha``: error rate that most experiments have; the evidence graph draws its line at 1/alpha.
    ``runbooks``: base address of the runbooks; None where it is not one that a browser can open.
    ``tenanted``: whether there are tenants to choose from.
    ``alertmanager``: address of Alertmanager's page, where people silence.
    ``pushed``: whether winburn pushes to Grafana Live; a table of what it pushes is empty otherwise.
    """

    interval: str
    late: float
    stale: float
    period: int
    alpha: float
    runbooks: str | None
    alertmanager: str = Links().alertmanager
    pushed: bool = False
    tenanted: bool = False


def facts(spec: Spec) -> Facts:
    """Reduce the spec to what dashboards depend on."""
    runbooks = spec.links.runbooks.rstrip("/")
    return Facts(
        interval=format_duration(spec.refresh),
        late=min(3 * spec.refresh, 0.75 * spec.keep_seconds),
        stale=spec.keep_seconds,
        period=round(_most_common((slo.period_seconds for slo in spec.slos), DEFAULT_PERIOD)),
        alpha=_most_common((experiment.alpha for experiment in spec.experiments), DEFAULT_ALPHA),
        runbooks=runbooks if runbooks.startswith(("http://", "https://")) else None,
        alertmanager=spec.links.alertmanager.rstrip("/"),
        pushed=spec.live.grafana is not None,
        tenanted=spec.tenant is not None,
    )


def _most_common(values: Iterable[float], default: float) -> float:
    """Ties go to the larger value, so that the order of the spec does not matter."""
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value), default=default)
