"""Content negotiation as tables: what a header asks for, what it gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import choose_encoder

from exporter.negotiate import TEXT, accepts_gzip, choose_format

OM1 = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OM0 = "application/openmetrics-text; version=0.0.1; charset=utf-8"
UTF8 = f"{OM1}; escaping=allow-utf-8"

# What these servers really send: Prometheus 3.5.3 and 2.42, read off the wire.
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROTOBUF_FIRST = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + PROMETHEUS_3
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PROMETHEUS_3, UTF8),
        (PROMETHEUS_2, OM1),
        (PROTOBUF_FIRST, UTF8),
        (BROWSER, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/plain", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", TEXT),
        ("application/json", TEXT),
        ("application/openmetrics-text", OM1),
        ("application/openmetrics-text;version=0.0.1", OM0),
        ("application/openmetrics-text;version=0.0.1;escaping=allow-utf-8", OM0),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/*", OM1),
        # the highest q wins, wherever it stands
        ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.9", TEXT),
        ("text/plain;version=0.0.4;q=0.2,application/openmetrics-text;version=1.0.0;q=0.9", OM1),
        ("application/openmetrics-text;version=0.0.1;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8", OM0),
        # ties: the narrower range, then the first
        ("*/*,application/openmetrics-text;version=1.0.0", OM1),
        ("text/plain,application/openmetrics-text", TEXT),
        ("application/openmetrics-text,text/plain", OM1),
        # refused and broken
        ("application/openmetrics-text;version=1.0.0;q=0,text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=nan", TEXT),
        ("application/openmetrics-text;q=7", TEXT),
        ("application/openmetrics-text;q=high,*/*;q=0.1", TEXT),
        (' Application/OpenMetrics-Text ; Version="1.0.0" ; Q=0.5 ', OM1),
        (";;,,=,q=1", TEXT),
    ],
)
def test_the_format_is_the_best_that_the_client_takes(accept: str, content_type: str) -> None:
    chosen = choose_format(accept)
    assert chosen.content_type == content_type
    assert chosen.openmetrics == content_type.startswith("application/openmetrics-text")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("allow-utf-8", "allow-utf-8"),
        ("underscores", "underscores"),
        ("values", "values"),
        ("dots", "underscores"),
        ('x"; y', "underscores"),
    ],
)
def test_the_escaping_is_echoed_where_our_names_are_true_under_it(asked: str, told: str) -> None:
    accept = f"application/openmetrics-text;version=1.0.0;escaping={asked}"
    assert choose_format(accept).content_type == f"{OM1}; escaping={told}"


@pytest.mark.parametrize("accept", [PROMETHEUS_3, "", "text/plain;version=0.0.4", BROWSER])
def test_what_servers_and_browsers_send_gets_the_content_type_that_prometheus_client_gives(accept: str) -> None:
    assert choose_format(accept).content_type == choose_encoder(accept)[1]


@pytest.mark.parametrize(
    ("accept_encoding", "gzip"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip, deflate, br, zstd", True),
        ("*", True),
        ("gzip;q=0.001", True),
        ("", False),
        ("identity", False),
        ("br, zstd", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.0,identity", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("gzip;q=yes", False),
    ],
)
def test_gzip_is_sent_only_where_it_is_welcome(accept_encoding: str, *, gzip: bool) -> None:
    assert accepts_gzip(accept_encoding) is gzip


@given(st.text())
def test_no_header_whatever_can_raise(header: str) -> None:
    assert choose_format(header).content_type.startswith(("text/plain", "application/openmetrics-text"))
    accepts_gzip(header)
