"""Snapshots: the bodies, what is left of them past expiry, and the process's own series."""

import gzip

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.contract import FAMILIES, HEALTH, PROCESS_SERIES, Sample, sample
from exporter.render import Exposition
from exporter.snapshot import Snapshot, build, process_exposition, process_registry

SAMPLES = [
    sample("winburn_source_up", 1, source="prod"),
    sample("slo_trend", 1, slo="b"),
    sample("slo_trend", 0, slo="a"),
]


def snapshot(samples: list[Sample], own: Exposition = Exposition()) -> Snapshot:  # noqa: B008 - frozen
    return build(samples, own=own, at=1000.0, expires=50.0)


def names(body: bytes) -> set[str]:
    return {one.name for family in parse_text(body.decode()) for one in family.samples}


def test_the_gzipped_bodies_are_the_plain_ones() -> None:
    shot = snapshot(SAMPLES, process_exposition(process_registry()))
    for bodies in (shot.full, shot.health):
        assert gzip.decompress(bodies.text_gzip) == bodies.text
        assert gzip.decompress(bodies.openmetrics_gzip) == bodies.openmetrics


def test_the_same_samples_give_the_same_bytes_in_whatever_order_they_come() -> None:
    assert snapshot(SAMPLES).full == snapshot(SAMPLES[::-1]).full


def test_the_processs_own_series_stand_before_the_end_of_openmetrics_in_both_sets_of_bodies() -> None:
    shot = snapshot(SAMPLES, process_exposition(process_registry()))
    for bodies in (shot.full, shot.health):
        assert names(bodies.text) >= PROCESS_SERIES
        assert bodies.openmetrics.count(b"# EOF\n") == 1
        assert bodies.openmetrics.endswith(b"# EOF\n")
        found = {one.name for family in parse_openmetrics(bodies.openmetrics.decode()) for one in family.samples}
        assert found == names(bodies.text)
        assert not any(name.endswith("_created") for name in found)


def test_health_bodies_have_the_health_families_only() -> None:
    shot = snapshot(SAMPLES)
    assert names(shot.full.text) == {"slo_trend", "winburn_source_up"}
    assert names(shot.health.text) == {"winburn_source_up"}


def test_every_health_family_outlives_expiry() -> None:
    samples = [sample(name, 1, **dict.fromkeys(FAMILIES[name].labels, "x")) for name in HEALTH]
    assert names(snapshot(samples).health.text) == HEALTH


def test_without_samples_the_bodies_are_empty_and_valid() -> None:
    shot = snapshot([])
    assert (shot.full.text, shot.full.openmetrics) == (b"", b"# EOF\n")
    assert list(parse_openmetrics(shot.full.openmetrics.decode())) == []


@given(st.floats(0, 1e9))
def test_expiry_is_a_monotonic_instant(now: float) -> None:
    assert snapshot([]).expired(now) == (now >= 50.0)


def test_samples_are_kept_in_the_order_of_the_bodies_and_counted() -> None:
    shot = snapshot(SAMPLES)
    assert [one.name for one in shot.samples] == ["slo_trend", "slo_trend", "winburn_source_up"]
    assert shot.series == 3


def test_ready_means_that_nothing_is_waited_for() -> None:
    assert snapshot([]).ready
    assert not build([], own=Exposition(), at=0.0, expires=1.0, waiting=("slo:prod",)).ready
