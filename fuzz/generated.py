"""Targets that generate: whatever `check` accepts must give files that promtool, Amtool and Grafana accept too."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, alertmanager_text, rules_text
from alert_rules.compat import Kind, compat_file, compat_text
from alert_rules.messages import TEMPLATES_FILE, templates_text
from alert_rules.operator import UnsupportedError, operator_files
from dashboards import config_maps
from dashboards import generate as generate_dashboards
from exporter.contract import Sample, sample
from exporter.render import DuplicateSeriesError, Exposition
from exporter.snapshot import build
from exporter.spec import Spec, SpecErrors, is_native, load_text
from fuzz.readers import folder, text_of
from winburn.servers import Servers, cache_folder, find

_SECONDS = 60
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def rules(data: bytes) -> object:
    """Of an accepted spec: rules that promtool loads, in every format."""
    found = _accepted(data)
    if not isinstance(found, Spec):
        return found
    kinds: tuple[Kind, ...] = ("sloth", "pyrra")
    files = {RULES_FILE: rules_text(found), **{compat_file(kind): compat_text(found, kind) for kind in kinds}}
    _all_yaml(files)
    if not _copies_queries(found):
        _asked("promtool", ["check", "rules"], files)
    try:
        _all_yaml(operator_files(found, "a", {"b": "c"}))
    except UnsupportedError as error:
        return str(error)
    return files[RULES_FILE]


def alertmanager(data: bytes) -> object:
    """Of an accepted spec: a configuration that Alertmanager loads, and Mimir's rules and configuration."""
    found = _accepted(data)
    if not isinstance(found, Spec):
        return found
    alerting = found.alerting.model_copy(update={"alertmanager_version": _version("amtool")})
    text = alertmanager_text(found.model_copy(update={"alerting": alerting}))
    files = {TEMPLATES_FILE: templates_text(), ALERTMANAGER_FILE: text}
    _asked("amtool", ["check-config"], files)
    _all_yaml({ALERTMANAGER_FILE: text})
    return files[ALERTMANAGER_FILE]


def boards(data: bytes) -> object:
    """Of an accepted spec: dashboards that are JSON in every format, without anything that our lint finds."""
    from tests.dashboards import lint  # noqa: PLC0415 - asks for the SDK, which only the tests have

    found = _accepted(data)
    if not isinstance(found, Spec):
        return found
    files = generate_dashboards(found)
    checks = (lint.layout, lint.identity, lint.words, lint.fields, lint.reducers, lint.variables)
    for name, text in files.items():
        if name.endswith(".json"):
            wrong = [sentence for check in checks for sentence in check(json.loads(text))]
            assert wrong == [], f"{name}: {wrong}"
    _all_yaml({name: text for name, text in files.items() if name.endswith(".yml")})
    own = {name: text for name, text in files.items() if "-own-" in name}
    for text in config_maps(own, "a", {}).values():
        ((key, inner),) = yaml.load(text, _LOADER)["data"].items()
        assert inner in own.values(), key
    return files


def exposition(data: bytes) -> object:
    """Any label values and numbers: both formats say what was put in, to prometheus_client's parsers."""
    words = [*text_of(data).split("|"), "a", "b"]
    value = _number(words[0])
    given = [
        sample(
            "slo_info", 1, slo=words[0], slo_service=words[1], category="cost", source=words[2], period="30d",
            team=text_of(data),
        ),
        sample("slo_trend", value, slo=words[1], slo_group=words[0]),
        sample("experiment_variant_participants", abs(value), experiment=words[1], variant=words[2]),
        sample("winburn_series_dropped_total", 1, family=words[0]),
    ]  # fmt: skip
    try:
        bodies = build(given, own=Exposition(), at=0.0, expires=1.0).full
    except DuplicateSeriesError as error:
        return str(error)
    wanted = _bare(given)
    for parse, body in ((parse_text, bodies.text), (parse_openmetrics, bodies.openmetrics)):
        read = [Sample(s.name, tuple(s.labels.items()), s.value) for f in parse(body.decode()) for s in f.samples]
        assert _bare(read) == wanted, f"{parse.__module__} reads something else"
    return bodies.text


def _accepted(data: bytes) -> Spec | str:
    try:
        return load_text(text_of(data), folder=Path("/etc/winburn"))
    except SpecErrors as errors:
        return str(errors)


def _copies_queries(spec: Spec) -> bool:
    """A ``ratio`` stands in the rules unread, and `winburn rules` asks promtool about it."""
    return any(slo.sli.ratio is not None and is_native(slo, spec) for slo in spec.slos)


def _all_yaml(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        if name.endswith((".yml", ".yaml")):
            assert yaml.load(text, _LOADER) is not None, name


def _asked(tool: str, words: Iterable[str], files: Mapping[str, str]) -> None:
    """AssertionError with what the tool says against the files; nothing where it is not on this machine."""
    refusal = _refusal(tool, tuple(words), tuple(files.items()))
    assert refusal is None, f"{tool} refuses: {refusal}"


@lru_cache(maxsize=4)  # the same files a second time are the same answer
def _refusal(tool: str, words: tuple[str, ...], files: tuple[tuple[str, str], ...]) -> str | None:
    program = getattr(_servers(), tool)
    if program is None:
        return None
    where = folder()
    for name, text in files:
        (where / name).write_text(text, encoding="utf-8")
    asked = [name for name, _ in files if name.endswith(".yml")]
    done = subprocess.run(
        [program, *words, *asked], cwd=where, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    return (done.stdout + done.stderr)[-600:] if done.returncode else None


@cache
def _version(tool: str) -> str | None:
    program = getattr(_servers(), tool)
    if program is None:
        return None
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=_SECONDS)
    found = re.search(r"version (\d+\.\d+)", done.stdout + done.stderr)
    return found[1] if found else None


@cache
def _servers() -> Servers:
    return find(os.environ, cache_folder(os.environ))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return float(len(text))
    return value if abs(value) < float("inf") else 0.0


def _bare(samples: Iterable[Sample]) -> list[tuple[str, tuple[tuple[str, str], ...], str]]:
    return sorted((name, tuple(sorted(labels)), repr(float(value))) for name, labels, value in samples)
