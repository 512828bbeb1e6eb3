"""Counts and definitions from a GrowthBook-shaped and a LaunchDarkly-shaped fake, with the specs of docs/http-source.md
in short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.sources.base import Count, Definition, SourceError, Unreachable
from exporter.sources.build import open_source
from exporter.sources.http_json import HttpSource
from exporter.sources.prometheus_api import TooSlow
from exporter.sources.repeats import Clock, Patience
from exporter.sources.turns import Turns
from exporter.spec import source_models
from exporter.spec.experiment_models import JsonDefinition, Metric
from tests.exporter.sources.fake_growthbook import TOKEN as GROWTHBOOK
from tests.exporter.sources.fake_growthbook import FakeGrowthBook
from tests.exporter.sources.fake_launchdarkly import TOKEN as LAUNCHDARKLY
from tests.exporter.sources.fake_launchdarkly import FakeLaunchDarkly
from tests.exporter.sources.fake_prometheus import saying

EXPERIMENTS = "/projects/shop/environments/production/experiments"


@pytest.fixture
def growthbook() -> Iterator[FakeGrowthBook]:
    fake = FakeGrowthBook()
    yield fake
    fake.fake.close()


@pytest.fixture
def launchdarkly() -> Iterator[FakeLaunchDarkly]:
    fake = FakeLaunchDarkly()
    yield fake
    fake.fake.close()


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., HttpSource]:
    def go(url: str, token: str, **keys: Any) -> HttpSource:
        (tmp_path / "token").write_text(token)
        model = source_models.HttpSource(type="http", url=url, token_file=str(tmp_path / "token"), **keys)
        source = open_source("flags", model, url=url, series_limit=1)
        assert isinstance(source, HttpSource)
        return source

    return go


def test_what_a_path_takes_is_measured_and_bounded_by_the_spec(opened: Callable[..., HttpSource]) -> None:
    source, now = opened("http://127.0.0.1:9", "t", timeout="4s"), [0.0]
    assert source.turns._timeout == 4

    def get(_path: str) -> list[bytes]:
        now[0] += 4.0
        raise TooSlow("source flags gave no whole answer within 4 s")

    source.turns, source._api.get = Turns(4.0, lambda: now[0]), get  # type: ignore[method-assign]  # it hangs
    with pytest.raises(Unreachable, match="no whole answer within 4 s"):
        source.counts(growthbook_metric("button"), 0.0)
    assert source.turns.took == 4.0


def metric(name: str = "conversion", **json: Any) -> Metric:
    return Metric(name=name, kind="proportion", source="flags", json=json)  # type: ignore[arg-type] # as the YAML has it


def growthbook_metric(key: str, name: str = "conversion") -> Metric:
    return metric(
        name,
        path=f"/v1/experiments/exp_{key}/results",
        rows=f"result.results[0].metrics[?metricId=='met_{name}'] | [0].variations",
        columns={"variant": "variationId", "n": "users", "successes": "analyses[0].numerator"},
        names={f"var_{key}_0": "blue", f"var_{key}_1": "green"},
    )


def growthbook_definition(key: str, **changes: Any) -> JsonDefinition:
    keys: dict[str, Any] = {
        "source": "flags",
        "path": f"/v1/experiments/exp_{key}",
        "item": "experiment",
        "status": "status",
        "values": {"stopped": "completed"},
        "variants": {
            "rows": "phases[-1].trafficSplit",
            "name": "variationId",
            "share": "weight",
            "names": {f"var_{key}_0": "blue", f"var_{key}_1": "green"},
        },
    }
    return JsonDefinition(**{**keys, **changes})


def launchdarkly_metric(key: str, name: str = "conversion") -> Metric:
    return metric(
        name,
        path=f"{EXPERIMENTS}/{key}/metrics/{name}/results?expand=traffic",
        rows="results[0].treatmentResults",
        columns={"variant": "treatmentName", "n": "traffic", "successes": "eventValuesSum"},
    )


def failure(ask: Callable[[], object]) -> str:
    with pytest.raises(SourceError) as caught:
        ask()
    return str(caught.value)


def test_growthbook_counts_and_definition(growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]) -> None:
    growthbook.add("button", {"Control": 0.7, "Green": 0.3})
    growthbook.count("button", "met_conversion", (700, 70), (300, 33))
    growthbook.count("button", "met_refund", (700, 7), (300, 0))
    source = opened(growthbook.url, GROWTHBOOK)
    assert source.counts(growthbook_metric("button"), 15.0) == [Count("blue", (700, 70)), Count("green", (300, 33))]
    assert source.counts(growthbook_metric("button", "refund"), 15.0)[1] == Count("green", (300, 0))
    assert source.definition(growthbook_definition("button"), 15.0) == Definition(
        "running", {"blue": 0.7, "green": 0.3}
    )
    assert source.up is True
    growthbook.experiments["exp_button"]["status"] = "stopped"
    assert source.definition(growthbook_definition("button"), 30.0).status == "completed"


def test_growthbook_experiments_are_found_in_pages_too(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]
) -> None:
    for i in range(25):
        growthbook.add(f"test{i:02}", {"Control": 1, "Green": 1}, status="draft")
    growthbook.add("zebra", {"Control": 3, "Green": 1})
    source = opened(growthbook.url, GROWTHBOOK, pages={"next": "nextOffset", "parameter": "offset"})
    where = growthbook_definition(
        "zebra", path="/v1/experiments?limit=10", item="experiments[?trackingKey=='zebra'] | [0]"
    )
    assert source.definition(where, 15.0) == Definition("running", {"blue": 0.75, "green": 0.25})
    assert len(growthbook.paths) == 3


def test_launchdarkly_counts_treatments_and_rollout(
    launchdarkly: FakeLaunchDarkly, opened: Callable[..., HttpSource]
) -> None:
    launchdarkly.add("button", {"blue": "66.6", "green": "33.3"})
    launchdarkly.counts["button", "conversion"] = {"blue": (666, 66), "green": (333, 40)}
    launchdarkly.rollouts["show-button"] = [(0, 20_000, False), (1, 5_000, False), (0, 75_000, True)]
    source = opened(launchdarkly.url, LAUNCHDARKLY, token_prefix="")
    assert source.counts(launchdarkly_metric("button"), 15.0) == [Count("blue", (666, 66)), Count("green", (333, 40))]
    iteration = JsonDefinition(
        source="flags",
        path=f"{EXPERIMENTS}/button?expand=treatments",
        item="currentIteration",
        status="status",
        values={"not_started": "draft", "stopped": "completed"},
        variants={"rows": "treatments", "name": "name", "share": "to_number(allocationPercent)"},  # type: ignore[arg-type]
    )
    definition = source.definition(iteration, 15.0)
    assert definition.status == "running"
    assert definition.shares == pytest.approx({"blue": 2 / 3, "green": 1 / 3})
    flag = JsonDefinition(
        source="flags",
        path="/flags/shop/show-button?env=production",
        variants={  # type: ignore[arg-type]
            "rows": "environments.production.fallthrough.rollout.variations[?!untracked]",
            "name": "variation",
            "share": "weight",
            "names": {"0": "blue", "1": "green"},
        },
    )
    assert source.definition(flag, 15.0) == Definition(None, {"blue": 0.8, "green": 0.2})


def test_launchdarkly_experiments_are_found_by_links_too(
    launchdarkly: FakeLaunchDarkly, opened: Callable[..., HttpSource]
) -> None:
    for i in range(5):
        launchdarkly.add(f"test{i}", {"blue": "50"}, status="not_started" if i < 4 else "running")
    source = opened(launchdarkly.url, LAUNCHDARKLY, token_prefix="", pages={"next": "_links.next.href"})
    where = JsonDefinition(
        source="flags",
        path=f"{EXPERIMENTS}?limit=2",
        item="items[?key=='test4'] | [0].currentIteration",
        status="status",
    )
    assert source.definition(where, 15.0).status == "running"
    assert len(launchdarkly.fake.asked) == 3


def test_a_busy_api_is_asked_again_when_it_says(
    launchdarkly: FakeLaunchDarkly, opened: Callable[..., HttpSource]
) -> None:
    launchdarkly.counts["button", "conversion"] = {"blue": (666, 66)}
    launchdarkly.busy = ["0", "0"]
    source = opened(launchdarkly.url, LAUNCHDARKLY, token_prefix="")
    clock = Clock(monotonic=lambda: 1000.0)
    source._api._clock, source._api._patience = clock, Patience(clock)
    assert source.counts(launchdarkly_metric("button"), 15.0) == [Count("blue", (666, 66))]
    launchdarkly.busy = ["3600"]
    assert failure(lambda: source.counts(launchdarkly_metric("button"), 30.0)).endswith("it asked for quiet, for 600 s")
    assert source.up is False
    assert "asked for quiet" in failure(lambda: source.counts(launchdarkly_metric("button"), 45.0))
    assert len(launchdarkly.fake.asked) == 4


def test_a_rotated_token_is_used_at_once_and_a_revoked_one_heals(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource], tmp_path: Path
) -> None:
    growthbook.add("button", {"Control": 1, "Green": 1})
    growthbook.count("button", "met_conversion", (10, 1), (10, 2))
    source = opened(growthbook.url, GROWTHBOOK)
    source.counts(growthbook_metric("button"), 15.0)
    growthbook.tokens = {"secret_rotated"}
    message = failure(lambda: source.counts(growthbook_metric("button"), 30.0))
    assert message == "source flags, /v1/experiments/exp_button/results: refused the credentials (HTTP 401)"
    assert source.up is False
    (tmp_path / "token").write_text("secret_rotated\n")
    assert source.counts(growthbook_metric("button"), 45.0) == [Count("blue", (10, 1)), Count("green", (10, 2))]
    assert source.up is True
    (tmp_path / "token").unlink()
    assert "token_file" in failure(lambda: source.counts(growthbook_metric("button"), 60.0))
    assert source.up is False


def test_one_failing_experiment_costs_itself_only(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]
) -> None:
    growthbook.add("button", {"Control": 1, "Green": 1})
    growthbook.add("fresh", {"Control": 1, "Green": 1})
    growthbook.count("button", "met_conversion", (10, 1), (10, 2))
    source = opened(growthbook.url, GROWTHBOOK)
    message = failure(lambda: source.counts(growthbook_metric("gone"), 15.0))
    assert message == (
        "source flags, /v1/experiments/exp_gone/results: answered HTTP 404: Could not find experiment with that id"
    )
    assert source.up is True
    message = failure(lambda: source.counts(growthbook_metric("fresh"), 15.0))
    assert message.startswith(
        "source flags, /v1/experiments/exp_fresh/results, metric conversion: rows 'result.results"
    )
    assert message.endswith("gives nothing, not a list; there is a mapping with result")
    assert source.up is True
    assert len(source.counts(growthbook_metric("button"), 15.0)) == 2


def test_counts_that_cannot_be_are_refused_with_their_place(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]
) -> None:
    growthbook.add("button", {"Control": 1, "Green": 1})
    growthbook.count("button", "met_conversion", (10, 1), (10, 12))
    source = opened(growthbook.url, GROWTHBOOK)
    message = failure(lambda: source.counts(growthbook_metric("button"), 15.0))
    assert message.startswith("source flags, /v1/experiments/exp_button/results, metric conversion, row 2 of 'result.")
    assert "12 successes of 10 units" in message


def test_one_instant_costs_one_question_and_the_next_another(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]
) -> None:
    growthbook.add("button", {"Control": 1, "Green": 1})
    growthbook.count("button", "met_conversion", (10, 1), (10, 2))
    source = opened(growthbook.url, GROWTHBOOK)
    for at, asked in ((15.0, 1), (15.0, 1), (30.0, 2), (15.0, 3)):
        source.counts(growthbook_metric("button"), at)
        assert len(growthbook.paths) == asked


def test_an_answer_is_used_again_for_as_long_as_every_says_and_an_error_never(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]
) -> None:
    growthbook.add("button", {"Control": 1, "Green": 1})
    growthbook.count("button", "met_conversion", (10, 1), (10, 2))
    source = opened(growthbook.url, GROWTHBOOK, every="1m")
    growthbook.fake.behaviour = saying(500, b"")
    failure(lambda: source.counts(growthbook_metric("button"), 0.0))
    growthbook.mend()
    for at, asked in ((15.0, 2), (30.0, 2), (75.0, 2), (76.0, 3), (90.0, 3)):
        source.counts(growthbook_metric("button"), at)
        assert len(growthbook.paths) == asked


def test_what_is_kept_is_bounded(
    growthbook: FakeGrowthBook, opened: Callable[..., HttpSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"test{i}" for i in range(4)]
    for key in keys:
        growthbook.add(key, {"Control": 1, "Green": 1})
        growthbook.count(key, "met_conversion", (10, 1), (10, 2))
    source = opened(growthbook.url, GROWTHBOOK, every="1m")
    source.counts(growthbook_metric("test0"), 0.0)
    size = sum(map(len, source._kept["/v1/experiments/exp_test0/results"][1]))
    monkeypatch.setattr("exporter.sources.http_json.BODY_BYTES", 2 * size)
    for key in keys:
        source.counts(growthbook_metric(key), 1.0)
    assert list(source._kept) == ["/v1/experiments/exp_test2/results", "/v1/experiments/exp_test3/results"]
    source.counts(growthbook_metric("test0"), 500.0)
    assert list(source._kept) == ["/v1/experiments/exp_test0/results"]


def test_a_metric_without_json_is_a_mistake(growthbook: FakeGrowthBook, opened: Callable[..., HttpSource]) -> None:
    source = opened(growthbook.url, GROWTHBOOK)
    bare = Metric(name="m", kind="proportion", source="flags")
    assert failure(lambda: source.counts(bare, 0.0)) == "source flags: metric m has no json"
