"""What is fuzzed: each target takes any bytes, and raises where a promise of the code is broken.

The promises: nothing but the documented exception, no warning, the same answer twice, what is converted is a good spec,
and what is generated of a spec that `check` accepts is accepted by those it is for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

from fuzz.generated import alertmanager, boards, exposition, rules
from fuzz.readers import converter, csv, json_rows, prometheus, promql, request, spec, times, web_config
from fuzz.served import http, report
from fuzz.stored import documents, store

Target = Callable[[bytes], object]
"""Gives something that can be compared with the answer to the same bytes another time."""

TARGETS: Mapping[str, Target] = {
    "spec": spec,
    "convert": converter,
    "web-config": web_config,
    "prometheus": prometheus,
    "json": json_rows,
    "csv": csv,
    "promql": promql,
    "times": times,
    "request": request,
    "rules": rules,
    "alertmanager": alertmanager,
    "dashboards": boards,
    "exposition": exposition,
    "report": report,
    "http": http,
    "state": store,
    "documents": documents,
}


def once(name: str, data: bytes) -> None:
    """Run a target twice on the same bytes; AssertionError where the answers differ."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repr(TARGETS[name](data)) == repr(TARGETS[name](data)), "not the same answer twice"
