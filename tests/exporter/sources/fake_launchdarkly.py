"""A FAKE of the LaunchDarkly REST API on a real loopback socket. It is not LaunchDarkly, and none of its code.

Paths, keys, links and authentication (the token alone, without a word before it) are shaped after the public
description of the API, version 2: https://launchdarkly.com/docs/api (feature flags, experiments, experiment results
with ``expand=traffic``). Weights of a rollout are thousandths of a percent; treatments' percentages are texts.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.exporter.sources.fake_prometheus import Fake, Handler, send, send_json

TOKEN = "api-launchdarkly-1"


class FakeLaunchDarkly:
    """``rollouts``: flag -> (variation index, weight, untracked). ``experiments``: key -> description. ``counts``:
    (experiment, metric) -> treatment -> (units, sum of values). ``busy``: what the next answers say of Retry-After.
    """

    def __init__(self) -> None:
        self.tokens = {TOKEN}
        self.rollouts: dict[str, list[tuple[int, int, bool]]] = {}
        self.experiments: dict[str, dict[str, Any]] = {}
        self.counts: dict[tuple[str, str], dict[str, tuple[int, float]]] = {}
        self.busy: list[str] = []
        self.fake = Fake()
        self.fake.behaviour = self._answer

    @property
    def url(self) -> str:
        return f"{self.fake.url}/api/v2"

    def add(self, key: str, percents: dict[str, str], *, status: str = "running") -> None:
        """An experiment with one iteration; the first treatment is the baseline."""
        treatments = [
            {"name": name, "allocationPercent": percent, "baseline": i == 0}
            for i, (name, percent) in enumerate(percents.items())
        ]
        self.experiments[key] = {
            "key": key,
            "name": key,
            "currentIteration": {"status": status, "treatments": treatments},
        }

    def _answer(self, _fake: Fake, handler: Handler, _form: dict[str, str]) -> None:
        if handler.headers.get("Authorization") not in self.tokens:
            send_json(handler, 401, {"code": "unauthorized", "message": "Invalid access token"})
        elif self.busy:
            send(handler, 429, b'{"code": "rate_limited", "message": "slow down"}', **{"Retry-After": self.busy.pop(0)})
        else:
            address = urlsplit(handler.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            status, body = self._found([unquote(part) for part in address.path.split("/")[1:]], query)
            send_json(handler, status, body)

    def _found(self, path: list[str], query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        match path:
            case ["api", "v2", "flags", "shop", flag] if flag in self.rollouts:
                return 200, self._flag(flag)
            case ["api", "v2", "projects", "shop", "environments", "production", "experiments", *rest]:
                return self._experiment(rest, query)
        return 404, {"code": "not_found", "message": "Unknown resource"}

    def _experiment(self, path: list[str], query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        match path:
            case []:
                return 200, self._page(int(query.get("limit", "20")), int(query.get("offset", "0")))
            case [key] if key in self.experiments:
                return 200, self._expanded(self.experiments[key], query)
            case [key, "metrics", metric, "results"] if (key, metric) in self.counts:
                return 200, {"metricSeen": {"ever": True}, "results": [self._result(key, metric, query)]}
        return 404, {"code": "not_found", "message": "Unknown experiment"}

    def _result(self, key: str, metric: str, query: dict[str, str]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        for name, (units, total) in self.counts[key, metric].items():
            row: dict[str, Any] = {"treatmentId": f"id-{name}", "treatmentName": name, "units": units}
            row |= {"mean": total / max(units, 1), "eventValuesSum": total}
            rows.append({**row, "traffic": units} if query.get("expand") == "traffic" else row)
        return {"attribute": {}, "treatmentResults": rows}

    def _expanded(self, experiment: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        iteration = dict(experiment["currentIteration"])
        if "treatments" not in query.get("expand", "").split(","):
            del iteration["treatments"]
        return {**experiment, "currentIteration": iteration}

    def _page(self, limit: int, offset: int) -> dict[str, Any]:
        keys = sorted(self.experiments)
        items = [self._expanded(self.experiments[key], {}) for key in keys[offset : offset + limit]]
        here = "/api/v2/projects/shop/environments/production/experiments"
        more = {"next": {"href": f"{here}?limit={limit}&offset={offset + limit}"}} if offset + limit < len(keys) else {}
        return {"items": items, "total_count": len(keys), "_links": {"self": {"href": here}, **more}}

    def _flag(self, flag: str) -> dict[str, Any]:
        variations = [
            {"variation": index, "weight": weight, "untracked": untracked}
            for index, weight, untracked in self.rollouts[flag]
        ]
        fallthrough = {"rollout": {"variations": variations, "experimentAllocation": {"type": "experiment"}}}
        values = [{"_id": "v-0", "value": False, "name": "blue"}, {"_id": "v-1", "value": True, "name": "green"}]
        return {"key": flag, "variations": values, "environments": {"production": {"fallthrough": fallthrough}}}
