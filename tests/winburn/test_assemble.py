"""From a spec to sources and collectors."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from exporter.sources.file import FileSource
from exporter.sources.prometheus import PrometheusSource
from exporter.sources.sql import SqlSource
from exporter.spec import SecretError, Spec, load
from exporter.state import State, StateError
from winburn.assemble import assemble, open_state

SPEC = """\
sources:
  prod: {type: prometheus, url: "http://127.0.0.1:9"}
  shop: {type: sql, url: "sqlite:///shop.db"}
  csv: {type: file, path: counts.csv}
  idle: {type: sql, url: "sqlite:///idle.db"}
slos:
  - {name: a, service: s, objective: 99, period: 30d, sli: {source: prod, total: hits_total, bad: misses_total}}
  - name: b
    service: s
    objective: 99
    period: 30d
    sli:
      source: shop
      sql: SELECT at / :step * :step AS slot, 1 AS total, 0 AS bad FROM events WHERE at >= :start AND at < :end
  - {name: c, service: s, objective: 99, period: 30d, sli: {source: prod, total: seen_total, good: good_total}}
"""
EXPERIMENT = """\
experiments:
  - name: buttons
    control: blue
    variants: {blue: 0.5, green: 0.5}
    metrics: [{name: conversion, kind: proportion, source: csv, csv: {}}]
"""


def loaded(folder: Path, text: str) -> Spec:
    path = folder / "winburn.yml"
    path.write_text(text)
    return load(path)


def test_each_source_becomes_what_its_type_says_and_is_not_asked_yet(tmp_path: Path) -> None:
    assembly = assemble(loaded(tmp_path, SPEC + EXPERIMENT), State("sqlite://"))
    assert {name: type(source) for name, source in assembly.sources.items()} == {
        "csv": FileSource,
        "idle": SqlSource,
        "prod": PrometheusSource,
        "shop": SqlSource,
    }
    assert list(assembly.health()) == []


def test_a_collector_for_the_slos_of_each_source_and_one_for_all_experiments(tmp_path: Path) -> None:
    names = [collector.name for collector in assemble(loaded(tmp_path, SPEC), State("sqlite://")).collectors]
    assert names == ["slo:prod", "slo:shop"]
    spec = loaded(tmp_path, SPEC + EXPERIMENT)
    assert [collector.name for collector in assemble(spec, State("sqlite://")).collectors] == [*names, "experiment"]


def test_acknowledgements_are_read_where_an_alertmanager_is_named_and_now_is_asked_about(tmp_path: Path) -> None:
    spec = loaded(tmp_path, SPEC + 'alerting: {alertmanager: ["http://127.0.0.1:1"]}\n')
    names = [collector.name for collector in assemble(spec, State("sqlite://")).collectors]
    assert names == ["slo:prod", "slo:shop", "alertmanager"]
    past = assemble(spec, State("sqlite://"), live=False).collectors
    assert [collector.name for collector in past] == names[:-1]


def test_a_dead_alertmanager_costs_only_its_own_samples(tmp_path: Path) -> None:
    spec = loaded(tmp_path, SPEC + 'alerting: {alertmanager: ["http://127.0.0.1:1"]}\n')
    reports = list(assemble(spec, State("sqlite://")).collectors[-1].collect(1_700_000_000.0))
    assert {report.entity for report in reports if report.error} == {"127.0.0.1:1", "acknowledgements"}


def test_health_says_up_of_what_was_asked(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("variant,n,successes\nblue,10,1\ngreen,10,1\n")
    assembly = assemble(loaded(tmp_path, SPEC + EXPERIMENT), State("sqlite://"))
    for collector in assembly.collectors:
        list(collector.collect(1_700_000_000.0))
    assert {dict(sample.labels)["source"]: sample.value for sample in assembly.health()} == {
        "csv": 1.0,
        "prod": 0.0,
        "shop": 0.0,
    }


def test_one_source_is_one_object_for_slos_and_experiments(tmp_path: Path) -> None:
    """So that winburn_source_up is one series."""
    text = SPEC + EXPERIMENT.replace("source: csv, csv: {}", "source: shop, query: SELECT 1 AS variant")
    assembly = assemble(loaded(tmp_path, text), State("sqlite://"))
    for collector in assembly.collectors:
        list(collector.collect(1_700_000_000.0))
    assert [dict(sample.labels)["source"] for sample in assembly.health()] == ["prod", "shop"]


def test_the_state_store_is_beside_the_spec_or_where_a_file_says(tmp_path: Path) -> None:
    open_state(loaded(tmp_path, SPEC)).close()
    assert (tmp_path / "winburn-state.db").is_file()
    (tmp_path / "secret").write_text(f"sqlite:///{tmp_path / 'other.db'}\n")
    open_state(loaded(tmp_path, SPEC + "state: {url_file: secret}\n")).close()
    assert (tmp_path / "other.db").is_file()


def test_a_state_store_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with pytest.raises(StateError, match=r"the state store .*state cannot be opened: unable to open database file"):
        open_state(loaded(tmp_path, SPEC + 'state: {url: "sqlite:///state"}\n'))


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    spec = loaded(tmp_path, SPEC.replace('url: "http://127.0.0.1:9"', "url_file: address"))
    with pytest.raises(SecretError, match="address cannot be read"):
        assemble(spec, State("sqlite://"))


SCHEMA = Path(__file__).resolve().parents[2] / "deploy" / "sql" / "variants.sqlite.sql"
VARIANTS = """\
lag: 0s
limits: {labels: 1}
sources: {shop: {type: sql, url: "sqlite:///shop.db", timezone: Europe/Berlin}}
engagement: {source: shop}
"""


def test_content_variants_have_a_collector_and_their_drops_are_health(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.executescript(SCHEMA.read_text(encoding="utf-8"))
        database.executescript(
            "INSERT INTO variants (id, persona_id, posted_at) VALUES ('a', 'x', '2026-01-01 01:00:00'), ('b', 'x', 1);"
            "INSERT INTO variant_performance (variant_id, impressions) VALUES ('a', 10), ('b', 10)"
        )
    database.close()
    assembly = assemble(loaded(tmp_path, VARIANTS), State("sqlite://"))
    (collector,) = assembly.collectors
    assert collector.name == "engagement"
    (report,) = collector.collect(1_767_225_600.0)
    assert [sample.labels[0] for sample in report.samples if sample.name == "variant_impressions"] == [("variant", "a")]
    health = {(one.name, *one.labels[0]): one.value for one in assembly.health()}
    assert health["winburn_source_up", "source", "shop"] == 1
    assert health["winburn_series_dropped_total", "family", "variant_impressions"] == 1
