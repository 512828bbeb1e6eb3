"""Who may import whom, as a table. It holds for imports inside functions and for type checking too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("alert_rules", "dashboards", "exporter", "winburn")

ANYTHING = PACKAGES
GENERATORS = (
    "exporter.contract",
    "exporter.alerts",
    "exporter.spec",
    "exporter.windows",
    "exporter.promql",
    "exporter.matchers",
)
PROCESSES = ("winburn.debian", "winburn.processes", "winburn.servers")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "alert_rules": ("alert_rules", *GENERATORS),
    "dashboards": ("dashboards", *GENERATORS),
    "exporter": (),
    "exporter.access": ("exporter.one_answer", "exporter.spec"),
    "exporter.alerts": ("exporter.alerts", "exporter.contract", "exporter.promql", "exporter.windows"),
    "exporter.apply": ("exporter.apply", "exporter.contract", "exporter.one_answer", "exporter.spec", "exporter.state"),
    "exporter.collectors": (
        "exporter.collectors",
        "exporter.contract",
        "exporter.counters",
        "exporter.ledger",
        "exporter.promql",
        "exporter.sources.base",
        "exporter.sources.turns",
        "exporter.spec",
        "exporter.state",
        "exporter.stats",
        "exporter.windows",
    ),
    "exporter.contract": ("exporter.contract",),
    "exporter.counters": (),
    "exporter.ledger": ("exporter.ledger",),
    "exporter.loop": ("exporter.contract", "exporter.loop", "exporter.snapshot"),
    "exporter.notify": (
        "exporter.access",
        "exporter.alerts",
        "exporter.contract",
        "exporter.notify",
        "exporter.one_answer",
        "exporter.snapshot",
        "exporter.sources.deadline",
        "exporter.spec",
        "exporter.windows",
    ),
    "exporter.one_answer": (),
    "exporter.promql": ("exporter.promql",),
    "exporter.snapshot": ("exporter.contract", "exporter.snapshot"),
    "exporter.sources": (
        "exporter.access",
        "exporter.one_answer",
        "exporter.promql",
        "exporter.sources",
        "exporter.spec",
    ),
    "exporter.spec": ("exporter.contract", "exporter.promql", "exporter.spec", "exporter.windows"),
    "exporter.state": ("exporter.contract", "exporter.state"),
    "exporter.stats": ("exporter.stats",),
    "exporter.web": ("exporter.contract", "exporter.snapshot", "exporter.web"),
    "exporter.web_config": ("exporter.contract", "exporter.spec", "exporter.web_config"),
    "exporter.windows": (),
    "winburn": ANYTHING,
    "winburn.debian": PROCESSES,
    "winburn.processes": PROCESSES,
    "winburn.servers": PROCESSES,
}
"""Module or package -> what it may import from the project; the longest name that fits decides."""

PART_OF = {
    "exporter.alert_texts": "exporter.alerts",
    "exporter.ageing": "exporter.loop",
    "exporter.apply_outcome": "exporter.apply",
    "exporter.apply_sql": "exporter.apply",
    "exporter.apply_webhook": "exporter.apply",
    "exporter.landing": "exporter.web",
    "exporter.landing_cells": "exporter.web",
    "exporter.landing_style": "exporter.web",
    "exporter.live": "exporter.web",
    "exporter.matchers": "exporter.promql",
    "exporter.negotiate": "exporter.web",
    "exporter.notices": "exporter.loop",
    "exporter.nudges": "exporter.loop",
    "exporter.one_write": "exporter.web",
    "exporter.origin": "exporter.web",
    "exporter.outside": "exporter.web",
    "exporter.overview": "exporter.web",
    "exporter.patience": "exporter.web",
    "exporter.pieces": "exporter.snapshot",
    "exporter.re2": "exporter.promql",
    "exporter.reload_route": "exporter.web",
    "exporter.render": "exporter.snapshot",
    "exporter.report_route": "exporter.web",
    "exporter.ring_sums": "exporter.ledger",
    "exporter.roster": "exporter.loop",
    "exporter.schedule": "exporter.loop",
    "exporter.scrape": "exporter.web",
    "exporter.seldom": "exporter.web",
    "exporter.server": "exporter.web",
    "exporter.sources.engagement_rows": "exporter.sources.base",
    "exporter.systemd_socket": "exporter.web",
    "exporter.worker": "exporter.loop",
}
"""Modules that were one file too long: they may import and be imported as what they are a part of."""

ONLY_NUMPY = ("exporter.counters", "exporter.ledger")
"""Arithmetic that must stay free of everything else: numpy and the standard library."""

STANDARD = {"__future__", "bisect", "collections", "dataclasses", "enum", "functools", "itertools", "math", "typing"}


def within(module: str, name: str) -> bool:
    return module == name or module.startswith(f"{name}.")


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(module: str, tree: ast.AST, *, package: bool) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported: ``from a import b`` is ``a.b``, be it a module or a name in one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")[: len(module.split(".")) - node.level + package]
                base = ".".join([*up, base] if base else up)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"} and node.args:
            name = node.args[0]
            yield node.lineno, str(name.value) if isinstance(name, ast.Constant) else "a name that is computed"


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def whole(name: str) -> str:
    """The subject of a module that is a part of one, else the name itself."""
    return next((subject for part, subject in PART_OF.items() if within(name, part)), name)


def rule(module: str) -> tuple[str, ...] | None:
    module = whole(module)
    fitting = [name for name in MAY_IMPORT if within(module, name)]
    # A new module of the exporter has no rule by accident: it is to be entered in the table.
    if fitting == ["exporter"] and module != "exporter":
        return None
    return MAY_IMPORT[max(fitting, key=len)]


def forbidden(module: str, source: str, *, package: bool = False) -> list[str]:
    allowed = rule(module)
    if allowed is None:
        return [f"{module} stands in no row of the table"]
    wrong = []
    for line, name in imported(module, ast.parse(source), package=package):
        ours = name.split(".")[0] in PACKAGES
        if ours and not any(within(whole(name), other) for other in allowed):
            wrong.append(f"{module}:{line} imports {name}")
        if module in ONLY_NUMPY and not ours and name.split(".")[0] not in STANDARD | {"numpy"}:
            wrong.append(f"{module}:{line} imports {name}, and may import numpy only")
    return wrong


@pytest.mark.parametrize("module", MODULES)
def test_it_imports_only_what_it_may(module: str) -> None:
    path = MODULES[module]
    assert forbidden(module, path.read_text(encoding="utf-8"), package=path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("exporter.web", "from exporter.spec import Spec"),
        ("exporter.web", "def f():\n    from exporter import spec"),
        ("exporter.web", "if TYPE_CHECKING:\n    import exporter.spec.models"),
        ("exporter.web", "from .spec import Spec"),
        ("exporter.web", "import importlib\nimportlib.import_module('exporter.spec')"),
        ("exporter.stats.kill", "from exporter.windows import HOUR"),
        ("exporter.spec.load", "from ..state import State"),
        ("exporter.collectors.slo", "from exporter.sources.prometheus import Prometheus"),
        ("exporter.ledger", "import scipy"),
        ("exporter.brand_new", ""),
        ("alert_rules.burn", "import dashboards"),
        ("dashboards.slo", "from exporter.state import State"),
        ("exporter.landing", "from exporter.worker import Worker"),
        ("exporter.web", "from exporter.loop import Loop"),
        ("winburn.servers", "from winburn import backtest"),
    ],
)
def test_the_test_sees_what_is_forbidden(module: str, source: str) -> None:
    assert forbidden(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("exporter.web", "from exporter.snapshot import Snapshot\nimport starlette"),
        ("exporter.stats.kill", "from exporter.stats import split\nimport scipy"),
        ("exporter.collectors.slo", "from exporter.sources.base import CounterSource\nfrom exporter import counters"),
        ("exporter.web", "from exporter.landing import page\nfrom exporter.render import Renderer"),
        ("winburn.cli.serve", "import dashboards\nfrom exporter.web import app"),
    ],
)
def test_the_test_lets_through_what_is_allowed(module: str, source: str) -> None:
    assert forbidden(module, source) == []
