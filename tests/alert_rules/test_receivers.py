from __future__ import annotations

from typing import Any

import pytest

from alert_rules.messages import by_name, in_place
from alert_rules.receivers import Told, receivers
from tests.alert_rules.example import spec

SMTP = {"smarthost": "mail.example:587", "from": "winburn@example.org", "username": "u", "password_file": "/s/mail"}
EVERYTHING = {
    "webhook_file": "/s/hook",
    "slack": {"channel": "#pages", "api_url_file": "/s/slack"},
    "pagerduty": {"routing_key_file": "/s/pagerduty"},
    "opsgenie": {"api_key_file": "/s/opsgenie", "api_url": "https://api.eu.opsgenie.com/"},
    "email": {"to": ["a@example.org", "b@example.org"]},
    "teams": {"webhook_url_file": "/s/teams"},
}


def told(**alerting: Any) -> dict[str, Told]:
    return {each.name: each for each in receivers(spec(alerting={"smtp": SMTP, **alerting}), by_name)}


def test_a_receiver_may_be_several() -> None:
    page = told(receivers={"page": EVERYTHING})["page"].integrations
    assert list(page) == [
        "webhook_configs",
        "slack_configs",
        "pagerduty_configs",
        "opsgenie_configs",
        "email_configs",
        "msteamsv2_configs",
    ]
    assert all(each["send_resolved"] for made in page.values() for each in made)


def test_secrets_are_files_that_alertmanager_reads() -> None:
    page = told(receivers={"page": EVERYTHING})["page"].integrations
    secrets = {key: value for made in page.values() for key, value in made[0].items() if str(value).startswith("/s/")}
    assert secrets == {
        "url_file": "/s/hook",
        "api_url_file": "/s/slack",
        "routing_key_file": "/s/pagerduty",
        "api_key_file": "/s/opsgenie",
        "auth_password_file": "/s/mail",
        "webhook_url_file": "/s/teams",
    }


def test_mail_goes_through_the_server_of_the_spec() -> None:
    (mail,) = told(receivers={"page": {"email": EVERYTHING["email"]}})["page"].integrations["email_configs"]
    assert (mail["to"], mail["from"], mail["smarthost"]) == (
        "a@example.org, b@example.org",
        "winburn@example.org",
        "mail.example:587",
    )
    assert mail["require_tls"] is True
    (mail,) = told(
        receivers={"page": {"email": EVERYTHING["email"]}},
        smtp={"smarthost": "h:25", "from": "a@b", "require_tls": False},
    )["page"].integrations["email_configs"]
    assert "auth_username" not in mail
    assert mail["require_tls"] is False


@pytest.mark.parametrize(("version", "left"), [("0.25", 4), ("0.26", 5), ("0.27.1", 5), ("0.28", 6), ("1.0", 6)])
def test_what_an_old_alertmanager_cannot_do_is_left_out_and_said(version: str, left: int) -> None:
    page = told(receivers={"page": EVERYTHING}, alertmanager_version=version)["page"]
    assert len(page.integrations) == left
    assert len([note for note in page.notes if note.startswith("Left out: ")]) == 6 - left


def test_a_receiver_of_which_nothing_is_left_is_none() -> None:
    page = told(
        receivers={"page": {"teams": EVERYTHING["teams"]}, "ticket": {"webhook": "http://t"}},
        alertmanager_version="0.25",
    )["page"]
    assert page.integrations["webhook_configs"][0]["url"] == "http://t"
    assert page.notes == ("Alertmanager 0.25 is too old for alerting.receivers.page: goes where ticket goes.",)


def test_a_heartbeat_never_goes_to_people_and_its_end_is_not_a_beat() -> None:
    assert told(receivers={"page": EVERYTHING})["heartbeat"].integrations == {}
    beat = told(receivers={"heartbeat": {"webhook": "http://h"}})["heartbeat"].integrations
    assert beat["webhook_configs"] == ({"url": "http://h", "send_resolved": False},)


def test_receivers_of_teams_come_last() -> None:
    route = {"name": "pay", "match": {"team": "payments"}, "receivers": {"ticket": EVERYTHING, "page": EVERYTHING}}
    assert list(told(routes=[route])) == ["page", "ticket", "experiment", "heartbeat", "pay-page", "pay-ticket"]


def test_texts_may_stand_in_place() -> None:
    one = spec(alerting={"receivers": {"page": {"slack": EVERYTHING["slack"]}}})
    (slack,) = receivers(one, in_place)[0].integrations["slack_configs"]
    assert slack["title"].startswith("{{ $one := ")
