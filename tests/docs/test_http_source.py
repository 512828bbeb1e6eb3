"""docs/http-source.md: every block of YAML on it loads, and gives counts and definitions from the two fakes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.sources.base import Count, Definition
from exporter.sources.http_json import HttpSource
from exporter.spec import Spec, lint, load_text
from exporter.state import State
from tests.exporter.sources.fake_growthbook import FakeGrowthBook
from tests.exporter.sources.fake_launchdarkly import FakeLaunchDarkly
from winburn.assemble import assemble

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http-source.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
AT = 1_700_000_000.0


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What stands on the page -> what a test has in its place."""
    growthbook, launchdarkly = FakeGrowthBook(), FakeLaunchDarkly()
    growthbook.add("button", {"Control": 0.9, "Green": 0.1})
    growthbook.count("button", "met_conversion", (900, 90), (100, 12))
    launchdarkly.add("button", {"blue": "80", "green": "20"}, status="stopped")
    launchdarkly.rollouts["show-page"] = [(0, 30_000, False), (1, 10_000, False), (0, 60_000, True)]
    for key in ("button", "page"):
        launchdarkly.counts[key, "conversion"] = {"blue": (900, 90), "green": (100, 12)}
    for name, fake in (("growthbook", growthbook), ("launchdarkly", launchdarkly)):
        (tmp_path / name).write_text(next(iter(fake.tokens)))
    yield {
        "https://api.growthbook.io/api": growthbook.url,
        "https://app.launchdarkly.com/api/v2": launchdarkly.url,
        "/run/secrets": str(tmp_path),
    }
    growthbook.fake.close()
    launchdarkly.fake.close()


def spec_of(block: str, addresses: dict[str, str]) -> Spec:
    for written, used in addresses.items():
        block = block.replace(written, used)
    return load_text(block)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_loads_and_says_no_secret(block: str) -> None:
    spec = load_text(block)
    assert spec.experiments
    assert not [warning for warning in lint(spec) if "secret" in warning]


def test_there_are_blocks() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS)
def test_every_metric_has_its_counts(block: str, addresses: dict[str, str]) -> None:
    assembly = assemble(spec := spec_of(block, addresses), State("sqlite://"))
    for experiment in spec.experiments:
        source = assembly.sources[experiment.primary.source]
        assert isinstance(source, HttpSource)
        assert source.counts(experiment.primary, AT) == [Count("blue", (900, 90)), Count("green", (100, 12))]


def test_every_definition_says_what_the_system_says(addresses: dict[str, str]) -> None:
    found = []
    for block in BLOCKS:
        spec = spec_of(block, addresses)
        assembly = assemble(spec, State("sqlite://"))
        for experiment in spec.experiments:
            assert experiment.definition is not None
            source = assembly.sources[experiment.definition.source]
            assert isinstance(source, HttpSource)
            found.append(source.definition(experiment.definition, AT))
    assert found == [
        Definition("running", {"blue": 0.9, "green": 0.1}),
        Definition("running", None),
        Definition("completed", {"blue": 0.8, "green": 0.2}),
        Definition(None, {"blue": 0.75, "green": 0.25}),
    ]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_exporter_shows_the_participants_and_that_the_source_is_up(block: str, addresses: dict[str, str]) -> None:
    assembly = assemble(spec_of(block, addresses), State("sqlite://"))
    reports = [report for collector in assembly.collectors for report in collector.collect(AT)]
    samples = [sample for report in reports for sample in report.samples]
    assert [report.error for report in reports] == [None] * len(reports)
    shown = {
        (dict(sample.labels)["variant"], sample.value)
        for sample in samples
        if sample.name == "experiment_variant_participants"
    }
    assert shown == {("blue", 900), ("green", 100)}
    assert [sample.value for sample in assembly.health()] == [1.0]
