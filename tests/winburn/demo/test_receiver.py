"""The webhook prints one line a notification, whatever it is sent."""

from __future__ import annotations

import threading

import pytest
import requests

from winburn.demo.receiver import notification_line, receiving


def alert(status: str = "firing", summary: str = "burns 31x", **labels: str) -> dict[str, object]:
    return {
        "status": status,
        "labels": {"alertname": "SLOErrorBudgetBurn", **labels},
        "annotations": {"summary": summary},
    }


def payload(*alerts: dict[str, object], status: str = "firing") -> dict[str, object]:
    return {"version": "4", "status": status, "receiver": "page", "alerts": list(alerts)}


def post(url: str, body: object) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, json=body, timeout=60).status_code


def test_a_line_says_status_alert_severity_subject_and_summary() -> None:
    line = notification_line(payload(alert(slo="checkout", slo_group="zone=eu", severity="page")))
    assert line == "FIRING   SLOErrorBudgetBurn (page)  checkout zone=eu  burns 31x"
    line = notification_line(payload(alert("resolved", experiment="button", variant="green"), status="resolved"))
    assert line == "RESOLVED SLOErrorBudgetBurn  button green  burns 31x"


def test_what_the_summary_names_is_not_said_twice() -> None:
    line = notification_line(payload(alert(summary="a: variant green wins", experiment="a", variant="green")))
    assert line == "FIRING   SLOErrorBudgetBurn  a: variant green wins"


def test_the_most_severe_alert_that_fires_speaks_for_the_others() -> None:
    gone = alert("resolved", "gone", slo="xyz", severity="page")
    ticket = alert("firing", "slow", slo="xyz", severity="ticket")
    page = alert("firing", "fast", slo="xyz", severity="page")
    assert notification_line(payload(gone, ticket, page)).endswith("  xyz  fast (and 2 more)")


def test_control_characters_do_not_reach_the_terminal() -> None:
    line = notification_line(payload(alert(summary="\x1b[2Jgone\nnew line", slo="a")))
    assert line.isprintable()


def test_it_listens_prints_and_ends() -> None:
    said: list[str] = []
    with receiving(said.append, 0) as url:
        assert post(url, payload(alert(slo="checkout"))) == 200
        assert post(f"{url}/heartbeat", payload(alert())) == 200
        assert post(f"{url}/heartbeat", payload(alert())) == 200
    assert len(said) == 2
    assert "FIRING   SLOErrorBudgetBurn  checkout  burns 31x" in said[0]
    assert "switch beats" in said[1]
    assert "receiver" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(requests.ConnectionError):
        post(url, {})


@pytest.mark.parametrize("body", [{}, [], 1, {"status": "firing", "alerts": []}, {"status": 1, "alerts": [alert()]}])
def test_what_is_no_notification_is_refused_and_not_printed(body: object) -> None:
    said: list[str] = []
    with receiving(said.append, 0) as url:
        assert post(url, body) == 400
    assert said == []


def test_too_long_a_body_is_refused_unread() -> None:
    with receiving(lambda _: None, 0) as url, requests.Session() as session:
        session.trust_env = False
        request = requests.Request("POST", url, data=b"x").prepare()
        request.headers["Content-Length"] = "99999999"
        assert session.send(request, timeout=60).status_code == 413
