"""PromQL of the panels of experiments, beyond what ``queries`` has.

An arm is (experiment, variant); tables join by the label ``arm``, which holds both and which nobody sees.
"""

from __future__ import annotations

from dashboards.queries import (
    CHOSEN_EXPERIMENTS,
    HIDDEN,
    LEAST_E,
    MOST_E,
    experiment,
    joined,
    most_variants,
    per,
    result,
    row,
    steady,
)
from exporter.contract import Regex, select

CHOSEN_VARIANTS = Regex("$variant")

LEAST_P = 1e-6
"""p-values are drawn clamped to this: a logarithmic axis has no 0."""


def _of_experiments(family: str) -> str:
    return select(family, experiment=CHOSEN_EXPERIMENTS)


def arm(inner: str, *more: str) -> str:
    """``inner``, which has one series per arm, with the labels ``arm`` and ``more`` only."""
    labels = ", ".join(("arm", *more))
    return per(labels, joined(inner, "arm", "experiment", "variant", separator=HIDDEN))


def primary(family: str, **matchers: str) -> str:
    """The family of the experiment's primary metric alone: one series per arm."""
    named = f'label_replace({_of_experiments("experiment_info")}, "metric", "$1", "primary_metric", "(.*)")'
    values = per("experiment, variant, metric", select(family, experiment=CHOSEN_EXPERIMENTS, **matchers))
    return f"({values} and on (experiment, metric) {per('experiment, metric', named)})"


def of_arm(family: str, *more: str) -> str:
    """A value per arm, by the labels ``arm`` and ``more``."""
    return arm(_of_experiments(family), *more)


# --- One experiment.


def running() -> str:
    """1 for each chosen experiment that runs, 0 for the others."""
    return experiment("experiment_status", status="running")


def silence() -> str:
    """Seconds since the last new unit of each chosen experiment that runs."""
    return f"(time() - {experiment('experiment_last_participant_timestamp_seconds')})"


def arrivals() -> str:
    """Of each running experiment: 0 units arrive, 1 none came for stalled_after, 2 nothing is known of any."""
    stalled = f"{silence()} > bool {experiment('experiment_stalled_after_seconds')}"
    return f"({stalled} or 2 * ({running()} == 1))"


def count_arrivals(state: int) -> str:
    """Running experiments in this state of :func:`arrivals`: 0 where none is, nothing where nobody says anything."""
    return f"sum({arrivals()} == bool {state}) or 0 * sum({running()})"


# --- Experiments side by side.


def extreme(name: str, *, low: bool = False) -> str:
    """The variant with the highest (lowest) win ratio of each experiment, in the label ``name``, and that ratio."""
    chosen = f"{'bottomk' if low else 'topk'} by (experiment) (1, {primary('experiment_variant_win_ratio')})"
    return per(f"experiment, {name}", f'label_replace({chosen}, "{name}", "$1", "variant", "(.*)")')


def strongest() -> str:
    """log10 of the largest e-value of the experiment's primary metric."""
    return f"max by (experiment) (log10(clamp_min({primary('experiment_variant_e_value')}, 1e-300)))"


def money(family: str, name: str, *, total: bool) -> str:
    """Money of each experiment, the currency in the label ``name``: of all its arms together, or of the highest."""
    labels = "experiment, variant, category, currency" if total else "experiment, variant, currency"
    named = f'label_replace({per(labels, _of_experiments(family))}, "{name}", "$1", "currency", "(.*)")'
    return f"{'sum' if total else 'max'} by (experiment, {name}) ({named})"


def waiting_loss() -> str:
    """Loss of one more day of all chosen experiments together, by currency."""
    return f"sum by (currency) ({per('experiment, currency', _of_experiments('experiment_waiting_loss_per_day'))})"


# --- Results of each metric.


def of_metric(family: str) -> str:
    """A value that the metric has whatever the variant, on each of the metric's rows."""
    per_metric = per("experiment, metric", _of_experiments(family))
    rows = result("experiment_variant_metric_value")
    return row(f"0 * {rows} + on (experiment, metric) group_left () {per_metric}")


def role() -> str:
    """1 on rows of the primary metric, 0 on the others."""
    rows = result("experiment_variant_metric_value")
    return row(f"1 + 0 * {primary('experiment_variant_metric_value')} or 0 * {rows}")


def drawn_p() -> str:
    """p-values as they can be drawn."""
    return f"clamp_min({result('experiment_variant_p_value')}, {LEAST_P:g})"


def drawn_kill_evidence() -> str:
    """Evidence for a kill, as it can be drawn."""
    return f"clamp({most_variants('experiment_variant_kill_e_value')}, {LEAST_E:g}, {MOST_E:.0f})"


# --- Bands: one panel per chosen variant.


def band(family: str) -> str:
    """The primary metric's value of the chosen variant."""
    return per("experiment, variant", primary(family, variant=CHOSEN_VARIANTS))


def money_band(family: str) -> str:
    """Money of the chosen variant, by currency."""
    chosen = select(family, experiment=CHOSEN_EXPERIMENTS, variant=CHOSEN_VARIANTS)
    return per("experiment, variant, currency", chosen)


# --- Costs.


def spent(*labels: str) -> str:
    """Money spent, by these labels and the currency."""
    each = per("experiment, variant, category, currency", _of_experiments("experiment_variant_cost"))
    return f"sum by ({', '.join((*labels, 'currency'))}) ({each})"


def cost_limit() -> str:
    """The limit of each experiment's costs, by currency."""
    return per("experiment, currency", _of_experiments("experiment_cost_limit"))


def spent_of_limit() -> str:
    """Spent money over the limit, of the experiment that is nearest to its own."""
    return f"max({spent('experiment')} / {cost_limit()})"


def arm_money(family: str) -> str:
    """Money of each arm over all categories, by the label ``arm``."""
    each = per("experiment, variant, category, currency", _of_experiments(family))
    return arm(f"sum by (experiment, variant, currency) ({each})")


def currency() -> str:
    """The unit of each arm's money, in the label ``currency``; one row of a table for each, where there are two."""
    worth = per("experiment, variant, currency", _of_experiments("experiment_variant_value_per_day"))
    return arm(f"({spent('experiment', 'variant')} or {worth})", "currency")


# --- Guardrail SLOs.


def guardrail_table() -> str:
    """1 where a variant alone burns an SLO too fast, with all of the identity and the key ``guard``."""
    return _guard(_of_experiments("experiment_variant_slo_breach"), "experiment, variant, slo")


def guardrail_burn() -> str:
    """The highest burn rate of all windows, by the key ``guard``."""
    return _guard(_of_experiments("experiment_variant_slo_burn_rate"))


def _guard(inner: str, labels: str = "") -> str:
    key = joined(inner, "guard", "experiment", "variant", "slo", separator=HIDDEN)
    return per(f"guard, {labels}" if labels else "guard", key)


def guardrail_burns() -> str:
    """Burn rates of variants, by SLO and window."""
    return steady(_of_experiments("experiment_variant_slo_burn_rate"), "variant, slo, window")


# --- Segments. A row is (experiment, variant, metric, segment); the label "part" holds the four.


def segment_table() -> str:
    """The rows of the segments: the lift, with all of the identity."""
    return _part(_of_experiments("experiment_segment_lift_ratio"), "experiment, variant, metric, segment")


def segment(family: str) -> str:
    """One series per row of the segments."""
    return _part(_of_experiments(family))


def segment_split() -> str:
    """The split's p-value of the segment, on each of its rows."""
    rows = per("experiment, variant, metric, segment", _of_experiments("experiment_segment_lift_ratio"))
    p = per("experiment, segment", _of_experiments("experiment_segment_srm_p_value"))
    return _part(f"(0 * {rows} + on (experiment, segment) group_left () {p})")


def _part(inner: str, labels: str = "") -> str:
    key = joined(inner, "part", "experiment", "variant", "metric", "segment", separator=HIDDEN)
    return per(f"part, {labels}" if labels else "part", key)


# --- Marks.


def new_epochs() -> str:
    """Experiments whose planned split has just changed."""
    epochs = _of_experiments("experiment_epochs")
    return f"{per('experiment', f'delta({epochs}[5m])')} > 0"


def new_kills() -> str:
    """Variants that have just been killed."""
    kills = _of_experiments("experiment_variant_early_kill")
    return f"{per('experiment, variant', f'delta({kills}[5m])')} > 0"
