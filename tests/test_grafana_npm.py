"""How Grafana's packages come to the tests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.dashboards.documents import dashboards
from tests.grafana_npm import FOLDER, NpmUnavailable, installed, installed_or_skip, new_enough

PAGE = Path(__file__).resolve().parents[1] / "docs" / "dashboards-proof.md"


def test_the_lock_names_contents_and_no_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert len(packages) > 150
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if not package["integrity"].startswith("sha512-")] == []


def test_versions_are_exact() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    for name, version in wanted["dependencies"].items():
        assert re.search(r"(^|@)\d+\.\d+\.\d+$", version), name


@pytest.mark.parametrize(
    ("said", "enough"),
    [
        ("v20.19.0\n", True),
        ("v20.20.2\n", True),
        ("v22.12.0\n", True),
        ("v24.1.0\n", True),
        ("v18.20.8\n", False),
        ("v20.18.3\n", False),
        ("v21.7.3\n", False),
        ("v22.11.0\n", False),
        ("", False),
    ],
)
def test_old_versions_of_node_cannot_load_them(said: str, *, enough: bool) -> None:
    assert new_enough(said) is enough


def test_without_node_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    installed.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match=r"no node here: install node 20\.19, 22\.12 or newer with npm"):
        installed_or_skip()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(NpmUnavailable, match="install node"):
        installed_or_skip()


def test_the_page_about_it_counts_right() -> None:
    panels = [panel for page in dashboards().values() for panel in page["panels"]]
    overrides = [each for panel in panels for each in panel["fieldConfig"]["overrides"]]
    properties = [each for override in overrides for each in override["properties"]]
    steps = [step for panel in panels for step in panel.get("transformations", ())]
    renamed = [name for step in steps if step["id"] == "organize" for name in step["options"]["renameByName"]]
    links = [link for each in properties if each["id"] == "links" for link in each["value"]]
    said = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert (
        f"{len(panels)} panels, {sum(len(panel.get('targets', ())) for panel in panels)} queries, "
        f"{sum(panel['type'] == 'table' for panel in panels)} tables with {len(steps)} transformations, "
        f"{len(overrides)} overrides with {len(properties)} properties, {len(renamed)} renamed columns, "
        f"{len(links)} data links."
    ) in said


def test_the_page_names_files_that_are_there() -> None:
    named = re.findall(r"tests/[\w/]+\.(?:py|cjs|json)", PAGE.read_text(encoding="utf-8"))
    assert len(named) >= 8
    assert [name for name in named if not (PAGE.parents[1] / name).is_file()] == []
