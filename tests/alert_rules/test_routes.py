from __future__ import annotations

from typing import Any

import pytest

from alert_rules.routes import KILL_IDENTITY, KILLS, route, severities, time_intervals
from exporter.alerts import ALERTS, SLO_IDENTITY
from tests.alert_rules.example import EMPTY, FULL, spec

HOOK = {"webhook": "http://x"}
TEAMS = spec(
    alerting={
        "receivers": {"page": HOOK, "ticket": HOOK, "experiment": HOOK},
        "routes": [
            {"name": "pay", "match": {"team": "payments"}, "receivers": {"page": HOOK, "experiment": HOOK}},
            {"name": "eu", "match": {"zone": "eu", "kind": "a"}, "receivers": {"ticket": HOOK}},
        ],
    }
)


def children(one: Any = EMPTY) -> dict[str, dict[str, Any]]:
    return {each["matchers"][0]: each for each in route(one)["routes"]}


def test_pages_are_grouped_by_what_is_broken_and_never_by_tier() -> None:
    assert children()['severity="page"']["group_by"] == ["alertname", "slo", "slo_group"]
    assert "tier" not in str(route(FULL))


def test_kills_do_not_wait_and_each_variant_is_a_message() -> None:
    name = 'alertname=~"ExperimentEarlyKill|VariantEarlyKill"'
    kill = children()[name]
    assert (kill["group_wait"], kill["group_by"]) == ("0s", ["alertname", "experiment", "variant", "persona"])
    assert list(children()).index(name) < list(children()).index('severity="page"')


def test_kills_without_a_receiver_of_experiments_are_pages() -> None:
    assert route(FULL)["routes"][2]["receiver"] == "page"
    assert route(TEAMS)["routes"][2]["receiver"] == "experiment"


def grouping(alert: str, severity: str) -> list[str]:
    if alert in KILLS:
        return list(route(EMPTY)["routes"][2]["group_by"])
    for each in route(EMPTY)["routes"]:
        if each["matchers"] in ([f'alertname="{alert}"'], [f'severity="{severity}"']):
            inner = [sub for sub in each.get("routes", []) if alert in sub["matchers"][0].replace('"', "|").split("|")]
            return list((inner or [each])[0]["group_by"])
    raise AssertionError(alert)


@pytest.mark.parametrize("name", ALERTS)
def test_nothing_waits_behind_another_thing(name: str) -> None:
    """Every label that names what is broken is in the group of the alert's route; others cost nothing."""
    alert = ALERTS[name]
    more = {*KILL_IDENTITY} if name in KILLS else {*SLO_IDENTITY}
    for severity in severities(alert):
        group = set(grouping(name, severity))
        assert {"alertname", *alert.identity} <= group
        assert group - {"alertname", *alert.identity} <= more


def test_a_team_gets_what_it_has_a_receiver_for() -> None:
    page, ticket = children(TEAMS)['severity="page"'], children(TEAMS)['severity="ticket"']
    assert page["routes"][-1] == {"matchers": ['team="payments"'], "receiver": "pay-page"}
    assert ticket["routes"][-1] == {"matchers": ['kind="a"', 'zone="eu"'], "receiver": "eu-ticket"}
    mismatch = next(each for each in ticket["routes"] if "ExperimentSampleRatioMismatch" in each["matchers"][0])
    assert [each["receiver"] for each in mismatch["routes"]] == ["eu-ticket"]
    assert "receiver" not in mismatch  # inherits that of the tickets


def muted(**more: Any) -> Any:
    mute = {"name": "nights", "times": [{"from": "22:00", "to": "07:00"}], **more}
    return TEAMS.model_copy(update={"alerting": spec(alerting={"mute": [mute]}).alerting})


def test_a_mute_is_on_every_route_of_its_roles_and_never_on_pages_unless_asked() -> None:
    tree = children(muted())
    assert tree['severity="ticket"']["mute_time_intervals"] == ["nights"]
    assert all(each["mute_time_intervals"] == ["nights"] for each in tree['severity="ticket"']["routes"])
    assert tree['severity="info"']["mute_time_intervals"] == ["nights"]
    assert "nights" not in str(tree['severity="page"']) + str(route(muted())["routes"][2])
    assert "nights" in str(children(muted(roles=["page"]))['severity="page"'])
    assert "nights" in str(route(muted(roles=["page"]))["routes"][2]), "a kill is as loud as a page"


def intervals(*times: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    (one,) = time_intervals(muted(times=list(times), **more).alerting.mute)
    return list(one["time_intervals"])


def test_a_night_that_begins_on_friday_ends_on_saturday() -> None:
    found = intervals({"days": ["friday", "sunday"], "from": "22:00", "to": "07:00"}, timezone="Europe/Berlin")
    assert found == [
        {
            "times": [{"start_time": "22:00", "end_time": "24:00"}],
            "weekdays": ["friday", "sunday"],
            "location": "Europe/Berlin",
        },
        {
            "times": [{"start_time": "00:00", "end_time": "07:00"}],
            "weekdays": ["monday", "saturday"],
            "location": "Europe/Berlin",
        },
    ]


def test_times_that_do_not_pass_midnight_are_one_span() -> None:
    assert intervals({"from": "12:00", "to": "13:00"}) == [
        {"times": [{"start_time": "12:00", "end_time": "13:00"}], "location": "UTC"}
    ]
    assert intervals({"days": ["sunday"]}) == [
        {"times": [{"start_time": "00:00", "end_time": "24:00"}], "weekdays": ["sunday"], "location": "UTC"}
    ]
    assert len(intervals({"from": "22:00", "to": "00:00"})) == 1
