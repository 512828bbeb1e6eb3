"""A snapshot as rows in Influx line protocol, which Grafana Live takes in:
https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/

slo,slo=checkout,slo_group=zone\\=eu budget=0.41,burn_1h=2.5,status=1 1700000000000000000
experiment,experiment=button,metric=conversion,variant=green lift=0.1,verdict=1,win=0.99 1700000000000000000
arm,experiment=button,variant=green killed=0,participants=1200 1700000000000000000
variant,pattern=hook,persona=p1,variant=v1 actual=0.04,predicted=0.05,views=812 1700000000000000000
kill,persona=p1,variant=v1 e_value=0.3,killed=0 1700000000000000000

Each row is one entity with all that is known of it, and each push has every row: a panel that keeps the last values
must see who is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from exporter.contract import Sample
from exporter.notify.firing import of_family

MEASUREMENTS: Mapping[str, Mapping[str, str]] = {
    "slo": {
        "slo_status": "status",
        "slo_error_budget_remaining_ratio": "budget",
        "slo_trend": "trend",
        "slo_burn_rate": "burn",
    },
    "experiment": {
        "experiment_variant_metric_value": "value",
        "experiment_variant_win_ratio": "win",
        "experiment_variant_lift_ratio": "lift",
        "experiment_variant_lift_lower_ratio": "lift_lower",
        "experiment_variant_lift_upper_ratio": "lift_upper",
        "experiment_variant_verdict": "verdict",
    },
    "arm": {
        "experiment_variant_participants": "participants",
        "experiment_variant_traffic_ratio": "traffic",
        "experiment_variant_early_kill": "killed",
    },
    "variant": {
        "variant_engagement_ratio": "actual",
        "variant_predicted_engagement_ratio": "predicted",
        "variant_impressions": "views",
        "variant_interactions": "interactions",
    },
    "kill": {"variant_early_kill": "killed", "variant_kill_e_value": "e_value"},
}
"""Measurement (the channel's last part) -> family -> field. Families of one measurement have the same labels; one with
a window has a field for each: burn_1h."""

_IN_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})


def lines(samples: Sequence[Sample], nanoseconds: int) -> str:
    """The rows of all that is in ``samples`` (sorted by family), all at one time; empty where there is nothing."""
    found = []
    for measurement, families in MEASUREMENTS.items():
        rows: defaultdict[tuple[tuple[str, str], ...], dict[str, float]] = defaultdict(dict)
        for family, name in families.items():
            for sample in of_family(samples, family):
                tags = tuple(sorted(pair for pair in sample.labels if pair[0] != "window" and pair[1]))
                window = "".join(f"_{value}" for label, value in sample.labels if label == "window")
                rows[tags][name + window] = sample.value
        found += [_line(measurement, tags, rows[tags], nanoseconds) for tags in sorted(rows)]
    return "".join(found)


def _line(measurement: str, tags: tuple[tuple[str, str], ...], fields: Mapping[str, float], nanoseconds: int) -> str:
    of = "".join(f",{name}={_tag(value)}" for name, value in tags)
    values = ",".join(f"{name}={fields[name]!r}" for name in sorted(fields))
    return f"{measurement}{of} {values} {nanoseconds}\n"


def _tag(value: str) -> str:
    """The value of a tag. The protocol has no way to write a line's end, or a backslash at a value's end, where it
    would take away the meaning of what follows: these become a space and a slash."""
    one_line = " ".join(value.splitlines()) or "-"
    if one_line.endswith("\\"):
        one_line = one_line.rstrip("\\") + "/" * (len(one_line) - len(one_line.rstrip("\\")))
    return one_line.translate(_IN_TAG)
