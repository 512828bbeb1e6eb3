"""Families of experiments."""

from exporter.contract.family import Family

_REFRESH = "Computed every refresh, not at the scrape."
_METRIC = ("experiment", "variant", "metric")
_VARIANT = ("experiment", "variant")

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
        "experiment_applied_total",
        "What was done to the outside (apply) since the state store began; what was refused or is not known is not "
        "counted.",
        ("experiment", "action"),
        type="counter",
        stays=True,
    ),
    Family("experiments", "Experiments by status.", ("status",), stays=True),
)
