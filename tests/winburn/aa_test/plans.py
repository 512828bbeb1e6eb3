"""Small experiments to simulate."""

from __future__ import annotations

from typing import Any

from exporter.spec import Experiment
from winburn.aa_test.facts import Plan, assumed

PROPORTION = {"name": "conversion", "kind": "proportion", "source": "shop"}
MEAN = {"name": "revenue", "kind": "mean", "role": "secondary", "source": "shop"}
RATIO = {"name": "pages", "kind": "ratio", "role": "secondary", "source": "shop"}
RATE = {"name": "errors", "kind": "rate", "role": "guardrail", "direction": "decrease", "margin": 0.1, "source": "shop"}
COUNTER = {
    "name": "clicks",
    "kind": "proportion",
    "source": "prod",
    "prometheus": {"exposures": "e_total", "events": "c_total"},
}


def experiment(*metrics: dict[str, Any], shares: tuple[float, ...] = (0.5, 0.5), **keys: Any) -> Experiment:
    """An experiment with the control a."""
    return Experiment.model_validate(
        {
            "name": "buttons",
            "control": "a",
            "variants": dict(zip("abcd", shares, strict=False)),
            "metrics": list(metrics or (PROPORTION,)),
            **keys,
        }
    )


def plan(it: Experiment, *, rate: float | None = None, **keys: Any) -> Plan:
    """With the stated defaults, 20,000 units and 100 looks."""
    return Plan(
        it, tuple(assumed(metric, rate) for metric in it.metrics), **{"horizon": 20_000.0, "looks": 100, **keys}
    )
