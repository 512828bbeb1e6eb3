from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.collectors.engagement import EngagementCollector
from exporter.collectors.engagement_kills import LATCH
from exporter.contract import FAMILIES
from exporter.contract.engagement import ENGAGEMENT_FAMILIES
from exporter.sources.base import SourceError
from exporter.sources.engagement_rows import Engagement as Rows
from exporter.sources.engagement_rows import Kill, Period, Session, Uses, VariantRow
from exporter.spec import Engagement, VariantKill
from exporter.state import Latch, State, StateError

DAY = 86_400.0
NOW = 1000 * DAY
MINUTE = 60.0


@dataclass
class Scripted:
    """A source that answers with what a function of time says."""

    answer: Callable[[float], Rows | str]
    name: str = "shop"
    asked: list[float | None] = field(default_factory=list)

    def engagement(self, at: float, *, window: float, kills_after: float | None) -> Rows:  # noqa: ARG002 - the protocol's
        self.asked.append(kills_after)
        found = self.answer(at)
        if isinstance(found, str):
            raise SourceError(found)
        return found


def collector(
    answer: Callable[[float], Rows | str] | Rows, state: State | None = None, labels: int = 1000, **spec: object
) -> EngagementCollector:
    source = Scripted(answer if callable(answer) else lambda _at: answer)
    model = Engagement.model_validate({"source": "shop", **spec})
    return EngagementCollector(source, model, state or State("sqlite://"), labels=labels)


def values(reports: Sequence[object]) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for report in reports:
        for each in (*report.samples, *report.lasting):  # type: ignore[attr-defined]
            found.setdefault(each.name, {})[tuple(value for _, value in each.labels)] = each.value
    return found


def bad(at: float, rate: float = 0.005) -> Rows:
    """A variant that gets 10 views a second from NOW on, with a tenth of what is acceptable."""
    views = max(0.0, 10 * (at - NOW))
    return Rows(variants=(VariantRow("v", "ann", "list", 0.1, views, int(views * rate), posted_at=NOW),))


def full(at: float) -> Rows:
    periods = tuple(
        Period(p, "ann", NOW - (30 - k) * DAY, 1, 5000, 300 - 3 * k) for p in ("list", "story") for k in range(30)
    )
    return Rows(
        variants=(
            VariantRow("good", "ann", "list", 0.05, 5000, 400, posted_at=at - 1000, counted_at=at - 500),
            *(VariantRow(f"v{i}", "ann", "story", 0.05, 5000, 240, posted_at=at - 1000) for i in range(5)),
        ),
        sessions=tuple(Session(f"v{i}", "ann", at - 60, 0.05, killed=i < 4) for i in range(12)),
        kills=(Kill("dead", "ann", at - 30, "manual", 300.0),),
        uses=(Uses("list", "ann", 3), Uses("story", "ann", 1)),
        periods=periods,
    )


def test_every_family_appears_with_the_labels_of_the_catalogue() -> None:
    found = values(collector(full).collect(NOW))
    assert set(found) == {family.name for family in ENGAGEMENT_FAMILIES}
    assert all(FAMILIES[name].type in {"gauge", "counter"} for name in found)
    assert found["variant_engagement_ratio"]["good", "ann", "list"] == 0.08
    assert found["variant_early_kill"]["dead", "ann"] == 1
    assert found["variant_early_kill"]["good", "ann"] == 0
    assert found["variant_killed_timestamp_seconds"]["dead", "ann"] == NOW - 30
    assert found["variant_kills_total"] == {("ann", "manual"): 1}
    assert found["variant_kill_ratio"] == {("ann",): pytest.approx(4 / 12)}
    assert found["variant_time_to_kill_seconds"] == {("ann",): 300}
    assert found["variant_kill_e_value"]["good", "ann"] < 1  # its source says when it was counted
    assert found["pattern_freshness_ratio"] == {("list", "ann"): 0, ("story", "ann"): 0.5}
    assert found["pattern_fatigued"] == {("list", "ann"): 1, ("story", "ann"): 0}
    assert set(found["suggestion_info"]) == {
        ("ann", "predictor", "recalibrate", "kill_ratio"),
        ("list", "pattern", "rest", "uses"),
        ("good", "variant", "scale", "above_persona"),
    }


def test_nothing_known_is_nothing_shown() -> None:
    assert values(collector(Rows()).collect(NOW)) == {}


def test_a_bad_variant_dies_once_its_old_views_say_so_and_never_twice() -> None:
    state = State("sqlite://")
    wished: list[Sequence[Latch]] = []
    model = Engagement.model_validate({"source": "shop", "early_kill": {"lag": "30s"}})
    killer = EngagementCollector(Scripted(bad), model, state, wish=wished.append)
    killed_at = None
    for step in range(60):
        at = NOW + 5 * step
        if values(killer.collect(at)).get("variant_early_kill") == {("v", "ann"): 1} and killed_at is None:
            killed_at = at
    # 60 s pass before the first view counts; then 10 views a second
    assert killed_at is not None
    last = values(killer.collect(NOW + 300))
    assert NOW + 70 <= killed_at <= NOW + 100
    (latch,) = state.latches(LATCH)
    assert (latch.entity, latch.member, latch.at) == ("ann", "v", killed_at)
    assert latch.facts["views"] <= 10 * (killed_at - NOW - 60)
    assert latch.facts["seconds"] == killed_at - NOW
    assert "below 0.5 of the predicted rate 0.1" in latch.reason
    assert last["variant_kill_e_value"] == {("v", "ann"): latch.facts["e_value"]}  # as it was: no more views come
    assert [[each.member for each in latches] for latches in wished] == [["v"]]
    (entry,) = state.audit()
    assert (entry.kind, entry.entity, entry.member, entry.why) == ("variant", "ann", "v", latch.reason)
    # The next process may begin at the instant of the grid before the kill.
    again = EngagementCollector(Scripted(bad), model, state)
    assert values(again.collect(killed_at - 14))["variant_early_kill"] == {("v", "ann"): 1}


def test_replicas_on_one_store_wish_for_one_kill() -> None:
    state, wished = State("sqlite://"), list[Sequence[Latch]]()
    model = Engagement.model_validate({"source": "shop", "early_kill": {"lag": "30s"}})
    replicas = [EngagementCollector(Scripted(bad), model, state, wish=wished.append) for _ in range(2)]
    for step in range(60):
        shown = [values(each.collect(NOW + 5 * step + late)) for late, each in enumerate(replicas)]
    (latch,) = state.latches(LATCH)
    assert wished == [[latch], [latch]]  # the same occasion, which is applied once
    assert [each["variant_killed_timestamp_seconds"] for each in shown] == [{("v", "ann"): latch.at}] * 2


def test_a_good_variant_lives_and_one_that_nobody_sees_is_no_news() -> None:
    good = collector(lambda at: bad(at, rate=0.06), early_kill={"lag": "30s"})
    for step in range(60):
        assert values(good.collect(NOW + 5 * step))["variant_early_kill"] == {("v", "ann"): 0}
    row = VariantRow("old", "ann", "", 0.1, 10_000, 0, posted_at=NOW - 30 * DAY)
    quiet = collector(Rows(variants=(row,)), early_kill={"lag": "0s"})
    for step in range(3):
        assert "variant_early_kill" not in values(quiet.collect(NOW + 60 * step))


def test_a_restart_keeps_the_history_of_views_the_kill_and_the_totals(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    spec = {"early_kill": {"lag": "2m"}}

    def dead(at: float) -> Rows:
        return bad(at, rate=0.0)

    collector(dead, State(url), **spec).collect(NOW + MINUTE)
    later = NOW + 6 * MINUTE  # the first process's reading is old enough now, the second's own is not
    found = values(collector(dead, State(url), **spec).collect(later))
    assert found["variant_early_kill"] == {("v", "ann"): 1}
    assert found["variant_kills_total"] == {("ann", "below_expectation"): 1}
    model = Engagement.model_validate({"source": "shop", **spec})
    wished: list[Sequence[Latch]] = []
    third = EngagementCollector(Scripted(dead), model, State(url), wish=wished.append)
    assert values(third.collect(later + 5))["variant_kills_total"] == {("ann", "below_expectation"): 1}
    assert len(wished) == 1  # what was wished for before the restart may not have been done
    assert len(State(url).latches(LATCH)) == 1


def test_the_threshold_rule_kills_by_the_session() -> None:
    def answer(_at: float) -> Rows:
        row = VariantRow("v", "ann", "", None, 1000, 10, posted_at=NOW)
        calm = VariantRow("w", "ann", "", 0.9, 1000, 10, posted_at=NOW)
        return Rows(variants=(row, calm), sessions=(Session("v", "ann", NOW, 0.06),))

    found = values(collector(answer, early_kill={"rule": "threshold"}).collect(NOW + 30))
    assert found["variant_early_kill"] == {("v", "ann"): 1}
    assert "variant_kill_e_value" not in found
    late = values(collector(answer, early_kill={"rule": "threshold"}).collect(NOW + 600))
    assert "variant_early_kill" not in late


def test_no_rule_no_kill_but_others_kills_are_shown() -> None:
    found = values(collector(full, early_kill=None).collect(NOW))
    assert found["variant_early_kill"] == {("dead", "ann"): 1}
    assert "variant_kill_e_value" not in found


def test_a_source_that_fails_costs_the_numbers_and_no_kill() -> None:
    answers = iter([full(NOW), "source shop is down"])
    both = collector(lambda _at: next(answers))
    both.collect(NOW)
    report = both.collect(NOW + 15)[0]
    assert report.error == "source shop is down"
    assert report.samples == ()
    assert values([report])["variant_early_kill"] == {("dead", "ann"): 1}


def test_caps_cut_the_oldest_and_count_what_is_cut() -> None:
    capped = collector(lambda at: Rows(variants=full(at).variants, left_out={"variants": 7}), labels=2)
    found = values(capped.collect(NOW))
    assert list(found["variant_impressions"]) == [("good", "ann", "list"), ("v0", "ann", "story")]
    dropped = {dict(s.labels)["family"]: s.value for s in capped.health()}
    assert dropped["variant_impressions"] == 4 + 7
    assert dropped["variant_early_kill"] == 4
    capped.collect(NOW + 15)
    assert {dict(s.labels)["family"]: s.value for s in capped.health()}["variant_impressions"] == 22  # a counter


def test_at_most_fifty_suggestions_are_series_and_all_are_words() -> None:
    many = Rows(uses=tuple(Uses(f"p{i}", "ann", 3) for i in range(80)))
    told = collector(many)
    assert len(values(told.collect(NOW))["suggestion_info"]) == 50
    assert len(told.words()) == 80
    assert {dict(s.labels)["family"]: s.value for s in told.health()} == {"suggestion_info": 30}


def test_missing_tables_are_said_once() -> None:
    said: list[str] = []
    model = Engagement.model_validate({"source": "shop"})
    source = Scripted(lambda _at: Rows(missing=("there is no table x",)))
    quiet = EngagementCollector(source, model, State("sqlite://"), say=said.append)
    for step in range(3):
        assert quiet.collect(NOW + step)[0].error is None
    assert said == ["source shop: there is no table x"]


def test_a_store_that_cannot_be_written_is_told_and_the_kill_is_saved_later(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = State(f"sqlite:///{path}")
    wished: list[Sequence[Latch]] = []
    model = Engagement(source="shop", early_kill=VariantKill(rule="threshold"))
    rows = Rows(
        variants=(VariantRow("v", "ann", "", None, 1000, 10),), sessions=(Session("v", "ann", NOW, 0.06, timeout=9e9),)
    )
    killer = EngagementCollector(Scripted(lambda _at: rows), model, state, wish=wished.append)
    path.rename(tmp_path / "away.db")
    reports = killer.collect(NOW + 1)
    assert "cannot be written" in (reports[-1].error or "")
    assert values(reports)["variant_early_kill"] == {("v", "ann"): 1}
    assert wished == []
    (tmp_path / "away.db").rename(path)
    assert len(killer.collect(NOW + 2)) == 1
    assert [latch.member for latch in State(f"sqlite:///{path}").latches(LATCH)] == ["v"]
    assert len(wished) == 1


def test_a_store_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        collector(Rows(), State(f"sqlite:///{tmp_path / 'no' / 'state.db'}"))


def test_others_kills_are_read_from_the_last_on() -> None:
    source = Scripted(lambda _at: Rows(kills=(Kill("x", "ann", NOW - 5000, "manual"),)))
    kept = EngagementCollector(source, Engagement(source="shop"), State("sqlite://"))
    for step in range(3):
        found = values(kept.collect(NOW + step))
        assert found["variant_kills_total"] == {("ann", "manual"): 1}
    assert source.asked == [None, NOW - 5000 - 3600, NOW - 5000 - 3600]
