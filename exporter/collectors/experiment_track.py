"""What is known of one experiment over time: its life, allocation epochs, the largest evidence, and who was killed.

Counts are never pooled across splits of the traffic. An epoch ends where the planned split changes, where the
experiment pauses or ends, and where the data say that the split was changed elsewhere; evidence is then combined over
epochs, each compared within itself. Running maxima go on over epochs, for they are of one and the same hypothesis; they
restart where control, alpha or direction change. Successes that come after an opening from units that came before it
count in the new epoch: after a change of the split let a few conversion lags pass before the numbers are believed.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from exporter.collectors.experiment_changes import changed_before
from exporter.collectors.experiment_costs import Costs, counters_of
from exporter.collectors.experiment_counts import Counts, parts
from exporter.collectors.experiment_epochs import MetricEpochs
from exporter.collectors.experiment_pace import Blocks, Mark, Pace
from exporter.collectors.experiment_windows import Windows
from exporter.collectors.lifecycle import left
from exporter.spec import KINDS, Experiment
from exporter.state import AuditEntry, Latch

KILL = "kill"
ENDED = frozenset({"completed", "failed"})

_FORM = 2
_SAVE_EVERY = 300.0


class ExperimentTrack:
    """One experiment's past. ``changed`` says whether :meth:`document` differs from what was saved last in a way that
    must not be lost; what may be lost, a few minutes of counts, becomes :meth:`due` from time to time.

    ``experiment`` is as in force: with the status and the split that a command may have set. ``arms`` are all variants
    of the plan, the control first, and ``variants`` those without it.
    """

    def __init__(
        self,
        experiment: Experiment,
        document: Mapping[str, Any] | None,
        kills: Iterable[Latch],
        moves: Sequence[AuditEntry] = (),
    ) -> None:
        if document is not None and document.get("form") != _FORM:
            document = None
        self._set(experiment)
        self.killed = {latch.member: latch for latch in kills}
        self.ended_at: float | None = document["ended_at"] if document else None
        self.changed = document is None
        self.seen: int | None = document.get("seen") if document else None
        """Up to which id of the audit trail its moves have been taken; None where that is not known."""
        self._saved_at: float | None = None
        self._srm_p: float = document["srm_p"] if document else 1.0
        self._units_of_plan: dict[str, float] = dict(document["units_of_plan"]) if document else {}
        self._in_force = dict(document["in_force"]) if document else _in_force(experiment)
        self._blocks = Blocks(document["blocks"] if document else None)
        self.pace = Pace(document["pace"] if document else None)
        self.value_pace = Pace(document.get("value_pace") if document else None)
        stored = document["metrics"] if document else {}
        started = any(metric["opening"] is not None or metric["closed"] for metric in stored.values())
        self.metrics = {
            m.name: MetricEpochs(
                m,
                experiment.dimensions if m.role == "primary" else (),
                from_start=not started,
                document=stored.get(m.name),
            )
            for m in experiment.metrics
        }
        windows = document["windows"] if document else {}
        self.windows = {
            m.name: Windows(m, windows.get(m.name))
            for m in experiment.metrics
            if m.prometheus and not m.prometheus.once and m.kind in {"proportion", "rate"}
        }
        cost, known = experiment.cost, document["cost"] if document else {}
        self.cost_counters = counters_of(cost, known.get("counters")) if cost else None
        self.costs: Costs | None = Costs(**known["costs"]) if cost and known.get("costs") else None
        if self.primary.is_new:
            self._srm_p, self._units_of_plan, self.pace = 1.0, {}, Pace()
        self.changed |= any(metric.is_new for metric in self.metrics.values())
        self.put_in_force(experiment, None, moves)

    def _set(self, experiment: Experiment) -> None:
        self.experiment = experiment
        # The plan's variants, and these with the control in front: asked for dozens of times in a refresh.
        self.variants = [variant for variant in experiment.variants if variant != experiment.control]
        self.arms = [experiment.control, *self.variants]
        self._primary = experiment.primary.name

    @property
    def primary(self) -> MetricEpochs:
        """The metric that decides."""
        return self.metrics[self._primary]

    @property
    def is_running(self) -> bool:
        """Whether it gathers units."""
        return self.experiment.status == "running"

    @property
    def is_read(self) -> bool:
        """Whether its sources are asked: once also if it does not run any more and nothing is known of it yet."""
        return self.is_running or not (self.is_draft or self.primary.closed or self.primary.last)

    @property
    def sources(self) -> frozenset[str]:
        """What its metrics and costs are read from."""
        cost = self.experiment.cost
        return frozenset([m.metric.source for m in self.metrics.values()] + ([cost.source] if cost else []))

    @property
    def has_counters(self) -> bool:
        """Whether anything of it is counted from raw counters, which are read on a grid of instants."""
        return self.cost_counters is not None or any(metric.counters for metric in self.metrics.values())

    @property
    def is_draft(self) -> bool:
        """Nothing is read, and nothing shown, of a draft."""
        return self.experiment.status == "draft"

    @property
    def epoch(self) -> int:
        """How many allocation epochs there were, the present one included."""
        present = bool(self.primary.present()) or not self.primary.closed
        return len(self.primary.closed) + present

    def has_left(self, at: float) -> bool:
        """Whether it ended so long ago that it is not shown any more."""
        return self.ended_at is not None and at - self.ended_at > self.experiment.keep_ended

    def put_in_force(self, experiment: Experiment, at: float | None, moves: Sequence[AuditEntry] = ()) -> None:
        """What is planned from now on; ``at`` None at the start of the process, where the time is not known yet.

        ``moves`` are entries of the trail about it: one that is back where it was had another epoch all the same.
        """
        before, now = self._in_force, _in_force(experiment)
        new = [move for move in moves if self.seen is not None and move.id > self.seen]
        was_away = bool(new) and before["status"] == "running" and left(before["plan"], new)
        self._set(experiment)
        if now["status"] in ENDED and self.ended_at is None and at is not None:
            self.ended_at, self.changed = at, True
        if now["status"] not in ENDED:
            self.ended_at = None
        if now == before and not was_away:
            return
        self._in_force, self.changed = now, True
        # Before anything was read there is no split to be told apart: an API may say another plan than the spec.
        seen = any(metric.last is not None or metric.closed for metric in self.metrics.values())
        moved = was_away or before["plan"] != now["plan"]
        if (seen and moved) or (before["status"] == "running") != (now["status"] == "running"):
            self._close_epoch()
        if before["plan"] != now["plan"]:
            self._srm_p, self._units_of_plan = 1.0, {}
        if (before["control"], before["alpha"], before["directions"]) != (
            now["control"],
            now["alpha"],
            now["directions"],
        ):
            for metric in self.metrics.values():
                metric.forget_evidence()

    def take(self, name: str, counts: Counts, at: float) -> None:
        """The latest counts of a metric. RestatedError as in MetricEpochs."""
        if self.metrics[name].take(counts):
            self.changed = True
            if name == self._primary:
                self._blocks.restart()
        self.changed |= self.metrics[name].admitted
        if name in self.windows:
            self.windows[name].take(at, counts, self.arms)

    def look(self, at: float) -> None:
        """After all metrics of an instant were taken: see how fast units come, and whether their split has changed."""
        counts = self.primary.last
        if counts is None:
            return
        units = {arm: counts[arm][0] for arm in self.arms if arm in counts}
        self.pace.take(at, sum(units.values()))
        self._take_value(at)
        every = {name: metric.last for name, metric in self.metrics.items() if metric.last and metric.opened}
        if self._blocks.take(Mark(at, units, every)):
            self.changed = True
            self._see_changes()

    def _take_value(self, at: float) -> None:
        """The pace of what the value is per unit of: of a ratio its denominator, of others the units or exposure."""
        value = self.experiment.value
        counts = self.metrics[value.metric].last if value else None
        if value and counts:
            kind = KINDS[self.metrics[value.metric].metric.kind]
            column = kind.every.index("denominator" if "denominator" in kind.every else kind.units)
            self.value_pace.take(at, sum(counts[arm][column] for arm in self.arms if arm in counts))

    def units_of_plan(self) -> dict[str, float]:
        """Units of every variant, planned or not, since the planned split last changed."""
        found = dict(self._units_of_plan)
        for variant, units in _units(self.primary.present()).items():
            found[variant] = found.get(variant, 0.0) + units
        return found

    def earlier(self) -> Mapping[str, Counts] | None:
        """The counts of every metric when about two thirds of the present epoch's units had come; None early on."""
        mark = self._blocks.at_share(2 / 3)
        return mark.counts if mark else None

    @property
    def marks(self) -> Sequence[Mark]:
        """The counts at the opening of the present epoch and at the ends of its blocks, oldest first."""
        return self._blocks.marks

    def smallest_srm_p(self, p: float) -> float:
        """The smallest p-value under the present plan, with this one."""
        if p < self._srm_p:
            self._srm_p, self.changed = p, True
        return self._srm_p

    def largest_log_e(self, metric: str, variant: str, log_e: float) -> float:
        """The largest log e-value so far with this one, at least 0."""
        largest, raised = self.metrics[metric].largest_log_e(variant, log_e)
        self.changed |= raised
        return largest

    def latch(self, variant: str, at: float, reason: str, facts: Mapping[str, Any]) -> Latch:
        """Kill a variant, until a command lifts it."""
        self.killed[variant] = Latch(KILL, self.experiment.name, variant, at, reason, facts)
        return self.killed[variant]

    def due(self, at: float) -> bool:
        """Whether it should be saved now."""
        if self._saved_at is None:
            # Spread over time, so that ten thousand experiments are not saved by the same refresh.
            self._saved_at = at - hash_share(self.experiment.name) * _SAVE_EVERY
        return self.changed or (self.is_running and at - self._saved_at >= _SAVE_EVERY)

    def saved(self, at: float) -> None:
        """:meth:`document` is stored."""
        self.changed, self._saved_at = False, at

    def document(self) -> dict[str, Any]:
        """As a JSON value, for the next process."""
        return {
            "form": _FORM,
            "in_force": self._in_force,
            "seen": self.seen,
            "ended_at": self.ended_at,
            "srm_p": self._srm_p,
            "units_of_plan": self._units_of_plan,
            "cost": {
                "costs": self.costs.document() if self.costs else None,
                "counters": self.cost_counters.document() if self.cost_counters else None,
            },
            "pace": self.pace.document(),
            "value_pace": self.value_pace.document(),
            "blocks": self._blocks.document(),
            "windows": {name: windows.document() for name, windows in self.windows.items()},
            "metrics": {name: metric.document() for name, metric in self.metrics.items()},
        }

    def _close_epoch(self) -> None:
        for variant, units in _units(self.primary.present()).items():
            self._units_of_plan[variant] = self._units_of_plan.get(variant, 0.0) + units
        for metric in self.metrics.values():
            metric.close()
        for windows in self.windows.values():
            windows.skip()
        self._blocks.restart()
        self.changed = True

    def _see_changes(self) -> None:
        """Cut the present epoch where the data say that the split was changed elsewhere, as often as they say it."""
        while len(self._blocks) > 2 and not math.isnan(phi := self._units_per_choice()):
            block = changed_before(np.array(self._blocks.units(self.arms)) / phi)
            if block is None:
                return
            self._split_at(block)

    def _units_per_choice(self) -> float:
        """What the units are divided by to be counted as choices of an arm; of bare exposure that between two events,
        which does not depend on its unit."""
        phi = self.design_effect_of_units()
        if math.isnan(phi) and self._primary not in self.windows:
            present = [sums for of, sums in self.primary.present().items() if not parts(of)[1]]
            exposure, events = (sum(sums[i] for sums in present) for i in (0, 1))
            phi = exposure / events if events > 0 else math.nan
        return phi

    def design_effect_of_units(self) -> float:
        """By how much the units themselves come in clusters; nan while that is not known.

        Exposure that nothing is known of is none that could be counted: it may be in seconds or in days.
        """
        windows = self.windows.get(self._primary)
        if windows is None:
            return math.nan if self.primary.metric.kind == "rate" else 1.0
        planned = [(arm, share) for arm, share in self.experiment.variants.items() if share > 0]
        return windows.design_effect_of_units([arm for arm, _ in planned], [share for _, share in planned])

    def _split_at(self, block: int) -> None:
        """What came before this block is an epoch of its own."""
        mark, rest = self._blocks.marks[block], self._blocks.marks[block + 1 :]
        before = _units(self.primary.present())
        for name, metric in self.metrics.items():
            metric.close(mark.counts.get(name, metric.last))
        after = _units(self.primary.present())
        for variant, units in before.items():
            self._units_of_plan[variant] = self._units_of_plan.get(variant, 0.0) + units - after.get(variant, 0.0)
        self._blocks.restart(mark, rest)
        self.changed = True


def hash_share(name: str) -> float:
    """A number in [0, 1) that is a name's own, the same in every process."""
    return float(zlib.crc32(name.encode()) % 997) / 997.0


def _units(counts: Counts) -> dict[str, float]:
    return {of: sums[0] for of, sums in counts.items() if not parts(of)[1]}


def _in_force(experiment: Experiment) -> dict[str, Any]:
    return {
        "status": experiment.status,
        "plan": dict(experiment.variants),
        "control": experiment.control,
        "alpha": experiment.alpha,
        "directions": {metric.name: metric.direction for metric in experiment.metrics},
    }
