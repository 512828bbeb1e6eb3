"""Small inputs of every format with exactly what they give: the spec, and all that is lost."""

import os
from pathlib import Path

import pytest

from exporter.spec import load_text
from winburn.convert import Input, convert

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name.removesuffix(".in.yaml") for path in CASES.glob("*.in.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    found = convert([Input(f"{name}.yaml", (CASES / f"{name}.in.yaml").read_text())])
    notes = "".join(f"{note}\n" for note in found.notes)
    if os.environ.get("UPDATE_CASES"):
        (CASES / f"{name}.out.yml").write_text(found.text)
        (CASES / f"{name}.notes.txt").write_text(notes)
    assert found.text == (CASES / f"{name}.out.yml").read_text()
    assert notes == (CASES / f"{name}.notes.txt").read_text()
    spec = load_text(found.text)
    assert [slo.name for slo in spec.slos] == list(found.kinds)
    assert [slo.sli.kind for slo in spec.slos] == list(found.kinds.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_warning_about_an_slo_stands_at_it(name: str) -> None:
    found = convert([Input("x.yaml", (CASES / f"{name}.in.yaml").read_text())])
    flat = " ".join(line.strip().removeprefix("# ") for line in found.text.splitlines())
    for note in found.notes:
        if note.slo in found.kinds and not note.message.startswith("not converted"):
            assert f"warning: {note.message}" in flat
