"""reference/functions.md: the statistics that others may call, by autodoc from their docstrings."""

from __future__ import annotations

import ast
import pkgutil
from pathlib import Path

import exporter.stats

_HEAD = """\
# Python functions

Pure functions over counts, vectorised over leading axes: no I/O, no clock, no randomness but from a seed. Undefined
answers are `nan`. Each says its domain, its undefined cases, and its source.

"""


def modules() -> dict[str, list[str]]:
    """Module of exporter.stats -> the functions in it that have no underscore."""
    (folder,) = exporter.stats.__path__
    return {
        module.name: names
        for module in pkgutil.iter_modules([folder])
        if (names := _functions(Path(folder) / f"{module.name}.py"))
    }


def _functions(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def page() -> str:
    """The page."""
    return _HEAD + "".join(_module(name, names) for name, names in modules().items())


def _module(name: str, names: list[str]) -> str:
    lines = [f".. automodule:: exporter.stats.{name}", "   :members: " + ", ".join(names)]
    return f"## exporter.stats.{name}\n\n```{{eval-rst}}\n" + "\n".join(lines) + "\n```\n\n"
