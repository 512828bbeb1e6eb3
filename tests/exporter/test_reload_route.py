"""Who may ask for a reload, how, and what the answers are."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from exporter.outside import PLAIN, Outside
from exporter.web import app

with warnings.catch_warnings():
    # The client warns that it would rather have httpx2 than the httpx that is installed.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


def client(reload: Callable[[], tuple[bool, str]] | None, outside: Outside = PLAIN) -> TestClient:
    web = app(lambda: None, monotonic=lambda: 0.0, version="0", config=lambda: "", reload=reload, outside=outside)
    return TestClient(web)


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("status", [200, 500])
def test_the_answer_is_what_the_reload_says(method: str, status: int) -> None:
    answer = client(lambda: (status == 200, "one\ntwo")).request(method, "/-/reload")
    assert (answer.status_code, answer.text) == (status, "one\ntwo\n")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_other_methods_are_told_which_are_right(method: str) -> None:
    answer = client(lambda: (True, "")).request(method, "/-/reload")
    assert (answer.status_code, sorted(answer.headers["allow"].split(", "))) == (405, ["POST", "PUT"])


def test_pages_of_others_may_not() -> None:
    asked: list[int] = []

    def reload() -> tuple[bool, str]:
        asked.append(1)
        return True, ""

    own, other = ({"Origin": origin} for origin in ("http://testserver", "https://elsewhere.example"))
    assert client(reload).post("/-/reload", headers=own).status_code == 200
    assert client(reload).post("/-/reload", headers=other).status_code == 403
    assert asked == [1]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_may_not_though_it_says_no_origin(site: str) -> None:
    asked: list[int] = []
    answer = client(lambda: (not asked.append(1), "")).post("/-/reload", headers={"Sec-Fetch-Site": site})
    assert (answer.status_code, asked) == (403, [])
    assert answer.text == f"pages of another site ({site}) may not reload here\n"


def test_pages_of_the_address_outside_may() -> None:
    headers = {"Origin": "https://slo.example"}
    assert client(lambda: (True, "")).post("/-/reload", headers=headers).status_code == 403
    known = Outside("/winburn", "/winburn", "https://slo.example")
    assert client(lambda: (True, ""), known).post("/winburn/-/reload", headers=headers).status_code == 200


def test_where_there_is_nothing_to_reload_there_is_no_such_page() -> None:
    assert client(None).post("/-/reload").status_code == 404
