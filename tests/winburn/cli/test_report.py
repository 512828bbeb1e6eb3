"""The command line of `winburn report`; what it shows is tested in tests/winburn/report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.winburn.report.shop import AT, Shop, watched
from winburn.cli import main

SPAN = ("--from", AT - 4 * 3600, "--to", datetime.fromtimestamp(AT, UTC).isoformat())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return watched(tmp_path_factory.mktemp("shop"))


def run(shop: Shop, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["report", str(shop.file), *map(str, arguments)])


def test_it_prints_markdown(shop: Shop) -> None:
    result = run(shop, *SPAN)
    assert result.exit_code == 0, result.output
    assert "# winburn report" in result.stdout
    assert "| checkout | 99 % |" in result.stdout
    assert result.stdout == run(shop, *SPAN).stdout


@pytest.mark.parametrize("layout", ["html", "json", "md"])
def test_a_file_has_the_same_bytes_twice(shop: Shop, tmp_path: Path, layout: str) -> None:
    bodies = []
    for name in ("one", "two"):
        result = run(shop, *SPAN, "--format", layout, "--out", tmp_path / "new" / name)
        assert result.exit_code == 0, result.output
        bodies.append((tmp_path / "new" / name).read_bytes())
    assert bodies[0] == bodies[1]
    if layout == "json":
        assert json.loads(bodies[0])["slos"][0]["name"] == "checkout"


def test_tables_go_into_a_folder(shop: Shop, tmp_path: Path) -> None:
    result = run(shop, *SPAN, "--format", "csv", "--out", tmp_path / "tables")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "tables" / "slos.csv").read_text().startswith("slo,slo_group,")
    assert "0 of them new or changed" in run(shop, *SPAN, "--format", "csv", "--out", tmp_path / "tables").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--format", "csv"), "name a folder with --out"),
        (("--period", "last-week", "--from", AT), "cannot both be given"),
        (("--period", "fortnight"), "this-week"),
        (("--timezone", "Berlin"), "Europe/Berlin"),
        (("--slo", "chekout"), "did you mean 'checkout'"),
        (("--experiment", "none"), "there are: 'buttons', 'later'"),
        (("--prometheus", "nowhere"), "http://localhost:9090"),
        (("--format", "docx"), "docx"),
    ],
)
def test_a_wrong_command_line_is_2_and_tells_the_way_out(shop: Shop, arguments: tuple[object, ...], told: str) -> None:
    result = run(shop, *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


def test_an_output_that_cannot_be_written_is_1(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(shop, *SPAN, "--out", tmp_path / "file" / "report.md")
    assert result.exit_code == 1
    assert "cannot write" in result.output


def test_a_prometheus_that_is_down_costs_its_part_and_is_1(shop: Shop) -> None:
    result = run(shop, *SPAN, "--prometheus", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "# winburn report" in result.stdout
    assert "source prometheus does not answer" in result.stderr


def test_only_what_is_named(shop: Shop) -> None:
    found = json.loads(run(shop, *SPAN, "--experiment", "buttons", "--format", "json").stdout)
    assert [e["name"] for e in found["experiments"]] == ["buttons"]
    assert found["slos"] == []


def test_a_store_that_is_none_is_1(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database at all, whatever it is called" * 20)
    spec = tmp_path / "winburn.yml"
    spec.write_text(shop.file.read_text().replace(f"{shop.folder}/state.db", f"{tmp_path}/state.db"))
    result = run(Shop(tmp_path), *SPAN)
    assert result.exit_code == 1
    assert "state store" in result.output


def test_the_help_has_examples() -> None:
    text = CliRunner().invoke(main, ["report", "--help"]).output
    assert "winburn report winburn.yml --period last-week" in text
    assert "Exit codes" in text
