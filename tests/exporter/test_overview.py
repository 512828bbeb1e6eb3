"""Samples as rows: order, words, and what is not defined."""

import pytest

from exporter.contract import Sample, optional, sample
from exporter.overview import overview


def slo(name: str, status: float | None, budget: float | None = None, group: str = "") -> list[Sample]:
    labels = {"slo": name} | ({"slo_group": group} if group else {})
    info = sample("slo_info", 1, slo_service="shop", category="quality", source="prod", period="30d", **labels)
    return [
        info,
        *optional("slo_status", status, **labels),
        *optional("slo_error_budget_remaining_ratio", budget, **labels),
    ]


def test_slos_stand_worst_first_and_then_by_what_is_left_of_the_budget() -> None:
    samples = [
        *slo("fine", 0, 0.9),
        *slo("tight", 0, 0.2),
        *slo("silent", 3),
        *slo("new", None),
        *slo("burning", 1, 0.5),
        *slo("gone", 2, -0.1),
        *slo("gone", 2, -0.3, group="zone=eu"),
    ]
    assert [(row.name, row.group, row.status) for row in overview(samples).slos] == [
        ("gone", "zone=eu", "breached"),
        ("gone", "", "breached"),
        ("burning", "", "at risk"),
        ("silent", "", "no data"),
        ("new", "", "not measured"),
        ("tight", "", "ok"),
        ("fine", "", "ok"),
    ]


def test_a_groups_numbers_are_its_own() -> None:
    samples = [
        *slo("a", 0, 0.5, group="zone=eu"),
        sample("slo_burn_rate", 2, slo="a", slo_group="zone=eu", window="5m"),
        sample("slo_burn_rate", 3, slo="a", window="5m"),
        sample("slo_events", 40, slo="a", slo_group="zone=eu", window="1h"),
    ]
    (row,) = overview(samples).slos
    assert (row.burn_5m, row.burn_1h, row.events_1h, row.objective) == (2.0, None, 40.0, None)


def experiment(name: str, status: str) -> list[Sample]:
    return [
        sample("experiment_info", 1, experiment=name, kind="ab_test", control="z", primary_metric="sales"),
        *(
            sample("experiment_status", one == status, experiment=name, status=one)
            for one in ("draft", "running", "paused")
        ),
        *(
            sample("experiment_variant_traffic_planned_ratio", 0.5, experiment=name, variant=variant)
            for variant in ("b", "z")
        ),
    ]


def test_an_experiment_has_its_status_and_control_first() -> None:
    rows = overview([*experiment("x", "draft"), *experiment("y", "running")]).experiments
    assert [(row.name, row.status, [v.name for v in row.variants]) for row in rows] == [
        ("y", "running", ["z", "b"]),
        ("x", "draft", ["z", "b"]),
    ]
    assert rows[1].participants is None
    assert [variant.control for variant in rows[0].variants] == [True, False]


@pytest.mark.parametrize(("value", "word"), [(-1, "worse"), (0, "undecided"), (1, "better")])
def test_the_verdict_is_the_primary_metrics(value: int, word: str) -> None:
    labels = {"experiment": "x", "variant": "b"}
    samples = [
        *experiment("x", "running"),
        sample("experiment_variant_verdict", value, metric="sales", **labels),
        sample("experiment_variant_verdict", -value, metric="other", **labels),
        sample("experiment_variant_early_kill", 1, **labels),
        sample("experiment_variant_participants", 7, **labels),
    ]
    (row,) = overview(samples).experiments
    control, variant = row.variants
    assert (variant.verdict, variant.killed, variant.participants) == (word, True, 7.0)
    assert (control.verdict, control.killed, control.participants, row.participants) == (None, False, None, 7.0)


def test_sources_and_collectors_with_what_is_known_of_them() -> None:
    samples = [
        sample("winburn_source_up", 0, source="prod"),
        sample("winburn_collector_series", 0, collector="b"),
        sample("winburn_collector_series", 3, collector="a"),
        sample("winburn_collector_success", 1, collector="a"),
    ]
    rows = overview(samples)
    assert [(part.name, part.success) for part in rows.sources] == [("prod", False)]
    assert [(part.name, part.success, part.series) for part in rows.collectors] == [("a", True, 3.0), ("b", None, 0.0)]


def test_nothing_gives_nothing() -> None:
    assert overview([]).slos == overview([]).experiments == overview([]).sources == ()
