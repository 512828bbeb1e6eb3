"""The document: every section from its families, nothing where nothing is known, only health where it is stale."""

import json
from typing import Any

import pytest

from exporter.live.content import suggestions
from exporter.live.document import document
from exporter.live.gather import Families
from tests.exporter.live.world import content, experiment, one, patterns, slo, snapshot, world


def sections(*samples: Any, **more: Any) -> Any:
    return document(snapshot(list(samples)), **more)


def test_without_samples_every_section_is_there_and_empty() -> None:
    empty = sections()
    assert {name for name, value in empty.items() if value == {}} == {
        *("slos", "experiments", "variants", "personas", "patterns", "suggestions", "kills", "health"),
    }
    assert (empty["at"], empty["stale"], empty["schema"], empty["waiting"]) == (1000.0, False, 1, [])


def test_an_slo_has_its_words_windows_and_minutes() -> None:
    found = sections(
        *slo("web", 1, 0.25, 2.0, category="quality", group="zone=eu"),
        one(
            "slo_error_budget_exhaustion_timestamp_seconds",
            2e9,
            slo="web",
            slo_group="zone=eu",
            forecast_quantile="0.5",
        ),
    )
    (key, row), *_ = found["slos"].items()
    assert key == "web/zone=eu"
    assert (row["name"], row["group"], row["service"], row["category"]) == ("web", "zone=eu", "shop", "quality")
    assert (row["status"], row["trend"], row["labels"]) == ("at risk", "degrading", {"team": "web"})
    assert (row["budget_ratio"], row["budget_minutes"]) == (0.25, pytest.approx(0.25 * 43.2))
    assert row["burn"]["1h"] == 2.0
    assert row["exhausted_at"] == {"0.5": 2e9}
    assert row["exhaustion_probability"] is None


def test_an_slo_that_only_has_its_info_is_not_measured() -> None:
    (info, *_) = slo("web", 0, 1, 0)
    row = sections(info)["slos"]["web"]
    assert (row["status"], row["budget_ratio"], row["burn"]) == ("not measured", None, {})


def test_an_experiments_numbers_are_those_of_its_primary_metric() -> None:
    other = one("experiment_variant_win_ratio", 0.123, experiment="checkout", variant="green", metric="revenue")
    row = sections(*experiment(0.97, killed=True), other)["experiments"]["checkout"]
    assert (row["status"], row["control"], row["metric"], row["participants"]) == (
        "running",
        "blue",
        "conversion",
        36000,
    )
    assert row["recommendation"] == {"variant": "green", "action": "ship", "reason": "it is better"}
    green, red = row["variants"]["green"], row["variants"]["red"]
    assert (green["win"], green["verdict"], green["killed"]) == (0.97, "better", False)
    assert (green["lift_lower"], green["lift"], green["lift_upper"]) == pytest.approx((-0.01, 0.04, 0.09))
    assert green["value_per_day"] == {"EUR": {"value": 120.5, "lower": 12.0, "upper": 230.0}}
    assert (red["verdict"], red["killed"]) == ("worse", True)


def test_costs_are_summed_over_categories_and_not_over_currencies() -> None:
    who = {"experiment": "checkout", "variant": "green"}
    costs = [(5, "ads", "EUR"), (7, "staff", "EUR"), (11, "ads", "USD")]
    rows = [one("experiment_variant_cost", value, category=kind, currency=money, **who) for value, kind, money in costs]
    assert sections(*experiment(), *rows)["experiments"]["checkout"]["variants"]["green"]["cost"] == {
        "EUR": 12,
        "USD": 11,
    }


def test_a_content_variant_is_read_against_its_prediction() -> None:
    row = sections(*content("post", 0.045))["variants"]["post/ada/hook"]
    assert row["against_prediction"] == pytest.approx(-0.25)
    assert (row["impressions"], row["killed"], row["killed_at"]) == (5000, False, None)


@pytest.mark.parametrize("predicted", [None, 0.0])
def test_without_a_prediction_there_is_nothing_to_read_against(predicted: float | None) -> None:
    who = {"variant": "post", "persona": "ada", "pattern": "hook"}
    more = [] if predicted is None else [one("variant_predicted_engagement_ratio", predicted, **who)]
    row = sections(one("variant_engagement_ratio", 0.1, **who), *more)["variants"]["post/ada/hook"]
    assert row["against_prediction"] is None


def test_kills_of_experiments_and_of_content_are_one_feed() -> None:
    found = sections(*experiment(killed=True), *content("post", 0.001, kill=900.0), *content("fine", 0.06))
    assert list(found["kills"]) == ["content/post/ada", "experiment/checkout/red"]
    assert [(row["kind"], row["at"]) for row in found["kills"].values()] == [("content", 900.0), ("experiment", None)]


def test_a_kill_without_its_counts_is_a_row_all_the_same() -> None:
    found = sections(one("variant_early_kill", 1, variant="gone", persona="ada"))
    assert found["variants"]["gone/ada/"]["killed"] is True
    assert found["kills"]["content/gone/ada"]["rate"] is None


def test_patterns_personas_and_suggestions() -> None:
    found = sections(*patterns())
    assert {key: row["state"] for key, row in found["patterns"].items()} == {
        "hook/ada": "fatigued",
        "story/ada": "fresh",
    }
    assert found["personas"]["ada"]["calibration_error"] == -0.12
    assert found["personas"]["ada"]["kills"] == {"evidence": 4}
    (row,) = found["suggestions"].values()
    labels = {"subject": "hook", "kind": "pattern", "action": "rest", "reason": "5 uses in 7 days"}
    assert row == {**labels, "text": None, "numbers": None}


def test_suggestions_say_their_words_where_there_are_some() -> None:
    (hook,) = sections(*patterns())["suggestions"].values()
    mine = {**hook, "text": "Rest the pattern hook of ada.", "numbers": {"uses": 5.0}}
    words = [{**mine, "subject": "another", "text": "no"}, mine, {**mine, "text": "of another persona"}]
    assert list(suggestions(Families(patterns()), words).values()) == [mine]


@pytest.mark.parametrize(
    ("fatigued", "freshness", "state"),
    [
        (1, 1, "fatigued"),
        (0, 0, "used up"),
        (0, 0.25, "fresh"),
        (None, 0, "used up"),
        (0, None, "fresh"),
        (None, None, None),
    ],
)
def test_a_patterns_state(fatigued: float | None, freshness: float | None, state: str | None) -> None:
    who = {"pattern": "hook", "persona": "ada"}
    given = {"pattern_uses": 1.0, "pattern_fatigued": fatigued, "pattern_freshness_ratio": freshness}
    samples = [one(name, value, **who) for name, value in given.items() if value is not None]
    assert sections(*samples)["patterns"]["hook/ada"]["state"] == state


def test_names_with_slashes_keep_their_rows_apart() -> None:
    who = {"pattern": "p"}
    samples = [
        one("variant_impressions", 1, variant="a/b", persona="c", **who),
        one("variant_impressions", 2, variant="a", persona="b/c", **who),
        one("variant_impressions", 3, variant="a%2Fb", persona="c", **who),
    ]
    assert sorted(row["impressions"] for row in sections(*samples)["variants"].values()) == [1, 2, 3]


def test_stale_leaves_health_only_and_no_words() -> None:
    found = document(snapshot(world(5)), stale=True, words={"events": [1]})
    assert set(found["health"]) == {"collector/slo:prod", "source/prod"}
    assert not any(found[name] for name in ("slos", "experiments", "variants", "kills", "patterns", "suggestions"))
    assert found["stale"] is True
    assert "events" not in found


def test_words_have_keys_of_their_own_and_never_ours() -> None:
    found = document(snapshot(world()), words={"events": [{"at": 1}], "slos": "none"})
    assert found["events"] == [{"at": 1}]
    assert "checkout-availability" in found["slos"]


def test_rows_of_a_section_have_the_same_fields_in_the_same_order_whatever_the_samples_order() -> None:
    samples = world(4)
    one_way, other_way = snapshot(samples), snapshot([])
    other_way = type(other_way)(other_way.full, other_way.health, tuple(reversed(samples)), one_way.at, one_way.expires)
    first, second = document(one_way), document(other_way)
    assert first == second
    assert json.dumps(first["variants"]) == json.dumps(second["variants"])
    for name in ("slos", "experiments", "variants", "patterns", "kills", "health"):
        assert len({tuple(row) for row in first[name].values()}) == 1, name


def test_next_steps_go_with_the_recommendations_that_they_speak_about() -> None:
    words = {"next_steps": {"checkout": "Give green to everybody.", "aged-out": "Give b to everybody."}, "events": []}
    info = one(
        "experiment_recommendation_info", 1, experiment="checkout", variant="green", action="ship", reason="better"
    )
    assert sections(info, words=words)["next_steps"] == {"checkout": "Give green to everybody."}
    assert sections(words=words)["next_steps"] == {}
    assert sections(info, words=words)["events"] == []
