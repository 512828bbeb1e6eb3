"""What the preview says where a program is missing. What it draws is looked at, not tested."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from preview.server import Place, file_of
from preview.tools import BROWSERS, HERE, ToolMissingError, check


@pytest.mark.parametrize(("missing", "package"), [("node", "nodejs"), ("npm", "npm"), (BROWSERS, "chromium")])
def test_a_missing_program_is_named_with_its_package(missing: str | tuple[str, ...], package: str) -> None:
    with pytest.raises(ToolMissingError, match=f"not on PATH.*apt-get install .*{package}"):
        check(lambda program: None if program in missing else f"/usr/bin/{program}")


def test_only_files_of_the_preview_are_served(tmp_path: Path) -> None:
    for name in ("bundle/main.js", "generated/dashboards/a.json", "secret"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    place = Place(tmp_path / "bundle", tmp_path / "spec.yml", tmp_path / "generated", "http://localhost:1", anew=False)
    assert file_of(place, "/main.js") == (tmp_path / "bundle" / "main.js").resolve()
    assert file_of(place, "/dashboards/a.json") == (tmp_path / "generated" / "dashboards" / "a.json").resolve()
    assert file_of(place, "/") == HERE / "index.html"
    for path in ("/../secret", "/dashboards/../../secret", "/none.js", "/bundle"):
        assert file_of(place, path) is None


def test_the_lock_names_no_registry() -> None:
    assert "resolved" not in (HERE / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("version", "enough"), [("v18.20.4", False), ("v20.0.0", True), ("v22.1.0", True)])
def test_an_old_node_is_refused(version: str, enough: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with nullcontext() if enough else pytest.raises(ToolMissingError, match=f"node 20 or newer; this is {version}"):
        check(lambda name: name)
