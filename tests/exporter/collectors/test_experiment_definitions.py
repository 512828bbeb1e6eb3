"""Status and traffic that an API says."""

from __future__ import annotations

import pytest

from exporter.collectors.experiment import ExperimentCollector
from exporter.collectors.experiment_definitions import Definitions
from exporter.sources.base import Count, Definition, SourceError, Unreachable
from exporter.sources.turns import Turns
from exporter.spec import Experiment, JsonDefinition, Metric
from exporter.state import State
from tests.exporter.collectors.lab import Lab, Shop, experiment

DEFINED = {"definition": {"source": "shop", "item": "@"}}
COUNTS = {"a": (9000, 900), "b": (1000, 100)}


def asked(shop: Shop, one: Experiment) -> Definitions:
    found = Definitions({"shop": shop}, [one])
    found.ask([one], 0.0)
    return found


def test_what_the_api_says_stands_over_the_spec_until_it_says_something_else() -> None:
    one, shop = experiment(**DEFINED), Shop(says=Definition("paused", {"b": 0.1, "a": 0.9}))
    definitions = asked(shop, one)
    assert definitions.defined(one).status == "paused"
    assert definitions.defined(one).variants == {"a": 0.9, "b": 0.1}
    shop.says = None
    definitions.ask([one], 1.0)
    assert definitions.errors == {"x": "source shop: no definition"}
    assert definitions.defined(one).status == "paused"


def test_what_a_command_has_set_stands_over_that() -> None:
    one = experiment(**DEFINED)
    commanded = one.model_copy(update={"status": "failed"})
    definitions = asked(Shop(says=Definition("paused", {"b": 0.1, "a": 0.9})), one)
    assert definitions.defined(commanded).status == "failed"
    assert definitions.defined(commanded).variants == {"a": 0.9, "b": 0.1}


def test_an_api_that_hangs_is_asked_once_in_a_refresh() -> None:
    class Hanging(Shop):
        asked = 0

        def definition(self, _where: JsonDefinition, _at: float) -> Definition:
            self.asked += 1
            raise Unreachable("source shop gave no answer")

    shop = Hanging()
    several = [experiment(name=name, **DEFINED) for name in ("x", "y", "z")]
    definitions = Definitions({"shop": shop}, several)
    for refresh in (1, 2):
        definitions.ask(several, float(refresh))
        assert shop.asked == refresh
        text = "source shop gave no answer; no more is asked of it in this refresh"
        assert definitions.errors == dict.fromkeys(("x", "y", "z"), text)


def test_other_variants_are_an_error_in_words() -> None:
    definitions = asked(Shop(says=Definition("paused", {"a": 0.5, "c": 0.5})), one := experiment(**DEFINED))
    assert "its definition has the variants a, c, the spec a, b" in definitions.errors["x"]
    assert definitions.defined(one) is one


def test_the_collector_follows_a_ramp_of_the_api() -> None:
    shop = Shop({"m": COUNTS}, says=Definition("running", {"a": 0.9, "b": 0.1}))
    lab = Lab(experiment(**DEFINED), shop).look(0.0).look(15.0)
    assert lab.values("experiment_srm_p_value")[()] == pytest.approx(1, abs=0.05)
    assert lab.values("experiment_variant_traffic_planned_ratio") == {("a",): 0.9, ("b",): 0.1}
    shop.says = Definition("running", {"a": 0.5, "b": 0.5})
    lab.look(30.0).look(45.0, m={"a": (10_000, 1000), "b": (2000, 200)})
    assert lab.values("experiment_epochs")[()] == 2
    shop.says = Definition("paused", None)
    assert lab.look(60.0).values("experiment_status")[("paused",)] == 1
    shop.says = None
    lab.look(75.0)
    assert lab.errors == {"definition of x": "source shop: no definition"}


EVEN = {"a": 0.5, "b": 0.5}


class Flags:
    """An API that knows the status, or does not answer."""

    name, up, turns = "flags", True, Turns()

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
