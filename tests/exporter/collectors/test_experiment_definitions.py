from __future__ import annotations

from exporter.collectors.experiment import ExperimentCollector
from exporter.sources.base import Count, Definition, SourceError
from exporter.spec import Experiment, JsonDefinition, Metric
from exporter.state import State

EVEN = {"a": 0.5, "b": 0.5}


class Flags:
    """An API that knows the status, or does not answer."""

    name, up = "flags", True

    def __init__(self, status: str | None) -> None:
        self.status = status

    def definition(self, _where: JsonDefinition, _at: float) -> Definition:
        if self.status is None:
            raise SourceError("gone")
        return Definition("paused", None)

    def counts(self, _metric: Metric, _at: float) -> list[Count]:
        return [Count(variant, (1000.0, 100.0)) for variant in EVEN]


def status(api: Flags, *, asked: bool, defined: bool = True) -> str | None:
    metric = Metric(name="m", kind="proportion", source="flags", query="q")
    where = JsonDefinition(source="flags", status="s") if defined else None
    experiment = Experiment(name="x", control="a", variants=EVEN, metrics=(metric,), definition=where)
    collector = ExperimentCollector({"flags": api}, [experiment], State("sqlite://"), refresh=15.0)
    if asked:
        collector.collect(0.0)
    found = collector.defined(experiment)
    return None if found is None else found.status


def test_what_is_in_force_is_known_once_the_api_was_asked() -> None:
    assert status(Flags("paused"), asked=False) is None
    assert status(Flags("paused"), asked=True) == "paused"


def test_the_spec_holds_where_the_api_does_not_answer_or_there_is_none() -> None:
    assert status(Flags(None), asked=True) == "running"
    assert status(Flags("paused"), asked=False, defined=False) == "running"
