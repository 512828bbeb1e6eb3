"""SLOs, experiments and variants that come and go: the real collectors over a database and counters that change.

Everything but the counters, which are made up here, is what ``winburn serve`` runs, without the server.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from exporter.collectors.slo import SloCollector
from exporter.loop import Loop
from exporter.sources.base import CounterSource, Matrix, Reading, SourceError, series_key
from exporter.spec import Spec
from exporter.state import State
from winburn.assemble import assemble

_QUERY = "SELECT variant, n, successes FROM visits WHERE experiment = '{name}'"


class Counters:
    """A CounterSource: each selector has ``pods`` instances in zones; a pod lives for some of the hours and returns no
    more."""

    def __init__(self, pods: int, life: float, zones: int = 1) -> None:
        self.name = "prod"
        self.up: bool | None = True
        self._pods, self._life, self._zones = pods, life, zones

    def counters(self, selectors: Sequence[str], at: float) -> list[Reading | SourceError]:
        """Readings of the pods that live at ``at``."""
        return [self._reading(selector, at) for selector in selectors]

    def history(self, selectors: Sequence[str], start: float, end: float, step: float) -> list[Matrix | SourceError]:
        """Nothing: all is young."""
        times = np.arange(start, end + step / 2, step)
        return [Matrix(times, (), np.empty((0, len(times)))) for _ in selectors]

    def close(self) -> None:
        """Nothing is open."""

    def retention_start(self, at: float) -> float | None:  # noqa: ARG002 - the protocol's
        """As of a server that does not say."""
        return None

    def _reading(self, selector: str, at: float) -> Reading:
        bad, found = "code" in selector, {}
        for pod in range(self._pods):
            born = int(at / self._life + pod / self._pods)
            age = at - (born - pod / self._pods) * self._life
            labels = {"job": "shop", "instance": f"{pod}-{born}", "zone": f"z{(pod + born) % self._zones}"}
            found[series_key(labels)] = float(age * (0.001 if bad else 1.0) * (1 + pod) // 1)  # requests are whole
        return found


def spec(folder: Path, slos: int, experiments: int, generation: int = 0, *, group: bool = False) -> Spec:
    """So many of each; of another ``generation`` half of them have other names."""
    db = f"sqlite:///{folder / 'shop.db'}"
    tag = [f"{i}-{generation if i % 2 else 'stays'}" for i in range(max(slos, experiments))]
    grouped: dict[str, Any] = {"group_by": ["zone"]} if group else {}
    return Spec.model_validate(
        {
            "refresh": "15s",
            "sources": {
                "prod": {"type": "prometheus", "url": "http://localhost:1"},
                "shop": {"type": "sql", "url": db},
            },
            "state": {"url": f"sqlite:///{folder / 'state.db'}"},
            "slos": [
                {
                    "name": f"slo-{tag[i]}",
                    "service": "shop",
                    "objective": 99.9,
                    "period": "30d",
                    "sli": {"source": "prod", "total": f'r{{n="{tag[i]}"}}', "bad": f'r{{n="{tag[i]}",code="5"}}'},
                    **grouped,
                }
                for i in range(slos)
            ],
            "experiments": [
                {
                    "name": f"experiment-{tag[i]}",
                    "status": "running",
                    "control": "a",
                    "variants": {"a": 0.5, f"b{tag[i]}": 0.5},
                    "metrics": [
                        {
                            "name": "conversion",
                            "kind": "proportion",
                            "role": "primary",
                            "direction": "increase",
                            "source": "shop",
                            "query": _QUERY.format(name=f"experiment-{tag[i]}"),
                        }
                    ],
                }
                for i in range(experiments)
            ],
        }
    )


def fill(folder: Path, of: Spec, refresh: int) -> None:
    """What the shop's database says of the experiments at a refresh."""
    rows = [
        (one.name, variant, 1000 + 10 * refresh + i, 100 + refresh + i)
        for i, one in enumerate(of.experiments)
        for variant in one.variants
    ]
    with sqlite3.connect(folder / "shop.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS visits (experiment, variant, n, successes)")
        db.execute("DELETE FROM visits")
        db.executemany("INSERT INTO visits VALUES (?, ?, ?, ?)", rows)
    db.close()


def loop(of: Spec, state: State, counters: Counters) -> Loop:
    """The loop of a spec, its SLOs fed by the counters."""
    origin = -of.lag % of.refresh
    slos = SloCollector(
        cast(CounterSource, counters),
        of.slos,
        state,
        refresh=of.refresh,
        origin=origin,
        keep_seconds=of.keep_seconds,
        groups=of.limits.groups,
    )
    others = assemble(of.model_copy(update={"slos": ()}), state).collectors
    return Loop([slos, *others], refresh=of.refresh, lag=of.lag, keep_seconds=of.keep_seconds)
