"""The demo's folder: one demo at a time, nothing of anybody else touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from winburn.demo.files import FolderError, claimed, prometheus_config


def test_the_remains_of_an_earlier_demo_go_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with claimed(folder):
        (folder / "shop.db-wal").touch()
        (folder / "prometheus" / "data").mkdir(parents=True)
        (folder / "notes.txt").touch()
    with claimed(folder):
        assert sorted(path.name for path in folder.iterdir()) == [".winburn-demo", "notes.txt"]


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop.db").touch()
    with pytest.raises(FolderError, match="folder of its own"), claimed(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="cannot be made: not a directory"), claimed(tmp_path / "file" / "demo"):
        pass


def test_two_demos_do_not_share_a_folder_at_once(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(FolderError, match="another demo"), claimed(tmp_path):
        pass
    with claimed(tmp_path):
        pass


def test_prometheus_scrapes_both_and_tells_alertmanager(tmp_path: Path) -> None:
    rules = tmp_path / 'a "b"' / "winburn.rules.yml"
    config = yaml.safe_load(prometheus_config(rules, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"))
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    assert jobs == {"winburn": ["127.0.0.1:1"], "shop": ["127.0.0.1:2"]}
    assert config["rule_files"] == [str(rules)]
    assert config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["127.0.0.1:3"]
