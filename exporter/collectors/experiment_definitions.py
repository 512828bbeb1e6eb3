"""Status and planned traffic of experiments that an API describes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from exporter.sources.base import DefinitionSource, SourceError
from exporter.sources.turns import ask_in_turn
from exporter.spec import Experiment


class Definitions:
    """Asks the sources. What an API said last holds while it does not answer, and the spec before its first answer."""

    def __init__(self, sources: Mapping[str, Any], experiments: Sequence[Experiment]) -> None:
        self._of_spec = {e.name: e for e in experiments}
        self._sources = {e.name: sources[e.definition.source] for e in experiments if e.definition}
        self._known: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}
        self.asked = False
        """Whether :meth:`ask` was ever called."""

    def follow(self, before: Definitions) -> None:
        """Take over what the same APIs have said of the same experiments."""
        self._known = {n: k for n, k in before._known.items() if self._of_spec.get(n) == before._of_spec[n]}

    def ask(self, experiments: Iterable[Experiment], at: float) -> None:
        """Read the definitions of those that have one; ``errors`` then has a sentence for each that failed."""
        asked: dict[str, list[tuple[str, Callable[[], None]]]] = defaultdict(list)
        for experiment in experiments:
            if experiment.definition is not None:
                asked[experiment.definition.source].append((experiment.name, partial(self._ask, experiment, at)))
        answers: dict[str, SourceError | None] = {}
        for questions in asked.values():
            answers |= ask_in_turn(self._sources[questions[0][0]], questions)
        self.errors = {name: str(error) for name, error in answers.items() if error is not None}
        self.asked = True

    def _ask(self, experiment: Experiment, at: float) -> None:
        source, where = cast(DefinitionSource, self._sources[experiment.name]), experiment.definition
        if where is not None:
            found = source.definition(where, at)
            self._known[experiment.name] = _changes(experiment, found.status, found.shares)

    def defined(self, experiment: Experiment) -> Experiment:
        """The experiment, as commands left it, as its API describes it; what a command has set stands over that."""
        spec = self._of_spec[experiment.name]
        known = self._known.get(experiment.name, {})
        free = {field: value for field, value in known.items() if getattr(experiment, field) == getattr(spec, field)}
        return experiment.model_copy(update=free) if free else experiment


def _changes(experiment: Experiment, status: str | None, shares: Mapping[str, float] | None) -> dict[str, Any]:
    changes: dict[str, Any] = {} if status is None else {"status": status}
    if shares is not None:
        if set(shares) != set(experiment.variants):
            raise SourceError(
                f"experiment {experiment.name}: its definition has the variants {', '.join(sorted(shares))}, the spec "
                f"{', '.join(sorted(experiment.variants))}; they must be the same (names translates)"
            )
        changes["variants"] = {variant: shares[variant] for variant in experiment.variants}
    return changes
