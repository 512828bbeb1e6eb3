"""Dashboards into Grafana, which is a fake here: see fake_grafana_api.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.winburn.fake_grafana_api import FakeGrafanaApi, listening
from winburn.grafana import Grafana, GrafanaError, Json, push
from winburn.processes import free_port

ONE: Json = {"uid": "one", "title": "One", "version": 1, "panels": []}
TWO: Json = {"uid": "two", "title": "Two", "version": 1, "panels": [{"id": 1}]}
BOTH = {"one": ONE, "two": TWO}


@pytest.fixture
def fake() -> Iterator[FakeGrafanaApi]:
    with listening() as server:
        yield server


def pushed(fake: FakeGrafanaApi, dashboards: dict[str, Json] | None = None, *, write: bool = True) -> dict[str, str]:
    outcomes = push(Grafana(fake.url, fake.token), BOTH if dashboards is None else dashboards, "winburn", write=write)
    assert [each.uid for each in outcomes] == sorted(each.uid for each in outcomes)
    return {each.uid: f"{each.state}{each.reason and ': '}{each.reason}" for each in outcomes}


def test_the_folder_and_the_dashboards_are_made(fake: FakeGrafanaApi) -> None:
    assert pushed(fake) == {"one": "created", "two": "created"}
    (folder,) = (uid for uid, title in fake.folders.items() if title == "winburn")
    assert {uid: stored[1] for uid, stored in fake.dashboards.items()} == {"one": folder, "two": folder}
    assert fake.dashboards["two"][0]["panels"] == [{"id": 1}]


def test_what_has_not_changed_is_left_alone(fake: FakeGrafanaApi) -> None:
    pushed(fake)
    fake.asked.clear()
    assert pushed(fake) == {"one": "unchanged", "two": "unchanged"}
    assert fake.writes() == []
    assert pushed(fake, {"one": ONE | {"title": "Uno"}, "two": TWO}) == {"one": "updated", "two": "unchanged"}
    assert fake.writes() == ["POST /grafana/api/dashboards/db"]
    assert fake.dashboards["one"][0] == {"uid": "one", "title": "Uno", "panels": [], "id": 4711, "version": 2}


def test_a_folder_is_found_by_its_name_beyond_the_first_page(fake: FakeGrafanaApi) -> None:
    fake.folders["by-hand"] = "winburn"
    pushed(fake)
    assert {stored[1] for stored in fake.dashboards.values()} == {"by-hand"}
    assert "POST /grafana/api/folders" not in fake.asked


def test_a_dashboard_in_another_folder_comes_back(fake: FakeGrafanaApi) -> None:
    pushed(fake)
    (dashboard, _) = fake.dashboards["one"]
    fake.dashboards["one"] = (dashboard, "f7")
    assert pushed(fake) == {"one": "updated", "two": "unchanged"}
    assert fake.dashboards["one"][1] != "f7"


def test_one_that_fails_does_not_keep_the_others(fake: FakeGrafanaApi) -> None:
    fake.folders["w"] = "winburn"
    fake.dashboards["one"] = ({**ONE, "title": "Old", "version": 3}, "w")
    fake.provisioned.add("one")
    assert pushed(fake) == {"one": "failed: answered 400: Cannot save provisioned dashboard", "two": "created"}


def test_without_writing_it_says_what_would_be(fake: FakeGrafanaApi) -> None:
    assert pushed(fake, write=False) == {"one": "missing", "two": "missing"}
    assert fake.writes() == []
    pushed(fake)
    assert pushed(fake, {"one": ONE | {"title": "Uno"}, "two": TWO}, write=False) == {
        "one": "differs",
        "two": "unchanged",
    }
    assert len(fake.writes()) == 3


def test_a_wrong_token_and_too_small_a_role_are_said_once(fake: FakeGrafanaApi) -> None:
    with pytest.raises(GrafanaError, match="answered 401: Invalid API key") as caught:
        push(Grafana(fake.url, "glsa_wrong"), BOTH, "winburn", write=True)
    assert "glsa" not in str(caught.value)
    fake.role = "Viewer"
    with pytest.raises(GrafanaError, match="answered 403: You'll need additional permissions"):
        pushed(fake)


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/api/folders", (200, b"<html>"), "is not JSON"),
        ("/api/folders", (200, b'{"a": 1}'), "is no list"),
        ("/api/folders", (302, b""), "answered 302"),
        ("/api/folders", (403, b""), "role Editor"),
        ("/api/folders", (500, b'{"message": "a\\nb"}'), "answered 500: a b"),
    ],
)
def test_another_server_at_the_address(fake: FakeGrafanaApi, path: str, answer: tuple[int, bytes], said: str) -> None:
    fake.broken[path] = answer
    with pytest.raises(GrafanaError, match=said):
        pushed(fake)


@pytest.mark.parametrize("body", [b"[1]", b'{"dashboard": 1}', b"{}", b"null"])
def test_an_answer_that_is_no_dashboard(fake: FakeGrafanaApi, body: bytes) -> None:
    fake.broken["/api/dashboards/uid/one"] = (200, body)
    assert pushed(fake)["one"].startswith("failed: its answer is")
    assert fake.dashboards.keys() == {"two"}


def test_nobody_at_the_address() -> None:
    grafana = Grafana(f"http://127.0.0.1:{free_port()}/grafana", "glsa_right")
    with pytest.raises(GrafanaError, match="does not answer") as caught:
        push(grafana, BOTH, "winburn", write=True)
    assert "glsa" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["grafana:3000", "ftp://g", "http://", "http://user:secret@g", "http://g?x=1"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="address of Grafana") as caught:
        Grafana(url, "t")
    assert "secret" not in str(caught.value)
