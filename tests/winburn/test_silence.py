from __future__ import annotations

from collections.abc import Sequence

import pytest

from exporter.sources.alertmanager import Matcher, Silence
from exporter.sources.base import SourceError
from winburn.silence import SilenceError, expire_all, list_all, matchers_for, parse_matcher, silence_all


class Scripted:
    """An Alertmanager in memory; those that share ``stored`` are a cluster."""

    def __init__(self, name: str, stored: list[Silence] | None = None, *, dead: bool = False) -> None:
        self.name, self.stored, self.dead = name, [] if stored is None else stored, dead

    def _alive(self) -> None:
        if self.dead:
            raise SourceError(f"Alertmanager {self.name} does not answer")

    def silences(self) -> list[Silence]:
        self._alive()
        return self.stored

    def silence(self, matchers: Sequence[Matcher], _starts: float, ends: float, by: str, comment: str) -> str:
        self._alive()
        self.stored.append(Silence(f"{self.name}-1", "active", tuple(matchers), ends, by, comment))
        return f"{self.name}-1"

    def expire(self, silence: str) -> None:
        self._alive()
        self.stored[:] = [each for each in self.stored if each.id != silence]


def make(*alertmanagers: Scripted) -> list[tuple[str, bool]]:
    outcomes = silence_all(
        alertmanagers, [Matcher("alertname", "A")], now=0, seconds=60, by="me", comment="c", sleep=lambda _: None
    )
    return [(each.text, each.well) for each in outcomes]


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("slo=checkout", Matcher("slo", "checkout")),
        ("slo_group=zone=eu", Matcher("slo_group", "zone=eu")),
        ("slo=~a|b", Matcher("slo", "a|b", regex=True)),
        ("tier!=fast", Matcher("tier", "fast", equal=False)),
        ("tier!~a.*", Matcher("tier", "a.*", regex=True, equal=False)),
    ],
)
def test_matchers_are_read(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher


@pytest.mark.parametrize("text", ["slo", "=a", "slo=~(", "a b=c"])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(SilenceError):
        parse_matcher(text)


@pytest.mark.parametrize(
    "given",
    [[], ["slo=~.*"], ["slo=~.+"], ["slo=~a|.*"], ["tier!=fast"], ["slo="], ["slo=~(.*)"], ["slo=~^.*$"], ["slo=~a|"]],
)
def test_nothing_silences_every_slo_by_accident(given: list[str]) -> None:
    matchers = [parse_matcher(text) for text in given]
    with pytest.raises(SilenceError, match="every SLOErrorBudgetBurn"):
        matchers_for("SLOErrorBudgetBurn", matchers)
    assert len(matchers_for("SLOErrorBudgetBurn", matchers, everything=True)) == len(given) + 1


def test_one_matcher_that_chooses_is_enough() -> None:
    matchers = matchers_for("SLOErrorBudgetBurn", [parse_matcher("slo=~shop-.*"), parse_matcher("tier!=fast")])
    assert [str(each) for each in matchers] == ['alertname="SLOErrorBudgetBurn"', 'slo=~"shop-.*"', 'tier!="fast"']


@pytest.mark.parametrize("text", ["slo=~.*-eu", "slo=~eu-.*", "slo=~(a|b).+", "slo=~a|b"])
def test_a_pattern_that_leaves_something_out_chooses(text: str) -> None:
    assert len(matchers_for("SLONoData", [parse_matcher(text)])) == 2


def test_an_alert_about_one_thing_needs_no_matcher() -> None:
    assert matchers_for("WinburnDown", []) == (Matcher("alertname", "WinburnDown"),)


@pytest.mark.parametrize("alert", ["WinburnWatchdog", "Nonsense", ".*", ""])
def test_the_watchdog_and_what_does_not_exist_cannot_be_silenced(alert: str) -> None:
    with pytest.raises(SilenceError):
        matchers_for(alert, [Matcher("slo", "a")], everything=True)


def test_the_alerts_name_cannot_be_given_twice() -> None:
    with pytest.raises(SilenceError, match="given already"):
        matchers_for("SLONoData", [Matcher("alertname", ".*", regex=True), Matcher("slo", "a")])


def test_each_alertmanager_gets_a_silence() -> None:
    assert make(Scripted("a"), Scripted("b")) == [("a-1", True), ("b-1", True)]


def test_a_cluster_gets_one() -> None:
    stored: list[Silence] = []
    assert make(Scripted("a", stored), Scripted("b", stored)) == [("a-1", True), ("a-1 (told by the cluster)", True)]
    assert len(stored) == 1


def test_one_that_is_dead_does_not_keep_the_others_from_it() -> None:
    b = Scripted("b")
    assert make(Scripted("a", dead=True), b) == [("Alertmanager a does not answer", False), ("b-1", True)]
    assert len(b.stored) == 1


def test_a_silence_ends_where_it_is() -> None:
    a, b = Scripted("a"), Scripted("b")
    make(a, b)
    assert [(each.text, each.well) for each in expire_all([a, b], "a-1")] == [
        ("ended", True),
        ("does not have it", True),
    ]
    assert (len(a.stored), len(b.stored)) == (0, 1)
    assert [each.well for each in expire_all([a, b], "a-1")] == [False, False]


def test_the_list_names_each_once_with_its_places_and_leaves_out_what_is_over() -> None:
    one, over = Silence("1", "active", (), 5, "me", "c"), Silence("2", "expired", (), 1, "me", "c")
    found, failed = list_all([Scripted("a", [one, over]), Scripted("b", [one]), Scripted("c", dead=True)])
    assert {key: names for key, (_, names) in found.items()} == {"1": ["a", "b"]}
    assert [each.name for each in failed] == ["c"]
