from __future__ import annotations

from exporter.collectors.guardrail_track import GuardrailTrack
from exporter.collectors.slo_track import Track
from exporter.spec import Experiment, Guardrail, Metric, Slo

SLI = {"source": "prod", "total": "a_total", "bad": "b_total"}


def slo(name: str = "shop", **more: object) -> Slo:
    return Slo.model_validate({"name": name, "service": "s", "objective": 99.9, "period": "30d", "sli": SLI, **more})


def track(name: str = "x", of: Slo | None = None, by: str = "variant") -> GuardrailTrack:
    metric = Metric(name="m", kind="proportion", source="shop", query="q")
    experiment = Experiment(name=name, control="a", variants={"a": 0.5, "b": 0.5}, metrics=(metric,))
    return GuardrailTrack(experiment, Guardrail(slo="shop", by=by), of or slo())


def test_it_is_the_same_slo_by_variant_under_a_name_that_no_slo_has() -> None:
    found = track(of=slo(group_by=["zone"], labels={"team": "a"}), by="arm")
    assert found.slo.name == "x:shop"
    assert found.slo.group_by == ("arm",)
    assert found.slo.model_copy(update={"name": "shop", "group_by": ("zone",)}) == slo(
        group_by=["zone"], labels={"team": "a"}
    )
    assert found.variants == {"arm=a": "a", "arm=b": "b"}


def test_long_names_fit_into_the_store_and_differ() -> None:
    names = {track("x" * 100, slo("y" * 99 + end)).name for end in "12"}
    assert len(names) == 2
    assert all(len(name) <= 200 and ":" in name for name in names)


def test_one_that_was_seen_to_rest_begins_anew() -> None:
    one, counts = track(), Track(slo(group_by=["variant"]), 15.0, 0.0)
    one.begin(counts, 90.0)
    assert counts.end is None  # never seen to rest: the past is read
    one.rest()
    document = one.document()
    again = track()
    again.restore(document)
    again.begin(counts, 90.0)
    assert counts.end == 90.0
    assert again.changed


def test_what_is_stored_is_not_stored_again() -> None:
    one = track()
    assert one.changed
    one.saved()
    assert not one.changed
    again = track()
    again.restore(one.document())
    assert not again.changed
