"""`serve` stays small: what only other commands need is not loaded, however far it runs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.winburn.cli.spec_text import written

UNWANTED = {
    "scipy.stats": "48 MB resident",
    "scipy.optimize": "with scipy.stats",
    "grafanalib": "dashboards",
    "jmespath": "sources of type http, which this spec has not",
    "rich": "structlog, for coloured tracebacks",
    "alert_rules": "rules",
    "dashboards": "dashboards",
    "winburn.demo": "demo",
    "winburn.report": "reports, until one is asked for",
    "fpdf": "reports as PDF",
    "pytest": "tests",
}
"""Module -> what would load it."""

PROGRAM = """\
import sys, time, threading
from pathlib import Path

from exporter.spec import load
from exporter.web import app
from winburn.cli import main
from winburn.cli.serve import serve  # noqa: F401 - as the command does
from winburn.running import Running, Watching

main.get_command(None, "serve")
loop = Running(load(Path(sys.argv[1])), Watching(True, 10, ()), progress=lambda *_: None).loop
snapshot = loop.refresh_once(time.time())
while snapshot.waiting:
    snapshot = loop.refresh_once(time.time())
app(lambda: snapshot, monotonic=time.monotonic, version="", config=str)
assert any(sample.name == "slo_info" for sample in snapshot.samples)
assert any(sample.name == "experiment_variant_win_ratio" for sample in snapshot.samples)
print(sorted(sys.modules))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules of a process that has read a spec, refreshed once and made the web application."""
    spec: Path = written(tmp_path_factory.mktemp("serve"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(spec)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return set(ast.literal_eval(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", UNWANTED)
def test_serve_does_not_load(module: str, loaded: set[str]) -> None:
    assert [name for name in sorted(loaded) if name == module or name.startswith(f"{module}.")] == []


def test_it_has_loaded_what_it_needs(loaded: set[str]) -> None:
    """Else the test above would hold for a process that does nothing."""
    assert {"scipy.special._ufuncs", "sqlalchemy", "starlette", "uvicorn", "exporter.collectors.experiment"} <= loaded
