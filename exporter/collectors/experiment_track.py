"""What is known of one experiment over time: its allocation epoch, the largest evidence so far, and who was killed.

Counts are never pooled across planned splits: where the spec's planned traffic differs from that under which the
counts were gathered, an epoch opens, and evidence, win rates and the split's test use only what came after the first
reading under the new plan. What was read between the two readings belongs to neither. Running maxima restart with the
epoch (the largest of several epochs' evidence is not evidence at the same level), and where control or alpha change; a
p-value is therefore one of its epoch. The kill is one test an epoch: its false-kill rate holds for each epoch.
Successes that come after the opening from units that came before it count in the new epoch: after a change of the
split let a few conversion lags pass before the numbers are believed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from exporter.collectors.experiment_counters import CounterTotals, Counts, definition
from exporter.contract import E_VALUE_CAP
from exporter.spec import Experiment, Metric
from exporter.state import Latch

KILL = "kill"
_LOG_CAP = math.log(E_VALUE_CAP)


class RestatedError(Exception):
    """Counts lie below those at the opening of the epoch; the message is one sentence."""


class MetricTrack:
    """One metric's past. Without a ``document`` nothing is known: in a first epoch all counts belong to it, in a later
    one those after the first reading."""

    def __init__(self, metric: Metric, *, first_epoch: bool, document: Mapping[str, Any] | None = None) -> None:
        self.metric = metric
        self._definition = definition(metric)
        if document is not None and document["definition"] != self._definition:
            document = None
        counters = document["counters"] if document else None
        self.counters = CounterTotals(metric.prometheus, counters) if metric.prometheus else None
        self._baseline: dict[str, list[float]] | None = {} if first_epoch else None
        self._max_log_e: dict[str, float] = {}
        if document:
            self._baseline, self._max_log_e = document["baseline"], dict(document["max_log_e"])
        self.is_new = document is None

    def open_epoch(self) -> None:
        """The next counts are the new epoch's baseline."""
        self._baseline = None
        self.forget_evidence()

    def forget_evidence(self) -> None:
        """Evidence from now on is about something else."""
        self._max_log_e = {}

    def since_opening(self, counts: Counts) -> tuple[Counts, bool]:
        """Counts of the epoch, and whether this was its opening. RestatedError where a count is below its baseline."""
        opens = self._baseline is None
        if self._baseline is None:
            self._baseline = {variant: [n, s] for variant, (n, s) in counts.items()}
        epoch = {}
        for variant in {**counts, **self._baseline}:
            n, s = counts.get(variant, (0.0, 0.0))
            n_before, s_before = self._baseline.get(variant, (0.0, 0.0))
            if n < n_before or s < s_before:
                raise RestatedError(
                    f"metric {self.metric.name}: variant {variant} has {n:g} units and {s:g} successes, fewer than "
                    f"the {n_before:g} and {s_before:g} when its traffic was last changed; counts must be cumulative"
                )
            epoch[variant] = (n - n_before, s - s_before)
        return epoch, opens

    def largest_log_e(self, variant: str, log_e: float) -> tuple[float, bool]:
        """The largest log e-value of the epoch with this one, at least 0, and whether this one raised it."""
        before = self._max_log_e.get(variant, 0.0)
        if not log_e > before or before >= _LOG_CAP:
            return before, False
        self._max_log_e[variant] = min(log_e, _LOG_CAP)
        return self._max_log_e[variant], True

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {
            "definition": self._definition,
            "baseline": self._baseline,
            "max_log_e": self._max_log_e,
            "counters": self.counters.document() if self.counters else None,
        }


class ExperimentTrack:
    """One experiment's past. ``changed`` says whether :meth:`document` differs from what was saved last."""

    def __init__(self, experiment: Experiment, document: Mapping[str, Any] | None, kills: Iterable[Latch]) -> None:
        self.experiment = experiment
        self.variants = [v for v in experiment.variants if v != experiment.control]
        self.killed = {latch.member: latch for latch in kills}
        self.epoch: int = document["epoch"] if document else 1
        self._srm_p: float = document["srm_p"] if document else 1.0
        stored = document["metrics"] if document else {}
        first = self.epoch == 1
        self.metrics = {
            m.name: MetricTrack(m, first_epoch=first, document=stored.get(m.name)) for m in experiment.metrics
        }
        self.changed = document is None or any(track.is_new for track in self.metrics.values())
        if self.metrics[experiment.primary.name].is_new:
            self._srm_p = 1.0
        if document is not None:
            self._compare(document)

    @property
    def is_draft(self) -> bool:
        """Nothing is read of a draft."""
        return self.experiment.status == "draft"

    @property
    def arms(self) -> list[str]:
        """All variants of the plan, the control first."""
        return [self.experiment.control, *self.variants]

    def smallest_srm_p(self, p: float) -> float:
        """The smallest p-value of the split in this epoch, with this one."""
        if p < self._srm_p:
            self._srm_p = p
            self.changed = True
        return self._srm_p

    def largest_log_e(self, metric: str, variant: str, log_e: float) -> float:
        """The largest log e-value of the epoch with this one, at least 0."""
        largest, raised = self.metrics[metric].largest_log_e(variant, log_e)
        self.changed |= raised
        return largest

    def since_opening(self, metric: str, counts: Counts) -> Counts:
        """Counts of the epoch, of which successes may not exceed units: counters are not read at one instant, and
        units from before the epoch may succeed in it. RestatedError as in MetricTrack."""
        epoch, opens = self.metrics[metric].since_opening(counts)
        self.changed |= opens
        return {variant: (n, min(s, n)) for variant, (n, s) in epoch.items()}

    def latch(self, variant: str, at: float, reason: str, facts: Mapping[str, Any]) -> Latch:
        """Kill a variant, once and for all."""
        self.killed[variant] = Latch(KILL, self.experiment.name, variant, at, reason, facts)
        return self.killed[variant]

    def under(self, experiment: Experiment, kills: Iterable[Latch]) -> ExperimentTrack:
        """The same past under a changed experiment, as the next process would have it."""
        # Through JSON, as through the store: the two share nothing.
        track = ExperimentTrack(experiment, json.loads(json.dumps(self.document())), kills)
        track.changed |= self.changed
        return track

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {
            "plan": self.experiment.variants,
            "control": self.experiment.control,
            "alpha": self.experiment.alpha,
            "epoch": self.epoch,
            "srm_p": self._srm_p,
            "metrics": {name: track.document() for name, track in self.metrics.items()},
        }

    def _compare(self, document: Mapping[str, Any]) -> None:
        if document["plan"] != self.experiment.variants:
            self.epoch += 1
            self._srm_p = 1.0
            for track in self.metrics.values():
                track.open_epoch()
            self.changed = True
        if (document["control"], document["alpha"]) != (self.experiment.control, self.experiment.alpha):
            for track in self.metrics.values():
                track.forget_evidence()
            self.changed = True
