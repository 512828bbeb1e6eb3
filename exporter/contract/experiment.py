"""Families of experiments."""

from exporter.contract.family import Family

_REFRESH = "Computed every refresh, not at the scrape."
_METRIC = ("experiment", "variant", "metric")
_VARIANT = ("experiment", "variant")
_MONEY = (*_VARIANT, "currency")
_SEGMENT = (*_METRIC, "segment")

EXPERIMENT_FAMILIES: tuple[Family, ...] = (
    Family(
        "experiment_info",
        "What is known of the experiment from its spec; the spec's own labels travel here only.",
        ("experiment", "kind", "control", "primary_metric"),
        open=True,
        stays=True,
    ),
    Family(
        "experiment_status",
        "State set: 1 for the experiment's current status, 0 for the others.",
        ("experiment", "status"),
        stays=True,
    ),
    Family("experiment_variant_participants", f"Units that were shown the variant. {_REFRESH}", _VARIANT),
    Family("experiment_variant_traffic_ratio", f"Observed share of the participants. {_REFRESH}", _VARIANT),
    Family(
        "experiment_variant_traffic_planned_ratio",
        "Planned share of the participants, from the spec.",
        _VARIANT,
        stays=True,
    ),
    Family("experiment_variant_events", f"Successes of the metric. {_REFRESH}", _METRIC),
    Family("experiment_variant_metric_value", f"Successes per participant. {_REFRESH}", _METRIC),
    Family(
        "experiment_variant_win_ratio",
        "Posterior probability that the variant is the best of all; a reading aid, not error-controlled under "
        f"watching. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_beats_control_ratio",
        "Posterior probability that the variant is better than control; a reading aid, not error-controlled under "
        f"watching. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_expected_loss_ratio",
        f"Expected loss if the variant is shipped now, relative to control's mean. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_lift_ratio",
        f"Estimated relative difference to control (0.02 is 2 % more). {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_lift_lower_ratio",
        f"Lower end of the anytime-valid interval of the lift; absent where unbounded. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_lift_upper_ratio",
        f"Upper end of the anytime-valid interval of the lift; absent where unbounded. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_e_value",
        f"Anytime-valid evidence that the variant differs from control, now. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_p_value",
        f"Anytime-valid p-value: 1 over the largest e-value so far, at most 1. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_verdict",
        "-1 worse, 0 undecided, 1 better than control in the metric's direction, after false-discovery control. "
        f"{_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_variant_early_kill",
        "1 once the evidence that the variant is worse than control by more than the margin has crossed 1/alpha; it "
        "stays 1.",
        _VARIANT,
        stays=True,
    ),
    Family(
        "experiment_variant_kill_e_value",
        f"Anytime-valid evidence that the variant is worse than control by more than the margin, now. {_REFRESH}",
        _VARIANT,
    ),
    Family(
        "experiment_srm_p_value",
        "Anytime-valid p-value of the observed split against the plan (sample ratio mismatch); smallest so far. "
        f"{_REFRESH}",
        ("experiment",),
    ),
    Family(
        "experiment_srm_deviation_ratio",
        f"Largest difference between an observed and a planned share. {_REFRESH}",
        ("experiment",),
    ),
    Family(
        "experiment_epochs",
        "Allocation epochs so far: counts are never pooled across planned traffic splits.",
        ("experiment",),
    ),
    Family(
        "experiment_variant_traffic_recommended_ratio",
        f"Share of the traffic that Thompson sampling recommends, for bandits. {_REFRESH}",
        _VARIANT,
    ),
    Family(
        "experiment_variant_slo_burn_rate",
        f"Burn rate of a guardrail SLO measured for the variant alone. {_REFRESH}",
        ("experiment", "variant", "slo", "window"),
    ),
    Family(
        "experiment_variant_slo_breach",
        "1 while the variant burns a guardrail SLO over a paging tier and the control does not, else 0. " + _REFRESH,
        ("experiment", "variant", "slo"),
    ),
    Family(
        "experiment_segment_lift_ratio",
        f"Estimated relative difference to control within a segment of the units, like country=de. {_REFRESH}",
        _SEGMENT,
    ),
    Family(
        "experiment_segment_lift_lower_ratio",
        f"Lower end of its anytime-valid interval; absent where unbounded. {_REFRESH}",
        _SEGMENT,
    ),
    Family(
        "experiment_segment_lift_upper_ratio",
        f"Upper end of its anytime-valid interval; absent where unbounded. {_REFRESH}",
        _SEGMENT,
    ),
    Family(
        "experiment_segment_verdict",
        "-1 worse, 0 undecided, 1 better than control within the segment, after false-discovery control over the "
        f"segments. {_REFRESH}",
        _SEGMENT,
    ),
    Family(
        "experiment_segment_srm_p_value",
        f"Anytime-valid p-value of the split within a segment against the plan, now. {_REFRESH}",
        ("experiment", "segment"),
    ),
    Family(
        "experiment_design_effect",
        "By how much events that come in clusters overstate what they know; counts are divided by it. " + _REFRESH,
        ("experiment", "metric"),
    ),
    Family(
        "experiment_variant_trend",
        "-1 degrading, 0 stable, 1 improving: the difference to control in the last third of the units against the "
        f"earlier ones, significant at 0.01. {_REFRESH}",
        _METRIC,
    ),
    Family(
        "experiment_remaining_participants",
        f"Units still needed until the minimum lift would be decided, at the present split. {_REFRESH}",
        ("experiment",),
    ),
    Family(
        "experiment_remaining_seconds",
        f"Time that these units take at the rate of the last day. {_REFRESH}",
        ("experiment",),
    ),
    Family(
        "experiment_last_participant_timestamp_seconds",
        "When a unit was last seen to join a running experiment.",
        ("experiment",),
    ),
    Family(
        "experiment_stalled_after_seconds",
        "Without a new unit for so long a running experiment is stalled; from the spec.",
        ("experiment",),
        stays=True,
    ),
    Family(
        "experiment_recommendation_info",
        "1 for the one current recommendation: what to do with the variant, and why. " + _REFRESH,
        ("experiment", "variant", "action", "reason"),
    ),
    Family(
        "experiment_variant_cost",
        f"Money spent on the variant so far. {_REFRESH}",
        ("experiment", "variant", "category", "currency"),
    ),
    Family(
        "experiment_variant_cost_impact",
        f"Money spent on the variant less what control would have cost at the same participants. {_REFRESH}",
        ("experiment", "variant", "category", "currency"),
    ),
    Family(
        "experiment_cost_limit",
        "Money above which the experiment's costs are an overrun; from the spec.",
        ("experiment", "currency"),
        stays=True,
    ),
    Family(
        "experiment_variant_value_per_day",
        f"Worth per day of shipping the variant to all units, against control. {_REFRESH}",
        _MONEY,
    ),
    Family(
        "experiment_variant_value_per_day_lower",
        f"Lower end of its anytime-valid interval. {_REFRESH}",
        _MONEY,
    ),
    Family(
        "experiment_variant_value_per_day_upper",
        f"Upper end of its anytime-valid interval. {_REFRESH}",
        _MONEY,
    ),
    Family(
        "experiment_variant_roi_ratio",
        "Return on what was spent: (worth over the horizon - cost) / cost; absent without costs. " + _REFRESH,
        _VARIANT,
    ),
    Family("experiment_variant_roi_lower_ratio", f"Lower end of its interval. {_REFRESH}", _VARIANT),
    Family("experiment_variant_roi_upper_ratio", f"Upper end of its interval. {_REFRESH}", _VARIANT),
    Family(
        "experiment_waiting_loss_per_day",
        f"Expected loss of one more day at the present split instead of the best variant for all. {_REFRESH}",
        ("experiment", "currency"),
    ),
    Family(
        "experiment_applied_total",
        "What was done to the outside (apply) since the state store began; what was refused or is not known is not "
        "counted.",
        ("experiment", "action"),
        type="counter",
        stays=True,
    ),
    Family("experiments", "Experiments by status.", ("status",), stays=True),
    Family(
        "experiments_win_ratio_mean",
        "Mean win rate of the running experiments' best variants other than control, weighted by participants. "
        + _REFRESH,
    ),
    Family(
        "experiments_cost_impact",
        "Sum of experiment_variant_cost_impact over the running experiments. " + _REFRESH,
        ("currency",),
    ),
)
