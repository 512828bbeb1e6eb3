from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporter.collectors.alertmanager import AcknowledgementCollector
from exporter.contract import Report
from exporter.sources.base import LABEL_LENGTH, SourceError

Found = tuple[Mapping[str, str], float, str]
BURN = {"alertname": "Burn", "slo": "a", "severity": "page", "tier": "fast", "team": "x"}
IDENTITIES = {"Burn": ("slo", "slo_group"), "Down": ()}


class Scripted:
    def __init__(self, name: str, *found: Found, dead: bool = False) -> None:
        self.name, self._found, self._dead = name, found, dead

    def acknowledged(self) -> Sequence[Found]:
        if self._dead:
            raise SourceError(f"{self.name} is dead")
        return self._found


def collect(*alertmanagers: Scripted) -> list[Report]:
    return AcknowledgementCollector(alertmanagers, IDENTITIES).collect(0)


def samples(reports: list[Report]) -> list[tuple[dict[str, str], float]]:
    return [(dict(each.labels), each.value) for report in reports for each in report.samples]


def test_an_acknowledgement_carries_what_identifies_the_alert_and_who_made_it() -> None:
    found = collect(Scripted("a", (BURN, 60, "me"), ({"alertname": "Down"}, 70, "you")))
    assert samples(found) == [
        ({"alertname": "Burn", "slo": "a", "acknowledged_by": "me"}, 60),
        ({"alertname": "Down", "acknowledged_by": "you"}, 70),
    ]


def test_tiers_and_members_of_a_cluster_are_one_acknowledgement_until_the_latest_end() -> None:
    slow = {**BURN, "tier": "slow"}
    found = collect(Scripted("a", (BURN, 60, "me"), (slow, 90, "you")), Scripted("b", (BURN, 60, "me")))
    assert samples(found) == [({"alertname": "Burn", "slo": "a", "acknowledged_by": "you"}, 90)]


def test_groups_are_told_apart() -> None:
    group = {**BURN, "slo_group": "zone=eu"}
    assert len(samples(collect(Scripted("a", (BURN, 60, "me"), (group, 60, "me"))))) == 2


def test_alerts_of_others_are_passed_over() -> None:
    assert samples(collect(Scripted("a", ({"alertname": "Disk"}, 60, "me"), ({}, 60, "me")))) == []


def test_one_that_fails_costs_nothing_where_another_answers() -> None:
    found = collect(Scripted("a", dead=True), Scripted("b", (BURN, 60, "me")))
    assert [(each.entity, each.error) for each in found] == [("a", "a is dead"), ("acknowledgements", None)]
    assert len(samples(found)) == 1


def test_where_none_answers_the_last_samples_may_age() -> None:
    assert [(each.entity, each.samples, bool(each.error)) for each in collect(Scripted("a", dead=True))] == [
        ("a", (), True),
        ("acknowledgements", (), True),
    ]


def test_what_others_wrote_is_at_most_as_long_as_a_label_of_ours() -> None:
    group = {**BURN, "slo_group": "zone=" + "x" * 5000}
    ((labels, _),) = samples(collect(Scripted("a", (group, 60, "me" * 5000))))
    assert {len(labels["slo_group"]), len(labels["acknowledged_by"])} == {LABEL_LENGTH}
