"""A FAKE of the GrowthBook REST API on a real loopback socket. It is not GrowthBook, and none of its code.

Paths, keys, paging and authentication are shaped after the public description of the API, version 1:
https://docs.growthbook.io/api (experiments, experiments/{id}, experiments/{id}/results). Only what our source reads is
filled with life; numbers are what a test puts in.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.exporter.sources.fake_prometheus import Fake, Handler, send_json

TOKEN = "secret_growthbook_1"


class FakeGrowthBook:
    """``experiments`` by id as GrowthBook describes them, ``results`` by experiment id, ``tokens`` that are good."""

    def __init__(self) -> None:
        self.tokens = {TOKEN}
        self.experiments: dict[str, dict[str, Any]] = {}
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.fake = Fake()
        self.mend()

    @property
    def url(self) -> str:
        return f"{self.fake.url}/api"

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.fake.asked]

    def mend(self) -> None:
        """Answer rightly again."""
        self.fake.behaviour = self._answer

    def add(self, key: str, weights: dict[str, float], *, status: str = "running") -> None:
        """An experiment ``exp_<key>`` whose variations have ids that nobody can read, as GrowthBook's do."""
        variations = [
            {"variationId": f"var_{key}_{i}", "key": str(i), "name": name, "description": "", "screenshots": []}
            for i, name in enumerate(weights)
        ]
        split = [
            {"variationId": variation["variationId"], "weight": weight}
            for variation, weight in zip(variations, weights.values(), strict=True)
        ]
        self.experiments[f"exp_{key}"] = {
            "id": f"exp_{key}",
            "trackingKey": key,
            "name": key,
            "status": status,
            "variations": variations,
            "phases": [{"name": "Main", "coverage": 1, "trafficSplit": split}],
        }

    def count(self, key: str, metric: str, *counts: tuple[float, float]) -> None:
        """Users and conversions of each variation, under a metric."""
        variations = [
            {
                "variationId": f"var_{key}_{i}",
                "users": n,
                "analyses": [{"engine": "bayesian", "numerator": k, "denominator": n, "mean": k / n if n else 0}],
            }
            for i, (n, k) in enumerate(counts)
        ]
        metrics = [x for x in self.results.get(f"exp_{key}", []) if x["metricId"] != metric]
        self.results[f"exp_{key}"] = [*metrics, {"metricId": metric, "variations": variations}]

    def _answer(self, _fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        if handler.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            send_json(handler, 401, {"message": f"Missing Authorization header: {handler.headers['Authorization']}"})
            return
        address = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        status, body = self._found([unquote(part) for part in address.path.split("/")[1:]], query)
        send_json(handler, status, body)

    def _found(self, path: list[str], query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        match path:
            case ["api", "v1", "experiments"]:
                return 200, self._page(int(query.get("limit", "10")), int(query.get("offset", "0")))
            case ["api", "v1", "experiments", key] if key in self.experiments:
                return 200, {"experiment": self.experiments[key]}
            case ["api", "v1", "experiments", key, "results"] if key in self.experiments:
                return 200, {"result": {"experimentId": key, "phase": "0", "results": self._sliced(key)}}
        return 404, {"message": "Could not find experiment with that id"}

    def _sliced(self, key: str) -> list[dict[str, Any]]:
        metrics = self.results.get(key)
        return [{"dimension": "", "totalUsers": 0, "checks": {"srm": 1}, "metrics": metrics}] if metrics else []

    def _page(self, limit: int, offset: int) -> dict[str, Any]:
        every = [self.experiments[key] for key in sorted(self.experiments)]
        part, end = every[offset : offset + limit], offset + limit
        more = end < len(every)
        page = {"limit": limit, "offset": offset, "count": len(part), "total": len(every)}
        return {"experiments": part, **page, "hasMore": more, "nextOffset": end if more else None}
