"""PromQL of the panels.

Every query aggregates ``instance`` and ``job`` away, so that two replicas of the exporter show once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exporter.contract import Regex, select

CHOSEN_SLOS = Regex("$slo")
CHOSEN_GROUPS = Regex("$slo_group")
CHOSEN_EXPERIMENTS = Regex("$experiment")
CHOSEN_METRICS = Regex("$metric")

EXHAUSTION = "slo_error_budget_exhaustion_timestamp_seconds"

MOST_LINES = 20
"""Lines that a graph can show and a person can tell apart."""

LAST = "last_over_time({}[1h] @ end())"
"""What ranks lines: the last value of the hour at the end of the range, for what has just gone should stay to be seen.
The whole range would cost too much."""

SPLIT_P, SPLIT_DEVIATION = 0.001, 0.005
"""Sample ratio mismatch: as the alert ExperimentSampleRatioMismatch judges it."""
SPLIT_WATCH_P = 0.01

HIDDEN = "␟"
"""Separates the parts of a key that tables join by and nobody sees; unlike " / " it is not in anybody's name."""

LEAST_E, MOST_E = 0.001, 1e6
"""e-values are drawn clamped to this: a logarithmic axis has no 0 and should not be stretched by a sure thing."""


def per(labels: str, inner: str) -> str:
    """``max by (labels) (inner)``."""
    return f"max by ({labels}) ({inner})"


def joined(inner: str, label: str, *parts: str, separator: str) -> str:
    """``inner`` with one more label: the values of ``parts`` with the separator between."""
    names = ", ".join(f'"{part}"' for part in parts)
    return f'label_join({inner}, "{label}", "{separator}", {names})'


# --- SLOs. Identity is (slo, slo_group); the label "name" holds both, which is what tables join by and legends show.


def name_label(inner: str) -> str:
    """``inner`` with the label ``name``: ``checkout``, or ``checkout zone=eu`` where the SLO is grouped."""
    both = joined(inner, "name", "slo", "slo_group", separator=" ")
    return f'label_replace({both}, "name", "$1", "name", "(.*) ")'


def _of_slos(family: str, matchers: Mapping[str, str]) -> str:
    return select(family, slo=CHOSEN_SLOS, slo_group=CHOSEN_GROUPS, **matchers)


def by_name(inner: str) -> str:
    """One series per SLO, with the label ``name`` only."""
    return per("name", name_label(inner))


def slo(family: str, **matchers: str) -> str:
    """One series per chosen SLO, with the label ``name`` only."""
    return by_name(_of_slos(family, matchers))


def slos(family: str, **matchers: str) -> str:
    """One series per chosen SLO, with its own labels."""
    return per("slo, slo_group", _of_slos(family, matchers))


def steady(selector: str, labels: str, shown: Callable[[str], str] | None = None) -> str:
    """At most MOST_LINES series of a graph: those that are highest at the end of its range, the same at every step.

    ``topk(20, ...)`` alone chooses anew at every step, so that lines begin and end where others overtake them, and
    many more than 20 are drawn. ``labels`` tell the series apart; ``shown`` makes of them what the graph shows, itself
    if not given.
    """
    kept = _among(selector, labels, f"topk({MOST_LINES}, {per(labels, LAST.format(selector))})")
    return shown(kept) if shown else per(labels, kept)


def windows(family: str) -> str:
    """One series per chosen SLO and window, with the labels ``name`` and ``window`` only; at most MOST_LINES."""
    return steady(_of_slos(family, {}), "slo, slo_group, window", lambda inner: per("name, window", name_label(inner)))


def most_corrected() -> str:
    """Corrected time of the chosen SLOs."""
    return steady(_of_slos("slo_corrected_seconds", {}), "slo, slo_group", by_name)


def of_all_groups(family: str) -> str:
    """A number that an SLO has once for all of its groups, of the chosen SLOs together."""
    return f"sum({per('slo', select(family, slo=CHOSEN_SLOS))})"


def slo_table() -> str:
    """The rows of the table: status with all of the identity."""
    return per("name, slo, slo_group", name_label(_of_slos("slo_status", {})))


def for_order() -> str:
    """What is left of the budget, and none where it is not known: a column that is sorted by must have no gaps."""
    return f"{slo('slo_error_budget_remaining_ratio')} or 0 * {slo('slo_status')}"


def count_status(status: int) -> str:
    """SLOs in this status: 0 where none is, and nothing at all where nobody says anything of any SLO.

    ``count(... == 2) or vector(0)`` would report 0 breached SLOs when the exporter is dead.
    """
    return f"sum({slos('slo_status')} == bool {status})"


def worst_slos(family: str, *, low: bool = False, **matchers: str) -> str:
    """The chosen SLOs, at most MOST_LINES: those whose value was worst (highest, or lowest) in the range shown.

    The rank is taken over the whole range, because a series that has ended since would otherwise leave the graph.
    """
    return by_name(_among(_of_slos(family, matchers), "slo, slo_group", _worst(family, low=low, **matchers)))


def with_bad_events(family: str) -> str:
    """The family over 5 minutes, of the SLOs that had the most bad events."""
    most = _worst("slo_bad_events", low=False, window="5m")
    return by_name(_among(_of_slos(family, {"window": "5m"}), "slo, slo_group", most))


def _worst(family: str, *, low: bool, **matchers: str) -> str:
    extreme, keep = ("min_over_time", "bottomk") if low else ("max_over_time", "topk")
    ranked = per("slo, slo_group", f"{extreme}({_of_slos(family, matchers)}[$__range] @ end())")
    return f"{keep}({MOST_LINES}, {ranked})"


def _among(selector: str, labels: str, chosen: str) -> str:
    """The selector's series of those chosen by these labels. To aggregate first and choose then gives the same, but a
    graph of 3,000 series costs seven times as much."""
    return f"({selector} and on ({labels}) {chosen})"


def exact() -> str:
    """Whether the windows of the chosen SLOs come from raw counters."""
    return select("winburn_slo_exact", slo=CHOSEN_SLOS)


def hourly(counter: str) -> str:
    """By how much a counter of the chosen SLOs grew in an hour, of those where it did in the range shown."""
    selector = _of_slos(counter, {})
    grew = by_name(f"increase({selector}[$__range] @ end())")
    return f"{by_name(f'increase({selector}[1h])')} and on (name) topk({MOST_LINES}, {grew} > 0)"


def gone_in() -> str:
    """Seconds until the budget is gone: by the forecast's median or at the last hour's burn rate, whichever is first.

    The forecast draws from past days and so does not know that an outage under way may go on; the burn rate knows
    nothing else. Nothing where neither says that the budget ends; 0 where it is gone already, whatever is foretold.
    """
    left, period = slo("slo_error_budget_remaining_ratio"), slo("slo_period_seconds")
    burning = f"({left} > 0) * {period} / ({slo('slo_burn_rate', window='1h')} > 1)"
    median = f"clamp_min({slo(EXHAUSTION, forecast_quantile='0.5')} - time(), 0)"
    each = {"a": median, "b": burning, "c": f"0 * ({left} <= 0)"}
    any_of = " or ".join(f'label_replace({expr}, "by", "{by}", "", "")' for by, expr in each.items())
    return f"min by (name) ({any_of})"


def first_gone_in(quantile: str) -> str:
    """Seconds until the first of the chosen SLOs' budgets is gone, at a quantile of the forecast."""
    return f"clamp_min(min({slos(EXHAUSTION, forecast_quantile=quantile)}) - time(), 0)"


def pages() -> str:
    """1 for each of the chosen SLOs that pages, by whichever tiers: one mark and not three on each other."""
    chosen = 'alertname="SLOErrorBudgetBurn",alertstate="firing",severity="page",slo=~"$slo",slo_group=~"$slo_group"'
    return per("slo, slo_group", f"ALERTS{{{chosen}}}")


def being_corrected() -> str:
    """SLOs whose corrected time grows: a correction is in force."""
    corrected = _of_slos("slo_corrected_seconds", {})
    return per("slo, slo_group", f"delta({corrected}[5m]) > 0")


def data_age(collectors: str) -> str:
    """Seconds since the slowest collector's last success; of several replicas the freshest counts."""
    success = select("winburn_collector_last_success_timestamp_seconds", collector=Regex(collectors))
    return f"time() - min({per('collector', success)})"


# --- Experiments. A row of the results is (experiment, variant, metric); the label "row" holds the three.


def _chosen(family: str, more: Mapping[str, str]) -> str:
    return select(family, experiment=CHOSEN_EXPERIMENTS, **more)


def experiment(family: str, **matchers: str) -> str:
    """One series per chosen experiment."""
    return per("experiment", _chosen(family, matchers))


def variant(family: str) -> str:
    """One series per variant of the chosen experiments."""
    return per("experiment, variant", _chosen(family, {}))


def result(family: str) -> str:
    """One series per variant and chosen metric."""
    return per("experiment, variant, metric", _chosen(family, {"metric": CHOSEN_METRICS}))


def _row_label(inner: str) -> str:
    return joined(inner, "row", "experiment", "variant", "metric", separator=HIDDEN)


def row(inner: str) -> str:
    """``inner``, which has one series per variant and metric, with the label ``row`` only."""
    return per("row", _row_label(inner))


def result_table() -> str:
    """The rows of the results: the metric's value with all of the identity."""
    return per("row, experiment, variant, metric", _row_label(result("experiment_variant_metric_value")))


def of_variant(family: str) -> str:
    """A value that the variant has whatever the metric, on each of the variant's rows."""
    rows = result("experiment_variant_metric_value")
    return row(f"0 * {rows} + on (experiment, variant) group_left () {variant(family)}")


def log_evidence() -> str:
    """log10 of the e-value."""
    return row(f"log10(clamp_min({result('experiment_variant_e_value')}, 1e-300))")


def drawn_evidence() -> str:
    """The e-value as it can be drawn."""
    return f"clamp({most_results('experiment_variant_e_value')}, {LEAST_E}, {MOST_E:.0f})"


def split_state() -> str:
    """0 as planned, 1 to be watched, 2 a sample ratio mismatch."""
    p = experiment("experiment_srm_p_value")
    return f"({p} < bool {SPLIT_WATCH_P}) + {split_mismatch()}"


def split_for_order() -> str:
    """The same, and as planned before there is a p-value: a column that is sorted by must have no gaps."""
    return f"{split_state()} or 0 * {experiment('experiment_info')}"


def split_mismatch() -> str:
    """1 where the split is not the planned one, else 0."""
    p, deviation = experiment("experiment_srm_p_value"), experiment("experiment_srm_deviation_ratio")
    return f"({p} < bool {SPLIT_P}) * ({deviation} >= bool {SPLIT_DEVIATION})"


def current_status() -> str:
    """The label ``status`` of each chosen experiment."""
    return per("experiment, status", f"{_chosen('experiment_status', {})} == 1")


def experiment_table() -> str:
    """The rows of the health table: the experiment with what is known of it."""
    return per("experiment, kind, control, primary_metric", _chosen("experiment_info", {}))


def traffic_table() -> str:
    """The planned share, with all of the identity."""
    return per("arm, experiment, variant", _arm_label(_planned()))


def traffic() -> str:
    """The observed share, by the label ``arm``."""
    return per("arm", _arm_label(variant("experiment_variant_traffic_ratio")))


def traffic_off() -> str:
    """Observed less planned share, by the label ``arm``."""
    return per("arm", _arm_label(f"({variant('experiment_variant_traffic_ratio')} - {_planned()})"))


def _planned() -> str:
    return variant("experiment_variant_traffic_planned_ratio")


def _arm_label(inner: str) -> str:
    return joined(inner, "arm", "experiment", "variant", separator=HIDDEN)


def most_results(family: str) -> str:
    """One series per variant and chosen metric, at most MOST_LINES."""
    return steady(_chosen(family, {"metric": CHOSEN_METRICS}), "experiment, variant, metric")


def most_variants(family: str) -> str:
    """One series per variant of the chosen experiments, at most MOST_LINES."""
    return steady(_chosen(family, {}), "experiment, variant")
