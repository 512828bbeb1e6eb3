"""The HTTP surface, through starlette's test client; a real server is in test_server.py."""

import gzip
import re
import warnings
from base64 import b64encode
from hashlib import sha256

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.contract import sample
from exporter.negotiate import TEXT
from exporter.snapshot import PIECES_FROM, Snapshot, build, process_exposition, process_registry
from exporter.web import app

with warnings.catch_warnings():
    # The client warns that it would rather have httpx2 than the httpx that is installed.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

OM = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PATHS = ["/", "/metrics", "/config", "/-/healthy", "/-/ready"]


def snapshot(*, waiting: tuple[str, ...] = ()) -> Snapshot:
    samples = [sample("slo_trend", 1, slo="a"), sample("winburn_source_up", 1, source="prod")]
    own = process_exposition(process_registry())
    return build(samples, own=own, at=1000.0, expires=100.0, waiting=waiting)


def client(current: Snapshot | None, *, now: float = 50.0, telemetry_path: str = "/metrics") -> TestClient:
    application = app(
        lambda: current,
        monotonic=lambda: now,
        version="1.2.3",
        config=lambda: "sources: {prod: {password: <secret>}}\n",
        telemetry_path=telemetry_path,
    )
    return TestClient(application, raise_server_exceptions=False, headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text;version=1.0.0"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_metrics_are_the_snapshots_bytes(accept: str, encoding: str) -> None:
    current = snapshot()
    with client(current).stream("GET", "/metrics", headers={"Accept": accept, "Accept-Encoding": encoding}) as response:
        raw = b"".join(response.iter_raw())
    openmetrics, zipped = bool(accept), encoding == "gzip"
    assert (
        raw
        == {
            (False, False): current.full.text,
            (False, True): current.full.text_gzip,
            (True, False): current.full.openmetrics,
            (True, True): current.full.openmetrics_gzip,
        }[openmetrics, zipped]
    )
    assert response.headers["content-type"] == (OM if openmetrics else TEXT)
    assert response.headers["content-length"] == str(len(raw))
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert response.headers.get("content-encoding") == ("gzip" if zipped else None)
    text = (gzip.decompress(raw) if zipped else raw).decode()
    families = {family.name for family in (parse_openmetrics if openmetrics else parse_text)(text)}
    assert {"slo_trend", "winburn_source_up", "process_resident_memory_bytes", "python_info"} <= families


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text;version=1.0.0"])
def test_plain_metrics_of_many_series_are_put_together_when_asked_for(accept: str) -> None:
    samples = [sample("slo_trend", i % 3 - 1, slo=f"s{i}") for i in range(PIECES_FROM)]
    current = build(samples, own=process_exposition(process_registry()), at=1000.0, expires=100.0)
    served = client(current)
    zipped = served.get("/metrics", headers={"Accept": accept, "Accept-Encoding": "gzip"}).content  # unpacked
    for _ in range(2):
        assert served.get("/metrics", headers={"Accept": accept}).content == zipped


def test_past_expiry_only_health_is_served() -> None:
    current = snapshot()
    assert client(current, now=99.9).get("/metrics").content == current.full.text
    stale = client(current, now=100.0).get("/metrics")
    assert (stale.status_code, stale.content) == (200, current.health.text)
    assert b"slo_trend" not in stale.content


def test_before_the_first_snapshot_scrapes_and_readiness_fail_with_a_sentence_and_liveness_does_not() -> None:
    web = client(None)
    for path in ("/metrics", "/-/ready"):
        response = web.get(path)
        assert (response.status_code, response.text) == (503, "not yet: nothing has been evaluated\n")
    assert web.get("/-/healthy").status_code == 200
    assert "Nothing has been evaluated yet" in web.get("/").text


@pytest.mark.parametrize(
    ("waiting", "now", "status", "text"),
    [
        ((), 50.0, 200, "winburn is ready\n"),
        (("slo:prod", "shop"), 50.0, 503, "not yet: waiting for the first run of slo:prod, shop\n"),
        ((), 100.0, 503, "not any more: the last refresh is too long ago, only health series are served\n"),
    ],
)
def test_readiness_is_a_sentence(waiting: tuple[str, ...], now: float, status: int, text: str) -> None:
    response = client(snapshot(waiting=waiting), now=now).get("/-/ready")
    assert (response.status_code, response.text) == (status, text)


@pytest.mark.parametrize(("now", "status"), [(50.0, 200), (100.0, 200), (399.9, 200), (400.0, 503)])
def test_a_process_that_refreshes_nothing_for_minutes_is_to_be_started_again(now: float, status: int) -> None:
    assert client(snapshot(), now=now).get("/-/healthy").status_code == status


def test_healthy_config_and_landing_page() -> None:
    web = client(snapshot())
    assert web.get("/-/healthy").text == "winburn is healthy\n"
    config = web.get("/config")
    assert (config.headers["content-type"], config.text) == (
        "text/yaml; charset=utf-8",
        "sources: {prod: {password: <secret>}}\n",
    )
    landing = web.get("/")
    assert landing.headers["content-type"] == "text/html; charset=utf-8"
    for part in ("1.2.3", 'href="metrics"', 'href="config"', 'href="-/ready"'):
        assert part in landing.text


def test_the_telemetry_path_can_be_chosen() -> None:
    web = client(snapshot(), telemetry_path="/probe")
    assert web.get("/probe").status_code == 200
    assert web.get("/metrics").status_code == 404
    assert 'href="probe"' in web.get("/").text


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_head_has_the_headers_of_get_and_no_body(path: str) -> None:
    web = client(snapshot())
    got, head = web.get(path), web.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert dict(head.headers) == dict(got.headers)


def test_an_unknown_path_is_a_404_with_a_sentence() -> None:
    response = client(snapshot()).get("/metricz")
    assert (response.status_code, response.text) == (404, "there is nothing at /metricz; start at /\n")


@pytest.mark.parametrize("host", ["a/b", "[", "a?b#c"])
def test_a_host_that_is_none_changes_no_answer(host: str) -> None:
    response = client(snapshot()).get("/metricz", headers={"Host": host})
    assert (response.status_code, response.text) == (404, "there is nothing at /metricz; start at /\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_a_405_with_a_sentence_and_what_is_allowed(path: str, method: str) -> None:
    response = client(snapshot()).request(method, path)
    assert response.status_code == 405
    assert {word.strip() for word in response.headers["allow"].split(",")} == {"GET", "HEAD"}
    assert response.text.startswith(f"{method} is not allowed here; allowed: ")


def test_an_error_inside_is_a_500_that_tells_nothing() -> None:
    application = app(
        lambda: None, monotonic=lambda: 0.0, version="1", config=lambda: (_ for _ in ()).throw(KeyError("s3cret"))
    )
    response = TestClient(application, raise_server_exceptions=False).get("/config")
    assert (response.status_code, response.text) == (500, "something is wrong inside winburn; its log says what\n")


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    headers = client(snapshot()).get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_the_policy_names_the_hash_of_the_pages_own_style() -> None:
    landing = client(snapshot()).get("/")
    (style,) = re.findall(r"<style>(.*?)</style>", landing.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in landing.headers["content-security-policy"]
    assert "style=" not in landing.text
    assert "<script" not in landing.text


def test_the_landing_page_of_a_snapshot_is_rendered_once_and_not_after_expiry() -> None:
    clock = [50.0]
    current = snapshot()
    application = app(lambda: current, monotonic=lambda: clock[0], version="1", config=str)
    web = TestClient(application)
    assert web.get("/").text == web.get("/").text
    clock[0] = 100.0
    assert "too old to be shown" in web.get("/").text
