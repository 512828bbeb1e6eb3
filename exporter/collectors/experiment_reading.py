"""One experiment in one refresh: its counts, what is to be analysed of them, and what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from exporter.collectors.experiment_analysis import Result
from exporter.collectors.experiment_cases import Case
from exporter.collectors.experiment_costs import COST, Costs, currency_of, from_counters
from exporter.collectors.experiment_counts import Counts, key, parts, zero
from exporter.collectors.experiment_epochs import RestatedError
from exporter.collectors.experiment_feed import Answers
from exporter.collectors.experiment_track import ExperimentTrack
from exporter.sources.base import SourceError
from exporter.spec import Metric

if TYPE_CHECKING:
    from exporter.collectors.experiment_advice import Advice

SEGMENTS_SHOWN = 20
"""Segments of one experiment that are shown, the most interesting first."""


class Reading:
    """``results``, ``segments`` and ``trends`` come from the analysis of :meth:`cases`, :meth:`segment_cases` and
    :meth:`halves`. ``remaining`` has for each variant the units of all arms that its minimum lift still needs, where
    that is known."""

    def __init__(self, track: ExperimentTrack) -> None:
        self.track = track
        self.experiment = track.experiment
        self.read: set[str] = set()
        self.errors: list[str] = []
        self.results: dict[str, Result] = {}
        self.segments: dict[str, Result] = {}
        self.trends: dict[str, list[float]] = {}
        self.unusable = False
        self.remaining: dict[str, float] = {}
        self.advice: list[Advice] = []
        self._costs_failed = False

    @property
    def costs(self) -> Costs | None:
        """What was spent; None where it is not known, or where nothing is asked for."""
        return None if self._costs_failed else self.track.costs

    @property
    def answered(self) -> bool:
        """Whether the primary metric was read, or is known from before where nothing is asked any more.

        Without it the others are not shown either, and all age together.
        """
        return not self.unusable and self.experiment.primary.name in self.shown

    @property
    def shown(self) -> list[str]:
        """The metrics that something can be said of."""
        return [n for n, m in self.track.metrics.items() if (n in self.read if self.track.is_running else m.epochs())]

    def take(self, answers: Answers, at: float) -> None:
        """Keep what the sources said."""
        for name in self.track.metrics:
            answer = answers[self.experiment.name, name]
            try:
                if isinstance(answer, SourceError):
                    raise answer
                if isinstance(answer, Costs):
                    raise TypeError("a metric has counts")
                self.track.take(name, answer, at)
                self.read.add(name)
            except (SourceError, RestatedError) as error:
                self._fail(error)
        self._take_costs(answers.get((self.experiment.name, COST)))
        if self.answered:
            self.track.look(at)

    def refuse(self, error: Exception) -> None:
        """Its counts cannot be analysed."""
        self.unusable = True
        self._fail(ValueError(f"the counts of experiment {self.experiment.name} cannot be analysed: {error}"))

    def _take_costs(self, answer: Counts | Costs | SourceError | None) -> None:
        if isinstance(answer, SourceError):
            self._costs_failed = True
            self._fail(answer)
        elif isinstance(answer, Costs):
            self.track.costs = answer
        elif answer is not None:
            self.track.costs = from_counters(answer, currency_of(self.experiment))

    def _fail(self, error: Exception) -> None:
        if str(error) not in self.errors:
            self.errors.append(str(error))

    def cases(self) -> list[Case]:
        """Every metric of the spec, so that a failing source does not shrink the family of hypotheses."""
        shown = self.shown
        return [self._case(metric, known=name in shown) for name, metric in self._metrics()]

    def segment_cases(self) -> dict[str, Case]:
        """The primary metric within each segment: a family of hypotheses of its own, so that looking closer costs the
        experiment's verdict nothing."""
        metric, name = self.experiment.primary, self.experiment.primary.name
        if name not in self.shown or not self.experiment.dimensions:
            return {}
        epochs = self.track.metrics[name].epochs()
        known = {parts(of)[1] for epoch in epochs for of in epoch} - {""}
        family = f"{self._family()}\x1fsegments"
        return {segment: self._of_epochs(metric, epochs, segment, family) for segment in sorted(known)}

    def halves(self) -> dict[str, tuple[Case, Case]]:
        """Each shown metric in the present epoch: until about two thirds of its units had come, and since then."""
        counts = self.track.earlier() or {}
        pairs = {}
        for name, metric in self._metrics():
            if name in counts and name in self.shown:
                epochs = self.track.metrics[name]
                parts_ = (epochs.since_opening(counts[name]), epochs.after(counts[name]))
                earlier, later = (self._of_epochs(metric, [part], "", "") for part in parts_)
                pairs[name] = (earlier, later)
        return pairs

    def course(self) -> list[tuple[float, Case]]:
        """The primary metric as it was known at the end of each block of the present epoch: time and case."""
        metric, epochs = self.experiment.primary, self.track.primary
        return [
            (mark.at, self._of_epochs(metric, [*epochs.closed, epochs.since_opening(counts)], "", self._family()))
            for mark in self.track.marks[1:]
            if (counts := mark.counts.get(metric.name))
        ]

    def units(self) -> dict[str, float]:
        """Units of each variant of the plan over all epochs, pauses included."""
        counts = self.track.primary.last or {}
        return {arm: counts[arm][0] if arm in counts else 0.0 for arm in self.track.arms}

    def shares(self) -> tuple[list[float], list[float]]:
        """Units under the present plan and planned shares: of the arms that the plan holds for, then of strangers.

        A killed variant is left out: that its traffic stops is what the kill is for. The others keep their shares of
        what is left.
        """
        units, plan = self.track.units_of_plan(), self.experiment.variants
        arms = [arm for arm in self.track.arms if arm not in self.track.killed]
        strangers = [variant for variant in units if variant not in plan]
        left = sum(plan[arm] for arm in arms)
        if left <= 0:
            return [0.0], [1.0]
        counted = [units.get(arm, 0.0) for arm in [*arms, *strangers]]
        return counted, [*(plan[arm] / left for arm in arms), *(0.0 for _ in strangers)]

    def segment_shares(self, segment: str) -> tuple[list[float], list[float]]:
        """As :meth:`shares` within a segment, of the present epoch."""
        counts, plan = self.track.primary.present(), self.experiment.variants
        arms = [arm for arm in self.track.arms if arm not in self.track.killed and plan[arm] > 0]
        left = sum(plan[arm] for arm in arms)
        if left <= 0:
            return [0.0], [1.0]
        units = [counts[key(arm, segment)][0] if key(arm, segment) in counts else 0.0 for arm in arms]
        return units, [plan[arm] / left for arm in arms]

    def design_effect(self, name: str) -> float:
        """By which a metric's counts are divided; nan while it is not known."""
        windows = self.track.windows.get(name)
        return 1.0 if windows is None else windows.design_effect(self.track.arms)

    def _metrics(self) -> list[tuple[str, Metric]]:
        return [(name, epochs.metric) for name, epochs in self.track.metrics.items()]

    def _case(self, metric: Metric, *, known: bool) -> Case:
        epochs = self.track.metrics[metric.name].epochs() if known else []
        return self._of_epochs(metric, epochs, "", self._family())

    def _family(self) -> str:
        return "" if self.experiment.false_discovery == "all" else self.experiment.name

    def _of_epochs(self, metric: Metric, epochs: Sequence[Counts], segment: str, family: str) -> Case:
        increase = metric.direction == "increase"
        margin = metric.margin if metric.role == "guardrail" else 0.0
        kill = self.experiment.early_kill if metric.role == "primary" and not segment else None
        empty = tuple(0.0 if math.isnan(x) else x for x in zero(metric))
        sums = tuple(
            tuple(epoch.get(key(arm, segment), empty) for arm in self.track.arms)
            for epoch in epochs
            if any(key(arm, segment) in epoch for arm in self.track.arms)
        )
        return Case(
            kind=metric.kind,
            epochs=sums,
            planned=tuple(self.experiment.variants[arm] for arm in self.track.arms),
            increase=increase,
            alpha=self.experiment.alpha,
            family=family,
            null_ratio=1.0 - margin if increase else 1.0 + margin,
            kill_margin=kill.margin if kill else None,
            design_effect=self.design_effect(metric.name),
            earns=self.experiment.value is not None and metric.name == self.experiment.value.metric and not segment,
        )
