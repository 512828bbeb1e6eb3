"""PromQL of the experiments that run now in the chosen services, for pages of SLOs."""

from __future__ import annotations

from dashboards.queries import SPLIT_DEVIATION, SPLIT_P, SPLIT_WATCH_P, per
from exporter.contract import Regex, select

_IS_RUNNING = f"on (experiment) ({per('experiment', select('experiment_status', status='running'))} == 1)"


def _chosen() -> str:
    """Experiments say their service in a label of the spec; those without one belong to all services."""
    return per("experiment", select("experiment_info", service=Regex("$service")))


def table() -> str:
    """The rows: what is known of each."""
    info = per("experiment, kind, primary_metric", select("experiment_info", service=Regex("$service")))
    return f"{info} and {_IS_RUNNING}"


def total(family: str) -> str:
    """How many of the experiment's series are not 0: variants killed, verdicts given."""
    own = per("experiment, variant, metric", select(family))
    return f"(sum by (experiment) ({own} != bool 0)) and on (experiment) ({_chosen()} and {_IS_RUNNING})"


def split() -> str:
    """0 as planned, 1 to be watched, 2 a sample ratio mismatch; as the page of experiments judges it."""
    p, off = (per("experiment", select(f"experiment_srm_{name}")) for name in ("p_value", "deviation_ratio"))
    state = f"({p} < bool {SPLIT_WATCH_P}) + ({p} < bool {SPLIT_P}) * ({off} >= bool {SPLIT_DEVIATION})"
    return f"({state}) and on (experiment) ({_chosen()} and {_IS_RUNNING})"
