from __future__ import annotations

import json

import numpy as np
import pytest

from exporter.collectors.engagement_fatigue import Wear
from exporter.collectors.engagement_rates import Sessions
from exporter.collectors.engagement_suggest import recalibrate, rest, scale, suggestions
from exporter.sources.engagement_rows import VariantRow


def tired(pattern: str, reason: str | None, uses: float = 4, e_value: float | None = None) -> Wear:
    return Wear(pattern, "ann", uses, 0.0, 0.05, e_value, None, 35.0 if e_value else None, reason)


@pytest.mark.parametrize(
    ("started", "killed", "told"), [(10, 4, True), (10, 3, False), (9, 9, False), (1000, 301, True)]
)
def test_the_predictor_is_doubted_above_thirty_percent_of_ten_sessions(started: int, killed: int, told: bool) -> None:  # noqa: FBT001
    assert bool(recalibrate({"ann": Sessions(0, 0, started, killed)})) is told


def test_worn_patterns_that_are_in_use_shall_rest() -> None:
    wear = [tired("a", "uses"), tired("b", None), tired("c", "trend", e_value=1e9), tired("d", "uses", uses=0)]
    found = rest(wear)
    assert [(s.subject, s.reason) for s in found] == [("c", "trend"), ("a", "uses")]
    assert found[0].text == (
        "Rest the pattern c of ann: its engagement falls with its uses (e-value 1e+09, half of it after 35 uses)."
    )
    assert found[1].numbers == {"uses": 4, "freshness": 0.0, "engagement": 0.05}


def test_a_variant_far_above_the_others_shall_be_scaled() -> None:
    rows = [VariantRow(f"v{i}", "ann", impressions=2000, interactions=100) for i in range(9)]
    rows += [VariantRow("star", "ann", impressions=2000, interactions=200), VariantRow("alone", "bob", "", 0, 500, 400)]
    (found,) = scale(rows)
    assert (found.subject, found.action) == ("star", "scale")
    assert found.numbers["engagement"] == 0.1
    assert found.numbers["others"] == 0.05
    assert found.text.startswith("Scale star of ann: engagement 10.00%, the others 5.00% (e-value ")


def test_equal_variants_are_hardly_ever_called_leaders() -> None:
    rng = np.random.default_rng(3)
    told = 0
    for _ in range(100):
        acts = rng.binomial(1000, 0.05, 20)
        told += bool(scale([VariantRow(f"v{i}", impressions=1000, interactions=int(x)) for i, x in enumerate(acts)]))
    assert told <= 5  # false discoveries at 5 %


def test_words_are_json_and_the_most_pressing_come_first() -> None:
    found = suggestions([tired("a", "uses")], [], {"": Sessions(0, 0, 20, 20)})
    assert [each.action for each in found] == ["recalibrate", "rest"]
    words = json.loads(json.dumps([each.as_dict() for each in found]))
    assert words[0]["subject"] == "all"
    assert words[0]["text"].endswith("20 of the 20 sessions of the last 24 h ended in a kill (100%).")
    assert words[0]["numbers"] == {"kill_ratio": 1.0, "killed": 20.0, "sessions": 20.0}
