"""What is said of segments of an experiment's units, the most interesting first."""

from __future__ import annotations

import math

from exporter.collectors.experiment_analysis import Result, split
from exporter.collectors.experiment_reading import SEGMENTS_SHOWN, Reading
from exporter.collectors.experiment_samples import by_variant, defined
from exporter.contract import Sample


def samples(reading: Reading) -> list[Sample]:
    """Lift, interval, verdict and the split of the segments with the strongest evidence, then with the most units."""
    chosen = sorted(reading.segments, key=lambda segment: _interest(reading.segments[segment], segment))
    chosen = chosen[:SEGMENTS_SHOWN]
    found: list[Sample] = []
    shares = [reading.segment_shares(segment) for segment in chosen]
    effect = reading.track.design_effect_of_units()
    p_values, _ = split([n for n, _ in shares], [plan for _, plan in shares], [effect] * len(chosen))
    for segment, p in zip(chosen, p_values.tolist(), strict=True):
        found += defined("experiment_segment_srm_p_value", p, reading.experiment.name, segment)
        found += _of_segment(reading, segment)
    return found


def _interest(result: Result, segment: str) -> tuple[float, float, str]:
    """Small where there is much to see."""
    evidence = [log_e for log_e in result.log_e.tolist() if not math.isnan(log_e)]
    return -max(evidence, default=-math.inf), -float(result.units.sum()), segment


def _of_segment(reading: Reading, segment: str) -> list[Sample]:
    found: list[Sample] = []
    metric = reading.experiment.primary.name
    for variant, row in zip(reading.track.variants, by_variant(reading.segments[segment]), strict=True):
        of = (reading.experiment.name, variant, metric, segment)
        lower = row["lower"]
        found += defined("experiment_segment_lift_ratio", row["lift"], *of)
        found += defined("experiment_segment_lift_lower_ratio", lower if lower > -1 else None, *of)
        found += defined("experiment_segment_lift_upper_ratio", row["upper"], *of)
        found += defined("experiment_segment_verdict", row["verdict"], *of)
    return found
