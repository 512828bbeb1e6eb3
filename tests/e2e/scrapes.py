"""How a real Prometheus fared with its scrapes."""

from __future__ import annotations

import math
import time

import requests

TIMEOUT = 1.0
"""Seconds: of an interval of as many. A busy machine can take that long for anything."""


def since(url: str, job: str, began: float) -> tuple[int, list[float]]:
    """Of a job that is scraped each second: how many scrapes were good from a Unix time on, and the times of those that
    failed otherwise than by Prometheus' own timeout, that is, were refused, cut off, or answered with an error."""
    now = time.time()
    seconds = math.ceil(now - began)
    with requests.Session() as session:
        session.trust_env = False

        def read(name: str) -> dict[tuple[str, float], float]:
            form = {"query": f'{name}{{job="{job}"}}[{seconds}s]', "time": f"{now}"}
            answer = session.get(f"{url}/api/v1/query", params=form, timeout=60).json()
            return {
                (one["metric"]["instance"], at): float(value)
                for one in answer["data"]["result"]
                for at, value in one["values"]
                if at >= began
            }

        up, took = read("up"), read("scrape_duration_seconds")
    failed = sorted(scrape[1] for scrape, value in up.items() if not value and took[scrape] < TIMEOUT)
    return sum(map(bool, up.values())), failed
