"""`/api/v1/snapshot`, `/live` and its files over HTTP."""

from __future__ import annotations

import gzip
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

import exporter.live
from exporter.live import Feed, LiveStream
from exporter.live.assets import assets
from exporter.snapshot import Snapshot
from exporter.web import app
from tests.exporter.live.world import snapshot, world

with warnings.catch_warnings():
    # The client warns that it would rather have httpx2 than the httpx that is installed.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

API = "/api/v1/snapshot"
STATIC = Path(exporter.live.__file__).parent / "static"


def client(
    current: Snapshot | None, *, now: float = 50.0, live: bool = True, origins: tuple[str, ...] = ()
) -> TestClient:
    feed = Feed(lambda: current, monotonic=lambda: now, clock=lambda: 1003.5)
    stream = LiveStream(feed, monotonic=lambda: now)
    web = app(
        lambda: current,
        monotonic=lambda: now,
        version="1",
        config=str,
        feed=feed,
        live=stream if live else None,
        cors_origins=origins,
    )
    return TestClient(web, raise_server_exceptions=False, headers={"Accept-Encoding": "identity"})


def shot() -> Snapshot:
    return snapshot(world(4), expires=100.0)


def test_no_script_of_ours_makes_markup_or_code_of_a_text() -> None:
    """Names come from sources: a node's text and attributes hold them, and nothing is parsed."""
    ours = [path for path in sorted(STATIC.glob("*.js")) if path.name != "uplot.js"]
    assert len(ours) > 8
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser|\.href\s*="
    for path in ours:
        text = re.sub(r"/\*.*?\*/|//.*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(sinks, text) == [], path.name


def test_the_snapshot_as_json() -> None:
    response = client(shot()).get(API)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in response.headers
    body = response.json()
    assert body["age_seconds"] == 3.5
    assert body["slos"]["checkout-availability"]["status"] == "breached"
    assert not body["stale"]


def test_the_snapshot_is_zipped_for_who_takes_it() -> None:
    with client(shot()).stream("GET", API, headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(raw))["schema"] == 1


@pytest.mark.parametrize("host", ["a/b", "[", "a?b"])
def test_a_host_that_is_none_changes_no_answer(host: str) -> None:
    assert client(shot()).get("/live", headers={"Host": host}).status_code == 200


def test_before_the_first_snapshot_it_is_a_503_with_a_sentence() -> None:
    response = client(None).get(API)
    assert (response.status_code, response.json()) == (503, {"error": "not yet: nothing has been evaluated"})


def test_past_expiry_it_says_stale_and_has_health_only() -> None:
    body = client(shot(), now=100.0).get(API).json()
    assert (body["stale"], body["slos"], body["experiments"]) == (True, {}, {})
    assert body["health"]["source/prod"]["ok"] is True


def test_pages_of_listed_origins_may_read_it_and_no_others() -> None:
    web = client(shot(), origins=("https://wall.example",))
    listed = web.get(API, headers={"Origin": "https://wall.example"})
    assert listed.headers["access-control-allow-origin"] == "https://wall.example"
    assert "Origin" in listed.headers["vary"]
    assert "access-control-allow-origin" not in web.get(API, headers={"Origin": "https://evil.example"}).headers
    asked = {"Origin": "https://wall.example", "Access-Control-Request-Method": "GET"}
    assert web.options(API, headers=asked).status_code == 200
    assert "access-control-allow-origin" not in web.get("/metrics", headers={"Origin": "https://wall.example"}).headers


@pytest.mark.parametrize("path", ["/api/v1/snapshots", "/api/v1/", "/live/assets/0/app.js", "/live/../config.py"])
def test_what_is_not_there_is_a_404_with_a_sentence(path: str) -> None:
    response = client(shot()).get(path)
    assert response.status_code == 404
    assert response.text.endswith("; start at /\n")


def test_the_pages_files_are_all_there_and_kept_for_ever() -> None:
    web = client(shot())
    page = web.get("/live")
    assert page.headers["cache-control"] == "no-cache"
    named = re.findall(r'(?:href|src)="(live/[^"]+)"', page.text)
    assert len(named) >= 7
    for path in named:
        response = web.get(f"/{path}")
        assert response.status_code == 200, path
        immutable = "immutable" in response.headers["cache-control"]
        assert immutable is ("/assets/" in path), path


def test_the_modules_name_only_modules_that_are_there() -> None:
    served = assets()
    for path, asset in served.items():
        if path.endswith(".js") and "/assets/" in path:
            folder = path.rpartition("/")[0]
            for name in re.findall(r'from "\./([\w.]+)"', asset.body.decode()):
                assert f"{folder}/{name}" in served


def test_the_policy_allows_no_inline_script_and_the_page_has_none() -> None:
    page = client(shot()).get("/live")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", page.text)


def test_a_browser_that_has_a_file_gets_304() -> None:
    web = client(shot())
    tag = web.get("/live").headers["etag"]
    again = web.get("/live", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert web.get("/live", headers={"If-None-Match": '"other"'}).status_code == 200


def test_files_are_zipped_for_who_takes_it() -> None:
    with client(shot()).stream("GET", "/live", headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert gzip.decompress(raw) == assets()["live"].body


def test_the_manifest_names_icons_that_are_there() -> None:
    web = client(shot())
    manifest: Any = web.get("/live/manifest.webmanifest").json()
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert web.get(f"/live/{icon['src']}").headers["content-type"] == "image/png"


def test_the_worker_may_serve_the_page_and_keeps_no_number() -> None:
    worker = client(shot()).get("/live/sw.js")
    assert worker.headers["service-worker-allowed"] == "../live"
    assert "{{" not in worker.text
    assert not re.search(r"api/|stream|metrics", worker.text)


def test_the_landing_page_links_to_it_where_it_is_on() -> None:
    assert 'href="live"' in client(shot()).get("/").text
    without = client(shot(), live=False)
    assert 'href="live"' not in without.get("/").text
    assert without.get("/live").status_code == 404
    assert without.get(API).status_code == 200


def test_uplots_licence_is_beside_it() -> None:
    (licence,) = (asset.body for path, asset in assets().items() if path.endswith("uplot-license.txt"))
    assert b"The MIT License" in licence
