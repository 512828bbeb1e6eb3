import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import exporter.stats

MODULES = sorted(module.name for module in pkgutil.iter_modules(exporter.stats.__path__, "exporter.stats."))


def test_nothing_large_is_loaded_with_the_package() -> None:
    code = f"import sys, importlib; [importlib.import_module(m) for m in {MODULES}]; print(*sys.modules)"
    root = Path(exporter.stats.__path__[0]).parents[1]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert "scipy.special._ufuncs" in loaded.split()
    assert not {"scipy.special", "scipy.stats", "scipy.optimize", "scipy.integrate", "pandas"} & set(loaded.split())


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_documentation_run(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
