"""Every block of YAML in README and docs: specs pass `winburn check`, fragments do when they are completed."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.docs.blocks import Block, all_blocks
from winburn.cli import main

BASE = """\
sources:
  prod: {type: prometheus, url: "http://localhost:9090"}
  shop: {type: sql, url: "sqlite:///shop.db"}
  counts: {type: file, path: counts.csv}
slos:
  - name: checkout-availability
    service: checkout
    objective: 99.9
    period: 30d
    sli: {source: prod, total: 'http_requests_total{job="checkout"}', bad: 'http_requests_total{code=~"5.."}'}
experiments:
  - name: checkout-button
    control: blue
    variants: {blue: 0.5, green: 0.5}
    metrics:
      - {name: conversion, kind: proportion, source: shop, query: "SELECT variant, n, successes FROM counts"}
engagement: {source: shop}
"""
"""What a fragment is completed with."""

WHOLE = [block for block in all_blocks("yaml") if block.mark not in ("fragment", "not a spec", "file")]
FRAGMENTS = [block for block in all_blocks("yaml") if block.mark == "fragment"]
FOREIGN = [block for block in all_blocks("yaml") if block.mark in ("not a spec", "file")]


def where(block: Block) -> str:
    return block.where


def complete(kind: str, part: Any) -> dict[str, Any]:
    """The base with the fragment in its place."""
    spec: dict[str, Any] = yaml.safe_load(BASE)
    slo, experiment = spec["slos"][0], spec["experiments"][0]
    match kind:
        case "spec":
            sources = {**spec["sources"], **part.get("sources", {})}
            engagement = {**spec["engagement"], **part.get("engagement", {})}
            experiments = [{**experiment, **given} for given in part.get("experiments", [{}])]
            spec.update(part)
            spec.update(sources=sources, engagement=engagement, experiments=experiments)
        case "slo":
            slo.update(part)
        case "sli":
            slo["sli"] = part
        case "experiment":
            experiment.update(part)
        case "metric":
            experiment["metrics"][0] = {"name": "conversion", "kind": "proportion", **part}
        case "engagement":
            spec["engagement"].update(part)
        case _:
            pytest.fail(f"{kind} is no kind of fragment")
    return spec


def check(text: str, folder: Path) -> str:
    path = folder / "winburn.yml"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["check", str(path)])
    return "" if done.exit_code == 0 else done.output


def test_there_are_blocks_of_each_sort() -> None:
    assert len(WHOLE) > 7
    assert len(FRAGMENTS) > 5
    assert FOREIGN


@pytest.mark.parametrize("block", WHOLE, ids=where)
def test_a_spec_passes_check(block: Block, tmp_path: Path) -> None:
    assert check(textwrap.dedent(block.text), tmp_path) == ""


@pytest.mark.parametrize("block", FRAGMENTS, ids=where)
def test_a_fragment_passes_when_it_is_completed(block: Block, tmp_path: Path) -> None:
    spec = complete(block.said, yaml.safe_load(textwrap.dedent(block.text)))
    assert check(yaml.safe_dump(spec), tmp_path) == ""


@pytest.mark.parametrize("block", FOREIGN, ids=where)
def test_what_is_no_spec_is_yaml_at_least(block: Block, tmp_path: Path) -> None:
    documents = list(yaml.safe_load_all(block.text))
    assert all(documents)
    if block.mark == "file" and block.said == "winburn.yml":
        assert check(block.text, tmp_path) == ""
