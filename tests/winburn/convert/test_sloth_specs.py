"""48 specifications that an operator runs: all convert, all pass the spec's check, and what is recognised gives the
same numbers as the query it came from."""

import re
from collections import Counter
from pathlib import Path

import yaml

from exporter.spec import load_text
from tests.shared_data import shared
from tests.winburn.convert.test_indicator import assert_same
from winburn.convert import Conversion, Input, convert
from winburn.convert.indicator import from_events
from winburn.convert.promql_tokens import with_window


def specs() -> list[Path]:
    return sorted(shared("data/sloth_specs").glob("*.yaml"))


def converted(files: list[Path]) -> Conversion:
    return convert([Input(str(file), file.read_text()) for file in files])


def test_all_convert_and_pass_check() -> None:
    files = specs()
    found = converted(files)
    spec = load_text(found.text)
    assert len(files) == len(spec.slos) == 48
    assert [slo.sli.kind for slo in spec.slos] == list(found.kinds.values())
    assert Counter(found.kinds.values()) == {"counters": 13, "latency": 10, "bool": 3, "ratio": 22}
    for name, kind in found.kinds.items():
        print(f"{name:46} {kind}")


def test_objectives_and_runbooks_are_carried() -> None:
    files = specs()
    for file, slo in zip(files, load_text(converted(files).text).slos, strict=True):
        given = yaml.safe_load(file.read_text())
        assert float(slo.objective) == given["objective"]
        assert slo.runbook == given.get("annotations", {}).get("runbook_url")


def test_every_key_is_carried_or_named() -> None:
    carried = {"description", "objective", "errorQuery", "totalQuery", "annotations", "alertLabels"}
    for file in specs():
        found = converted([file])
        told = " ".join(note.message for note in found.notes)
        given = yaml.safe_load(file.read_text())
        for key in given.keys() - carried:
            disables = key in {"pageAlert", "ticketAlert"} and given[key] == {"disable": True}
            assert disables or key in told or str(given[key]) in told, (file.name, key)
        (slo,) = load_text(found.text).slos
        for label in given["alertLabels"]:
            assert label in slo.labels or f"label {label} was left out" in told
        for annotation in given.get("annotations", {}).keys() - {"runbook_url"}:
            assert annotation in told


def test_recognised_queries_give_the_numbers_of_the_originals() -> None:
    checked = 0
    for file in specs():
        given = yaml.safe_load(file.read_text())
        error, total = (plain(given[key]) for key in ("errorQuery", "totalQuery"))
        found = from_events(error, total, good=False)
        if found.kind == "ratio":
            continue
        checked += 1
        if any("keeps every series apart" in warning for warning in found.warnings):
            error, total = f"sum({error})", f"sum({total})"
        for seed in range(3):
            assert_same(found, error, total, found.group_by, seed)
    assert checked == 26


def plain(query: str) -> str:
    """The query as Helm gives it to Sloth, on a cluster where the template's matcher is not there."""
    text = re.sub(r"\{\{`(.*?)`\}\}", r"\1", query)
    return with_window(re.sub(r", provider!?=~\{\{ include .*?\}\}", "", text))
