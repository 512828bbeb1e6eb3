"""`winburn dashboards --push` and `--format configmap`; --out and --check are in test_output.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from exporter.contract import DASHBOARD_UIDS
from tests.winburn.cli.spec_text import TEXT
from tests.winburn.fake_grafana_api import FakeGrafanaApi, listening
from winburn.cli.dashboards import dashboards


@pytest.fixture
def fake() -> Iterator[FakeGrafanaApi]:
    with listening() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "winburn.yml").write_text(TEXT)
    (tmp_path / "token").write_text("glsa_right\n")
    return tmp_path


def run(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(dashboards, [str(folder / "winburn.yml"), *more])


def push(folder: Path, fake: FakeGrafanaApi, *more: str) -> Result:
    return run(folder, "--push", fake.url, "--token-file", str(folder / "token"), *more)


def test_a_push_is_said_dashboard_by_dashboard_and_a_second_one_changes_nothing(
    folder: Path, fake: FakeGrafanaApi
) -> None:
    first = push(folder, fake)
    assert (first.exit_code, first.stderr) == (0, "")
    assert fake.dashboards.keys() <= set(DASHBOARD_UIDS.values())
    where = fake.url.removeprefix("http://")
    assert first.stdout.splitlines() == [f"{where}/d/{uid} created" for uid in sorted(fake.dashboards)]
    again = push(folder, fake)
    assert again.stdout == first.stdout.replace("created", "unchanged")
    assert push(folder, fake, "--check").exit_code == 0


def test_check_writes_nothing_and_ends_with_1(folder: Path, fake: FakeGrafanaApi) -> None:
    result = push(folder, fake, "--check", "--folder", "SRE")
    assert result.exit_code == 1
    assert fake.writes() == []
    assert "winburn-slo-overview missing" in result.stdout
    assert "differ from what the spec gives" in result.stderr


def test_every_failure_is_said_and_the_rest_is_pushed(folder: Path, fake: FakeGrafanaApi) -> None:
    push(folder, fake)
    for uid in ("winburn-health", "winburn-slo-detail"):
        fake.dashboards[uid] = ({**fake.dashboards[uid][0], "title": "mine"}, fake.dashboards[uid][1])
        fake.provisioned.add(uid)
    del fake.dashboards["winburn-slo-overview"]
    result = push(folder, fake)
    assert result.exit_code == 1
    assert result.stderr.count("failed: it answered 400: Cannot save provisioned dashboard") == 2
    assert "2 of " in result.stderr
    assert "winburn-slo-overview created" in result.stdout
    assert "glsa" not in result.output


def test_a_push_that_cannot_begin(folder: Path, fake: FakeGrafanaApi) -> None:
    fake.token = "glsa_other"
    result = push(folder, fake)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("answered 401: Invalid API key\n")
    (folder / "token").write_text("")
    assert "is empty" in push(folder, fake).stderr
    assert "glsa" not in result.output


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "Give --out DIR, --push URL, or both."),
        (("--push", "http://g"), "--push and --token-file belong together."),
        (("--token-file", "t"), "Give --out DIR"),
        (("--out", "o", "--token-file", "t"), "--push and --token-file belong together."),
    ],
)
def test_usage(folder: Path, more: tuple[str, ...], said: str) -> None:
    result = run(folder, *more)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_address_with_a_password_is_refused_without_repeating_it(folder: Path) -> None:
    result = run(folder, "--push", "http://me:hunter2@g", "--token-file", str(folder / "token"))
    assert result.exit_code == 2
    assert "hunter2" not in result.output


def test_config_maps_have_the_sidecars_labels_and_the_addresses(folder: Path) -> None:
    out = folder / "k8s"
    result = run(
        folder, "--out", str(out), "--format", "configmap", "--namespace", "obs", "--label", "grafana_dashboard=yes",
        "--prometheus", "http://prometheus.obs:9090",
    )  # fmt: skip
    assert result.exit_code == 0
    overview = yaml.safe_load((out / "winburn-slo-overview.configmap.yml").read_text())
    assert overview["metadata"]["namespace"] == "obs"
    assert overview["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert "http://prometheus.obs:9090" in (out / "winburn-datasources.configmap.yml").read_text()
