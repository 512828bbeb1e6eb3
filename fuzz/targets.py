"""What is fuzzed: each target takes any bytes, and raises where a promise of the code is broken.

The promises: nothing but the documented exception, no warning, the same answer twice, what is converted is a good spec,
and what is generated of a spec that `check` accepts is accepted by those it is for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module

Target = Callable[[bytes], object]
"""Gives something that can be compared with the answer to the same bytes another time."""


def _of(module: str, name: str) -> Target:
    # Imported when it is asked: a guided search rewrites the code of all that is imported, for a minute.
    def target(data: bytes) -> object:
        return getattr(import_module(f"fuzz.{module}"), name)(data)

    return target


TARGETS: Mapping[str, Target] = {
    "spec": _of("readers", "spec"),
    "convert": _of("readers", "converter"),
    "web-config": _of("readers", "web_config"),
    "prometheus": _of("readers", "prometheus"),
    "json": _of("readers", "json_rows"),
    "csv": _of("readers", "csv"),
    "promql": _of("readers", "promql"),
    "times": _of("readers", "times"),
    "request": _of("readers", "request"),
    "rules": _of("generated", "rules"),
    "alertmanager": _of("generated", "alertmanager"),
    "dashboards": _of("generated", "boards"),
    "exposition": _of("generated", "exposition"),
    "report": _of("served", "report"),
    "http": _of("served", "http"),
    "state": _of("stored", "store"),
    "documents": _of("stored", "documents"),
}


def once(name: str, data: bytes) -> None:
    """Run a target twice on the same bytes; AssertionError where the answers differ."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repr(TARGETS[name](data)) == repr(TARGETS[name](data)), "not the same answer twice"
