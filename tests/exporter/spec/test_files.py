"""Files and folders: which are read, which are refused, and what their relative paths mean."""

import os
from pathlib import Path

import pytest

from exporter.spec import FileSource, SpecErrors, SqlSource, load, load_text
from tests.exporter.spec.texts import EVERY_KEY, EXPERIMENT, SOURCES, slo


def test_a_folder_is_one_spec(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(SOURCES)
    (tmp_path / "a.yml").write_text(slo("one"))
    (tmp_path / "c.yml").write_text(slo("two") + "sources:\n  csv: {type: file, path: x.csv}\n" + EXPERIMENT)
    (tmp_path / ".hidden.yml").write_text("nonsense: [")
    (tmp_path / "readme.txt").write_text("nonsense: [")
    spec = load(tmp_path)
    assert [x.name for x in spec.slos] == ["one", "two"]
    assert sorted(spec.sources) == ["csv", "prod"]


def test_mistakes_in_a_folder_name_each_file_and_both_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "a.yml").write_text("refresh: 15s\n" + SOURCES + slo("one"))
    (tmp_path / "spec" / "b.yml").write_text("\nrefresh: 30s\n" + SOURCES + slo("one") + "    zzz: 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecErrors) as caught:
        load(Path("spec"))
    assert str(caught.value).splitlines() == [
        "spec/b.yml:2: refresh: 'refresh' is given already at spec/a.yml:1: keep one of them",
        "spec/b.yml:4: sources.prod: 'prod' is given already at spec/a.yml:3: keep one of them",
        "spec/b.yml:6: slos[one].name: the SLO 'one' is defined already at spec/a.yml:5; rename one of them",
        (
            "spec/b.yml:11: slos[one].zzz: unknown key 'zzz'; known here: alerting, category, corrections, "
            "group_by, labels, name, no_data, objective, period, runbook, service, sli"
        ),
    ]


def test_a_file_that_cannot_be_read_hides_no_mistake_and_invents_none(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("sources: [\n")
    (tmp_path / "b.yml").write_text(slo("one") + "    zzz: 1\n")
    (tmp_path / "c.yml").write_bytes(b"refresh: 15s\nlag: \xff\n")
    with pytest.raises(SpecErrors) as caught:
        load(tmp_path)
    assert [(Path(e.file).name, e.line, e.path) for e in caught.value.errors] == [
        ("a.yml", 2, ""),
        ("b.yml", 7, "slos[one].zzz"),
        ("c.yml", 2, ""),
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "no such file or folder"),
        (lambda path: path.mkdir(), "no *.yml or *.yaml in this folder"),
        (lambda path: path.write_text(""), "empty: write at least"),
        (lambda path: path.write_bytes(b"a: \xfe\n"), "not UTF-8"),
        (lambda path: path.write_bytes(b"# " + b"x" * 5_000_000), "larger than 5 MB"),
    ],
)
def test_files_that_are_no_spec_are_refused_with_the_way_out(tmp_path: Path, make, said: str) -> None:
    make(tmp_path / "spec")
    with pytest.raises(SpecErrors, match=said.replace("*", r"\*")) as caught:
        load(tmp_path / "spec")
    assert str(caught.value).startswith(str(tmp_path / "spec"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_text("refresh: 15s")
    (tmp_path / "spec.yml").chmod(0)
    with pytest.raises(SpecErrors, match="permission denied"):
        load(tmp_path / "spec.yml")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_bytes(("\ufeff" + SOURCES + slo("one")).replace("\n", "\r\n").encode())
    assert load(tmp_path / "spec.yml").slos[0].name == "one"


def test_relative_paths_are_resolved_against_the_folder_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "spec.yml").write_text(EVERY_KEY)
    spec = load(tmp_path / "spec.yml")
    prom, base, secret, csv = (spec.sources[name] for name in ("prom", "base", "secret", "csv"))
    assert isinstance(csv, FileSource)
    assert csv.path == str(tmp_path / "counts.csv")
    assert isinstance(base, SqlSource)
    assert base.url == f"sqlite:///{tmp_path}/data.db"
    assert isinstance(secret, SqlSource)
    assert secret.url_file == "/run/secrets/url"
    assert prom.token_file == str(tmp_path / "t")  # type: ignore[union-attr]
    assert spec.state.url == f"sqlite:///{tmp_path}/state.db"
    assert spec.alerting.receivers["page"].webhook_file == str(tmp_path / "pager.url")


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("sqlite:///a.db", "sqlite:////etc/w/a.db"),
        ("sqlite:///data/a.db?mode=ro", "sqlite:////etc/w/data/a.db?mode=ro"),
        ("sqlite+pysqlite:///a.db", "sqlite+pysqlite:////etc/w/a.db"),
        ("sqlite:///file:a.db?mode=ro&uri=true", "sqlite:///file:/etc/w/a.db?mode=ro&uri=true"),
        ("sqlite:////var/a.db", "sqlite:////var/a.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://db/shop", "postgresql+psycopg://db/shop"),
    ],
)
def test_urls_of_sqlite_files_are_resolved_and_others_left_alone(written: str, resolved: str) -> None:
    spec = load_text(f'state: {{url: "{written}"}}\n', folder=Path("/etc/w"))
    assert spec.state.url == resolved


def test_writing_the_default_state_down_changes_nothing() -> None:
    written = load_text('state: {url: "sqlite:///winburn-state.db"}\n', folder=Path("/etc/w"))
    assert load_text("refresh: 15s\n", folder=Path("/etc/w")).state.url == written.state.url


def test_files_of_receivers_are_found_from_the_specs_folder(tmp_path: Path) -> None:
    text = """\
alerting:
  smtp: {smarthost: "m:25", from: a@b, username: u, password_file: mail}
  receivers: {page: {slack: {channel: "#a", api_url_file: slack}, webhook_file: hook}}
  routes: [{name: r, match: {team: a}, receivers: {page: {teams: {webhook_url_file: teams}}}}]
"""
    alerting = load_text(text, folder=tmp_path).alerting
    page, team = alerting.receivers["page"], alerting.routes[0].receivers["page"]
    assert alerting.smtp is not None
    assert page.slack is not None
    assert team.teams is not None
    found = [alerting.smtp.password_file, page.slack.api_url_file, page.webhook_file, team.teams.webhook_url_file]
    assert found == [str(tmp_path / name) for name in ("mail", "slack", "hook", "teams")]
