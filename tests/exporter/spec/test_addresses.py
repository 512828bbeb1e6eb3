"""What is an address: to winburn, and to Alertmanager, whose amtool is asked where it is on the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from exporter.spec.addresses import check_for_alertmanager, check_http
from winburn.servers import cache_folder, find

GOOD = (
    "http://a",
    "https://a.example:8443/b/c?d=%zz&e= #f".replace(" ", "%20"),
    "http://[::1]:9093/",
    "http://user:pa%20ss@a/b",
    "https://hooks.example/T0/B0/x~y",
    "http://a:/b",
    "http://a_b.example",
)
BAD = (
    "ftp://a",
    "http://",
    "http:///x",
    "https://:9093",
    "http://[",
    "http://[::1",
    "http://a:b",
    "http://a\\b",
    "http://{{ .x }}/",
)
ONLY_ALERTMANAGERS = ("http://a/%zz", "http://a/b#%", "http://u:p^w@a", "http://a/\x07", "http://a/b c")
"""Refused there alone: urllib3 escapes what must be, and passwords with odd characters work."""


@pytest.mark.parametrize("url", [*GOOD, *ONLY_ALERTMANAGERS])
def test_what_can_be_asked_is_an_address(url: str) -> None:
    assert list(check_http(url, ("url",))) == []


@pytest.mark.parametrize("url", BAD)
def test_what_is_none_is_told_and_not_quoted(url: str) -> None:
    for check in (check_http, check_for_alertmanager):
        (problem,) = check(url, ("url",))
        assert problem.parts == ("url",)
        assert url not in problem.message.replace("must begin with http:// or", "").replace("like http://", "")


def test_nothing_is_nothing_to_check() -> None:
    assert list(check_http(None, ())) == list(check_for_alertmanager(None, ())) == []


def test_alertmanager_is_as_strict(tmp_path: Path) -> None:
    amtool = find(os.environ, cache_folder(os.environ)).amtool
    if amtool is None:
        pytest.skip("there is no amtool on this machine")
    for i, url in enumerate((*GOOD, *BAD, *ONLY_ALERTMANAGERS)):
        quoted = url.replace("'", "''").replace("\x07", "")
        text = f"route: {{receiver: a}}\nreceivers: [{{name: a, webhook_configs: [{{url: '{quoted}'}}]}}]\n"
        (tmp_path / f"{i}.yml").write_text(text)
        done = subprocess.run([amtool, "check-config", f"{i}.yml"], cwd=tmp_path, capture_output=True, check=False)
        ours = list(check_for_alertmanager(url, ())) == []
        # Never kinder than Alertmanager; a newer one takes templates, which an older one does not.
        assert done.returncode == 0 or not ours, (url, done.stderr)
