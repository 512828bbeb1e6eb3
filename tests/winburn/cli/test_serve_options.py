"""Options of `winburn serve` that are refused before anything is started."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from winburn.cli.serve import serve


@pytest.mark.parametrize(
    "origin", ["wall.example", "https://wall.example/path", "https://wall.example/", "ftp://a", ""]
)
def test_what_is_no_origin_is_refused(origin: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(serve, ["--config.file", str(tmp_path), "--web.cors-origin", origin])
    assert done.exit_code == 2
    assert "is not an origin; write it like https://wall.example, without a path" in " ".join(done.output.split())


@pytest.mark.parametrize("path", ["/live", "/live/stream", "/api/v1/snapshot", "/api/v1/report", "/config"])
def test_the_metrics_cannot_take_the_place_of_another_page(path: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(serve, ["--config.file", str(tmp_path), "--web.telemetry-path", path])
    assert done.exit_code == 2
    assert "is a page of its own" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--web.external-url", "slo.example/x"),
        ("--web.external-url", "https://me:hunter2@a/"),
        ("--web.route-prefix", "/.."),
    ],
)
def test_what_is_no_way_here_is_refused(option: str, value: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(serve, ["--config.file", str(tmp_path), option, value])
    assert done.exit_code == 2
    assert "--web.external-url or --web.route-prefix: " in done.output
    assert "hunter2" not in done.output
