"""Which alerts fire by a snapshot, of those where seconds count.

A rule of Prometheus looks at the same gauges a scrape and an evaluation later, and raises the same alerts.
"""

from __future__ import annotations

from collections.abc import Callable

from exporter.notify.burns import burn_pages, paging
from exporter.notify.firing import Firing
from exporter.notify.kills import KilledAt, experiment_kills, variant_kills
from exporter.snapshot import Snapshot
from exporter.spec import Spec

NAMES = ("ExperimentEarlyKill", "SLOErrorBudgetBurn", "VariantEarlyKill")
"""The alerts that are told at once."""


def watch(spec: Spec, killed_at: KilledAt) -> Callable[[Snapshot], list[Firing]]:
    """The function from a snapshot to what fires by it."""
    experiments = {each.name: each for each in spec.experiments if each.early_kill is not None}
    pages = paging(spec)

    def firing(snapshot: Snapshot) -> list[Firing]:
        return [
            *experiment_kills(snapshot, experiments, spec, killed_at),
            *variant_kills(snapshot, spec),
            *burn_pages(snapshot, pages, spec),
        ]

    return firing
