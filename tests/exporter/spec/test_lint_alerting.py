from __future__ import annotations

from typing import Any

import pytest

from exporter.spec import Alerting, Spec
from exporter.spec.lint_alerting import lint_alerting, too_old_for

SLO = {
    "name": "a",
    "service": "a",
    "objective": 99,
    "period": "30d",
    "group_by": ["zone"],
    "labels": {"team": "payments"},
    "sli": {"source": "prod", "total": "t", "bad": "b"},
}
TEAMS = {"teams": {"webhook_url_file": "/s/teams"}}


def warnings(**alerting: Any) -> list[str]:
    return list(lint_alerting(Spec.model_validate({"slos": [SLO], "alerting": alerting})))


def test_what_only_newer_alertmanagers_can_do_is_said_where_no_version_is_named() -> None:
    found = warnings(receivers={"page": TEAMS, "ticket": {"webhook_file": "/s/hook"}})
    why = "or later, an older one refuses the whole file; name yours in alerting.alertmanager_version"
    assert found == [
        f"alerting.receivers.page.teams: needs Alertmanager 0.28 {why}",
        f"alerting.receivers.ticket.webhook_file: needs Alertmanager 0.26 {why}",
    ]


def test_what_is_left_out_for_an_old_one_is_said() -> None:
    assert warnings(receivers={"page": TEAMS}, alertmanager_version="0.25") == [
        "alerting.receivers.page.teams: Alertmanager 0.25 cannot do this, 0.28 and later can; it is left out"
    ]
    assert warnings(receivers={"page": TEAMS}, alertmanager_version="0.28") == []


@pytest.mark.parametrize(
    ("match", "takes"),
    [
        ({"team": "payments"}, True),
        ({"team": "payments", "zone": "eu"}, True),
        ({"team": "shop"}, False),
        ({"team": "payments", "tier_of": "gold"}, False),
    ],
)
def test_a_route_that_nothing_takes_is_said(match: dict[str, str], *, takes: bool) -> None:
    route = {"name": "r", "match": match, "receivers": {"page": {"webhook": "http://x"}}}
    said = "alerting.routes[r].match: no SLO and no experiment has these labels, so nothing takes this route"
    assert warnings(routes=[route]) == ([] if takes else [said])


def test_muted_pages_are_said() -> None:
    (warning,) = warnings(mute=[{"name": "nights", "roles": ["page"], "times": [{}]}])
    assert warning.startswith("alerting.mute[nights]: pages are muted too")
    assert warnings(mute=[{"name": "nights", "times": [{}]}]) == []


def test_a_token_in_a_teams_address_is_said_and_not_repeated() -> None:
    receivers = {"page": {"webhook": "http://x/abcdEFGH1234hunter2"}}
    route = {"name": "r", "match": {"team": "payments"}, "receivers": receivers}
    (warning,) = warnings(routes=[route])
    assert warning.startswith("alerting.routes[r].receivers.page.webhook: it seems to hold a secret")
    assert "hunter2" not in warning


def test_versions_are_numbers() -> None:
    assert too_old_for(Alerting(alertmanager_version="0.9"), "teams")
    assert not too_old_for(Alerting(alertmanager_version="0.100"), "teams")
    assert not too_old_for(Alerting(alertmanager_version="1.2.3"), "teams")
    assert not too_old_for(Alerting(alertmanager_version="0.1"), "slack")
