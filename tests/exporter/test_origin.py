"""Which pages may ask."""

from __future__ import annotations

import pytest

from exporter.origin import stranger

OUTSIDE = "https://slo.example"


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://a.example", "a.example", True),
        ("https://A.example", "a.EXAMPLE", True),
        ("http://a.example:8080", "a.example:8080", True),
        ("http://a.example:8080", "a.example", False),
        ("null", "", False),
        ("", "", False),
        ("http://[::1]:9", "[::1]:9", True),
        ("http://[", "[", False),
        ("http://a]", "a]", False),
    ],
)
def test_an_origin_is_the_hosts_own_with_its_port(origin: str, host: str, *, allowed: bool) -> None:
    assert (stranger({"origin": origin, "host": host}, frozenset()) is None) is allowed
    assert stranger({"origin": origin, "host": host}, frozenset({"*"})) is None


@pytest.mark.parametrize(
    ("site", "origin", "allowed"),
    [
        # Prometheus, curl and what a person typed.
        (None, None, True),
        ("none", None, True),
        # Our own page, behind a proxy that tells us another host.
        ("same-origin", OUTSIDE, True),
        # A page of somebody else, who makes a form without an origin, or whose proxy writes ours into Host.
        ("cross-site", None, False),
        ("cross-site", "null", False),
        ("cross-site", "http://localhost:10345", False),
        ("same-site", "http://localhost:3000", False),
        ("odd", None, False),
        ("", "https://elsewhere.example", False),
    ],
)
def test_what_the_browser_says_of_the_page_decides(site: str | None, origin: str | None, *, allowed: bool) -> None:
    given = {"host": "localhost:10345", "origin": origin, "sec-fetch-site": site}
    headers = {name: value for name, value in given.items() if value is not None}
    assert (stranger(headers, frozenset()) is None) is allowed
    assert (stranger(headers, frozenset({OUTSIDE})) is None) is allowed


def test_a_trusted_origin_may_whatever_the_browser_calls_it() -> None:
    headers = {"host": "winburn:10345", "origin": OUTSIDE, "sec-fetch-site": "cross-site"}
    assert stranger(headers, frozenset()) == OUTSIDE
    assert stranger(headers, frozenset({OUTSIDE})) is None
