"""The shop's raw counters as Prometheus scrapes them."""

from __future__ import annotations

import threading

import pytest
import requests

from winburn.demo.counters import serving


def scraped(address: str) -> str:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{address}/metrics", timeout=60).text


def test_every_series_is_there_from_the_first_scrape_and_counts() -> None:
    with serving(0) as (address, observe):
        assert 'shop_requests_total{code="503",route="checkout"} 0.0' in scraped(address)
        observe("checkout", "503", 3)
        observe("checkout", "503", 4)
        assert 'shop_requests_total{code="503",route="checkout"} 7.0' in scraped(address)
        threads = threading.active_count()
    assert threading.active_count() < threads
    with pytest.raises(requests.ConnectionError):
        scraped(address)
