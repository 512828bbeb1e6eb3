"""From a spec, a state store and its sources to the document, against counts that are written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.state import AuditEntry, State
from exporter.state.copying import copied
from tests.winburn.report.shop import AT, Shop, opened, watched
from winburn.report.document import Document
from winburn.report.gather import Chosen, all_entries, gather
from winburn.report.standing import evaluated, history
from winburn.report.values import Missing, Period

HOUR = 3600.0
LAST = Period(AT - 4 * HOUR, AT, "last 4h")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return watched(tmp_path_factory.mktemp("shop"))


def reported(shop: Shop, period: Period = LAST, now: float = AT, chosen: Chosen = Chosen()) -> Document:  # noqa: B008 - frozen
    spec = shop.spec
    state = copied(str(spec.state.url), [slo.name for slo in spec.slos])
    standing, sources = evaluated(spec, state, period, now)
    past = history(spec, sources, now, lambda _name, _share: None)
    return gather(spec, state, period, standing, chosen=chosen, history=past, as_of_now=period.end < now - 300)


def test_the_slo_is_counted_from_the_store(shop: Shop) -> None:
    found = reported(shop)
    checkout = next(slo for slo in found.slos if slo.name == "checkout")
    assert checkout.origin.startswith("the state store")
    # Five minutes of the four hours are corrected; the outage was two hours ago.
    assert checkout.events == 4 * 3600 - 300
    assert checkout.bad == 300
    assert checkout.achieved == pytest.approx(1 - 300 / 14100)
    assert checkout.met is False
    assert checkout.coverage == pytest.approx(1.0)
    # 300 bad events of 1 % of a day's, of which six hours are known, five minutes of them corrected.
    assert checkout.spent == pytest.approx(300 / (21299 * 0.01) * 6 / 24, rel=1e-3)
    assert checkout.remaining == pytest.approx(1 - checkout.spent)
    (incident,) = checkout.incidents
    assert (incident.bad, incident.total) == (300, 600)
    assert (incident.since, incident.until) == (AT - 7800, AT - 7200)
    assert incident.spent == checkout.spent
    assert checkout.others == pytest.approx(0.0)
    assert [one.reason for one in checkout.corrections] == ["failover drill"]
    assert checkout.corrected_seconds == 300
    assert isinstance(checkout.forecast.probability, Missing)


def test_alerts_are_replayed_and_were_right(shop: Shop) -> None:
    paging = next(slo for slo in reported(shop).slos if slo.name == "checkout").paging
    assert not isinstance(paging, Missing)
    assert paging.origin == "replay"
    assert len(paging.pages) == 1
    assert AT - 7800 < paging.pages[0].since < AT - 7200
    assert paging.precision == 1


def test_what_had_no_events_has_no_numbers(shop: Shop) -> None:
    search = next(slo for slo in reported(shop).slos if slo.name == "search")
    assert isinstance(search.achieved, Missing)
    assert isinstance(search.spent, Missing)
    assert isinstance(search.met, Missing)


def test_the_experiment_says_what_it_knows(shop: Shop) -> None:
    buttons, later = reported(shop).experiments
    assert (buttons.status, buttons.participants) == ("running", 9600)
    result = next(r for r in buttons.results if r.variant == "b")
    assert result.lift == pytest.approx(0.5)
    assert result.verdict == "better"
    assert isinstance(result.lower, float)
    assert isinstance(result.upper, float)
    assert 0 < result.lower < 0.5 < result.upper
    assert [(a.variant, a.action) for a in buttons.advice] == [("b", "ship")]
    assert "Give b to everybody" in buttons.next_steps
    money = {one.variant: one for one in buttons.money}
    assert money["b"].cost == pytest.approx(480)
    # 5 points of all units of a day, at 2 EUR each: 9600 units came in half an hour.
    assert money["b"].per_day == pytest.approx(0.05 * 9600 * 48 * 2, rel=0.01)
    assert isinstance(money["a"].per_day, Missing)
    assert later.status == "draft"
    assert isinstance(later.evidence, Missing)


def test_evidence_over_time_grows_to_what_is_known_now(shop: Shop) -> None:
    (buttons, _) = reported(shop).experiments
    assert not isinstance(buttons.evidence, Missing)
    assert (buttons.evidence.origin, buttons.evidence.boundary) == ("counts", 20)
    ((variant, (points,)),) = buttons.evidence.lines
    assert variant == "b"
    assert len(points) > 8
    now = next(r.e_value for r in buttons.results if r.variant == "b")
    assert points[-1][1] == pytest.approx(now)
    assert points[0][1] < points[-1][1]


def test_it_is_the_same_twice_and_nothing_is_written(shop: Shop) -> None:
    before = (shop.folder / "state.db").read_bytes()
    assert reported(shop) == reported(shop)
    assert (shop.folder / "state.db").read_bytes() == before


def test_decisions_are_those_of_the_period(shop: Shop) -> None:
    state = State(f"sqlite:///{shop.folder}/other.db")
    times = [AT - 5 * HOUR, AT - HOUR, AT + 1]
    state.record([AuditEntry(at, "experiment", "buttons", "", "pause", "ann", str(at)) for at in times])
    state.close()
    spec = shop.spec
    copy = copied(f"sqlite:///{shop.folder}/other.db", [])
    standing, _ = evaluated(spec, copy, LAST, AT)
    found = gather(spec, copy, LAST, standing)
    assert [one.at for one in found.decisions] == [AT - HOUR]
    assert [one.at for one in found.experiments[0].life] == times[:2]
    assert len(all_entries(copy)) == 3


def test_without_a_store_the_sources_tell(tmp_path: Path) -> None:
    shop = opened(tmp_path)
    shop.count((1000, 100), (1000, 120))
    found = reported(shop)
    checkout = next(slo for slo in found.slos if slo.name == "checkout")
    assert checkout.bad == 300
    assert not (tmp_path / "state.db").exists()


def test_a_period_that_is_over_is_read_where_the_ledger_does_not_reach(tmp_path: Path) -> None:
    shop = opened(tmp_path)
    shop.count((1000, 100), (1000, 120))
    over = Period(AT - 4 * HOUR, AT - HOUR, "")
    found = reported(shop, over, AT + 10 * 86400)
    checkout = next(slo for slo in found.slos if slo.name == "checkout")
    assert checkout.origin.startswith("the history of source shop")
    assert (checkout.bad, checkout.events) == (300, 3 * 3600)
    assert any("as they stand when the report is made" in note for note in found.notes)


def test_a_source_that_is_gone_costs_what_reads_from_it_and_says_so(tmp_path: Path) -> None:
    shop = watched(tmp_path)
    (tmp_path / "shop.db").rename(tmp_path / "away.db")
    found = reported(shop, LAST, AT + 60)
    assert found.failures
    checkout = next(slo for slo in found.slos if slo.name == "checkout")
    assert checkout.bad == 300  # the store knows it all the same


def test_a_release_is_compared_with_as_long_a_time_before(shop: Shop) -> None:
    # The outage was from 130 to 120 minutes ago.
    found = reported(shop, Period(AT - 3 * HOUR, AT, "since the release", "UTC", release=True))
    checkout = next(slo for slo in found.slos if slo.name == "checkout")
    assert not isinstance(checkout.before, Missing)
    assert (checkout.before.bad, checkout.before.events, checkout.before.achieved) == (0, 3 * 3600 - 1, 1)
    assert checkout.before.verdict == "worse"
    found = reported(shop, Period(AT - 1.5 * HOUR, AT, "since the release", "UTC", release=True))
    checkout = next(slo for slo in found.slos if slo.name == "checkout")
    assert not isinstance(checkout.before, Missing)
    assert checkout.before.verdict == "better"
    assert checkout.before.bad == 300
    young = reported(shop, Period(AT - 5.9 * HOUR, AT, "since the release", "UTC", release=True))
    assert all(not isinstance(slo.before, Missing) for slo in young.slos if not isinstance(slo.events, Missing))


def test_names_choose(shop: Shop) -> None:
    only = reported(shop, chosen=Chosen(frozenset({"checkout"}), frozenset()))
    assert [slo.name for slo in only.slos] == ["checkout"]
    assert only.experiments == ()
