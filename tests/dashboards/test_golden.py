"""The generated files are the contract with Grafana and with everybody's links: golden, deterministic, stable.

``WINBURN_GOLDEN=1 pytest tests/dashboards`` writes the golden files anew and adds new ids to the registry.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.ids import PANEL_IDS
from exporter.contract import DASHBOARD_UIDS, DATASOURCE_UIDS
from tests.dashboards.documents import dashboards, texts

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "dashboards"
REGISTRY = GOLDEN / "ids.json"
REWRITE = os.environ.get("WINBURN_GOLDEN") == "1"


@pytest.mark.parametrize("name", sorted(texts()))
def test_the_file_is_as_it_was(name: str) -> None:
    golden = GOLDEN / name
    if REWRITE:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(texts()[name], encoding="utf-8")
    assert texts()[name] == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    kept = {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file()}
    assert kept == {*texts(), REGISTRY.name}


def test_ids_and_uids_only_grow() -> None:
    given = {"dashboards": DASHBOARD_UIDS, "datasources": DATASOURCE_UIDS, "panels": PANEL_IDS}
    if REWRITE:
        REGISTRY.write_text(json.dumps(given, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    registry = json.loads(REGISTRY.read_text(encoding="utf-8"))
    for kind in ("dashboards", "datasources"):
        assert given[kind].items() >= registry[kind].items()
    for key, panels in registry["panels"].items():
        assert PANEL_IDS[key].items() >= panels.items(), f"an id of {key} was changed or taken back"
    assert given == registry, "new ids: run once with WINBURN_GOLDEN=1"


@pytest.mark.parametrize("key", sorted(PANEL_IDS))
def test_no_id_is_given_twice_and_every_id_is_used(key: str) -> None:
    ids = list(PANEL_IDS[key].values())
    assert len(set(ids)) == len(ids)
    shown = [panel["id"] for panel in dashboards()[DASHBOARD_UIDS[key]]["panels"]]
    assert sorted(shown) == sorted(ids)


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_bytes_do_not_depend_on_the_hash_seed(seed: str) -> None:
    code = (
        "import sys; from dashboards import generate; from exporter.spec import Spec;"
        "sys.stdout.buffer.write(''.join(k + v for k, v in generate(Spec()).items()).encode())"
    )
    run = subprocess.run(  # a new process: the seed is read at its start
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == "".join(name + text for name, text in texts().items())


def test_files_end_with_one_newline_and_hold_no_nan() -> None:
    for name, text in texts().items():
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
        assert "NaN" not in text, name
