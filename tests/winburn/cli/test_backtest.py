"""The command line of `winburn backtest`; what it shows is tested in tests/winburn/backtest."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from alert_rules import generate
from exporter.spec import load
from winburn.cli import main

START = 1_700_000_100

SPEC = """\
sources:
  shop: {type: sql, url: "sqlite:///SHOP"}
slos:
  - name: web
    service: web
    objective: 99.9
    period: 1d
    sli:
      source: shop
      sql: >-
        SELECT at - (at - :start) % :step AS slot, SUM(n) AS total, SUM(failed) AS bad FROM requests
        WHERE at >= :start AND at < :end GROUP BY 1
experiments:
  - name: button
    control: even
    variants: {even: 0.5, odd: 0.5}
    metrics:
      - name: failure
        kind: proportion
        direction: decrease
        source: shop
        query: >-
          SELECT CASE WHEN at / 60 % 2 THEN 'odd' ELSE 'even' END AS variant, SUM(n) AS n, SUM(failed) AS successes
          FROM requests WHERE at <= :at GROUP BY 1
  - name: present
    control: even
    variants: {even: 0.5, odd: 0.5}
    metrics: [{name: m, kind: proportion, source: shop, query: "SELECT variant, n, successes FROM counts"}]
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    database = sqlite3.connect(tmp_path / "shop.db")
    with database:
        database.execute("CREATE TABLE requests (at INTEGER, n INTEGER, failed INTEGER)")
        rows = [(START + i * 60, 1000, 500 if 1500 <= i < 1520 else 0) for i in range(2880)]
        database.executemany("INSERT INTO requests VALUES (?, ?, ?)", rows)
    database.close()
    path = tmp_path / "winburn.yml"
    path.write_text(SPEC.replace("SHOP", str(tmp_path / "shop.db")))
    return path


def _run(spec: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["backtest", str(spec), *map(str, arguments)])


SHORT = ("--from", START + 86400, "--to", START + 86400 + 600, "--step", "5m")
SPAN = ("--from", START + 86400, "--to", START + 2 * 86400)


def test_it_prints_what_would_have_paged(spec: Path) -> None:
    result = _run(spec, *SPAN, "--objective", "99.5", "--period", "7d", "--gate", "off")
    assert result.exit_code == 0, result.output
    assert "would have sent: 1 page" in result.output
    for change in ("as written", "objective 99.5", "period 7d", "gate off"):
        assert f"  {change}" in result.output
    assert result.output == _run(spec, *SPAN, "--objective", "99.5", "--period", "7d", "--gate", "off").output


def test_json_and_a_step_of_fifteen_seconds(spec: Path) -> None:
    result = _run(spec, *SPAN, "--format", "json", "--step", "15s", "--slo", "web")
    (found,) = json.loads(result.output)
    assert found["step_seconds"] == 15
    assert found["firings"][0]["since"] == START + 1500 * 60 + 15


def test_firings_are_kept_for_as_long_as_the_generated_alerts_are(spec: Path) -> None:
    (found,) = json.loads(_run(spec, *SHORT, "--json").output)
    rules = yaml.safe_load(generate(load(spec))["winburn.rules.yml"])
    kept = {rule["keep_firing_for"] for group in rules["groups"] for rule in group["rules"] if "tier" in rule["labels"]}
    assert kept == {f"{found['keep_firing_for_seconds']:.0f}s"}


def test_the_span_begins_at_five_minutes_and_ends_at_a_step(spec: Path) -> None:
    result = _run(spec, "--from", START + 86400 + 70, "--to", START + 100000 + 7, "--format", "json")
    (found,) = json.loads(result.output)
    assert (found["from"], found["to"]) == (START + 86400, START + 99960)


def test_files(spec: Path, tmp_path: Path) -> None:
    result = _run(spec, *SPAN, "--out", tmp_path / "report")
    assert result.exit_code == 0
    assert (tmp_path / "report" / "backtest.html").read_text().startswith("<!DOCTYPE html>")
    assert "backtest.html" in result.stderr


def test_an_experiment_alone_and_beside_an_slo_and_what_cannot_be_replayed(spec: Path) -> None:
    alone = _run(spec, *SHORT, "--experiment", "button")
    assert alone.exit_code == 0, alone.output
    assert alone.stdout.startswith("button: odd against even, 2023-11-15 22:15 to 2023-11-15 22:25 UTC, every 5m\n")
    assert "web (web)" not in alone.stdout
    both = _run(spec, *SHORT, "--experiment", "button", "--experiment", "present", "--slo", "web", "--json")
    assert both.exit_code == 1
    assert [found.get("slo") or found["experiment"] for found in json.loads(both.stdout)] == ["web", "button"]
    assert "present: metric m cannot be replayed: its query tells of now alone" in both.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*SPAN, "--experiment", "buton"), "there is no experiment 'buton', did you mean 'button'?"),
        ((*SPAN, "--experiment", "button", "--out", "x"), "--out has pictures of SLOs alone"),
        ((*SPAN, "--slo", "wep"), "there is no SLO 'wep', did you mean 'web'?"),
        (("--from", START + 600, "--to", START), "--to must be later"),
        ((), "--from"),
        ((*SPAN, "--step", "7s"), "not a whole number of 7s"),
        ((*SPAN, "--step", "10m"), "not a whole number of 10m"),
        ((*SPAN, "--objective", "100"), "not between 0 and 100"),
        ((*SPAN, "--objective", "nan"), "not between 0 and 100"),
        ((*SPAN, "--objective", "x"), "not a number"),
        ((*SPAN, "--period", "5m"), "too short"),
        ((*SPAN, "--gate", "on"), "neither off nor a probability"),
        ((*SPAN, "--gate", "1"), "neither off nor a probability"),
    ],
)
def test_wrong_usage_is_2_and_a_sentence(spec: Path, arguments: tuple[object, ...], sentence: str) -> None:
    result = _run(spec, *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_source_that_does_not_answer_is_1_and_a_sentence(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.db").unlink()
    result = _run(spec, *SPAN)
    assert result.exit_code == 1
    assert "web: source shop: there is no SQLite file" in result.stderr
