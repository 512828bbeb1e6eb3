"""The parts of a spec: disjoint, whole, and nothing torn apart that hangs together."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collectors.slo_composite import parts
from exporter.spec import Spec
from exporter.state import State
from tests.alert_rules.example import experiment, slo, spec
from winburn.assemble import assemble
from winburn.cli import main
from winburn.shard import Shard, is_of, parse_shard, part

MADE = [["slo-0", "slo-2", "slo-4"], ["slo-5"], ["slo-1", "slo-3"]]
"""By `printf slo:slo-0 | sha256sum`, of which the first 16 digits count."""


def shards(count: int) -> list[Shard]:
    return [Shard(index, count) for index in range(1, count + 1)]


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """SLOs, composites of those before, and experiments that some of them guard."""
    plain = [f"slo-{i}" for i in range(draw(st.integers(0, 8)))]
    slos: list[dict[str, Any]] = [slo(name) for name in plain]
    for i in range(draw(st.integers(0, 3)) if plain else 0):
        of = draw(st.lists(st.sampled_from([each["name"] for each in slos]), min_size=1, max_size=3, unique=True))
        slos.append(slo(f"both-{i}", sli={"composite": [{"slo": name} for name in of]}))
    experiments = [
        experiment(
            f"experiment-{i}",
            guardrails=[{"slo": name} for name in draw(st.sets(st.sampled_from(plain), max_size=2))] if plain else [],
            false_discovery=draw(st.sampled_from(["experiment", "all"])),
        )
        for i in range(draw(st.integers(0, 5)))
    ]
    return spec(slos=slos, experiments=experiments)


@settings(max_examples=60, deadline=None)
@given(specs(), st.integers(1, 5))
def test_the_shards_are_the_whole_and_share_nothing(whole: Spec, count: int) -> None:
    made = [part(whole, shard) for shard in shards(count)]
    for names in ("slos", "experiments"):
        found = Counter(each.name for one in made for each in getattr(one, names))
        assert found == Counter(each.name for each in getattr(whole, names))


@settings(max_examples=60, deadline=None)
@given(specs(), st.integers(2, 5))
def test_whatever_refers_to_something_finds_it_in_its_shard(whole: Spec, count: int) -> None:
    for one in (part(whole, shard) for shard in shards(count)):
        there = {each.name for each in one.slos}
        assert {name for each in one.slos for name in parts(each)} <= there
        assert {guardrail.slo for each in one.experiments for guardrail in each.guardrails} <= there
    together = {each.name for each in whole.experiments if each.false_discovery == "all"}
    owners = [one for one in (part(whole, s) for s in shards(count)) if together & {e.name for e in one.experiments}]
    assert len(owners) <= 1


def test_it_is_the_same_in_every_process() -> None:
    whole = spec(slos=[slo(f"slo-{i}") for i in range(6)])
    made = [sorted(each.name for each in part(whole, shard).slos) for shard in shards(3)]
    assert made == MADE


def test_many_slos_are_spread_evenly() -> None:
    whole = spec(slos=[slo(f"slo-{i}") for i in range(600)])
    assert all(150 < len(part(whole, shard).slos) < 250 for shard in shards(3))


def test_no_shard_and_one_shard_are_the_whole() -> None:
    whole = spec(slos=[slo("a")])
    assert part(whole, None) is whole
    assert part(whole, Shard(1, 1)) is whole


def test_what_there_is_once_is_in_one_shard() -> None:
    whole = spec(alerting={"alertmanager": ["http://127.0.0.1:9"]}, experiments=[experiment("a")])
    names = []
    for shard in shards(3):
        assembly = assemble(part(whole, shard), State("sqlite://"), shard=shard)
        names += [collector.name for collector in assembly.collectors]
    assert sorted(names) == ["alertmanager", "experiment"]
    assert sum(is_of(shard, "engagement") for shard in shards(3)) == 1


@pytest.mark.parametrize("shard", [None, Shard(1, 1), Shard(1, 2), Shard(2, 2)])
def test_totals_over_all_experiments_are_left_to_who_has_them_all(shard: Shard | None) -> None:
    whole = spec(experiments=[experiment("a", status="draft")])
    collectors = assemble(part(whole, shard), State("sqlite://"), shard=shard).collectors
    found = {sample.name for c in collectors for report in c.collect(1.7e9) for sample in report.lasting}
    assert ("experiments" in found) is (shard in {None, Shard(1, 1)})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0/3", "numbers 1 to 3"),
        ("4/3", "numbers 1 to 3"),
        ("1/0", "write it like 1/3"),
        ("1", "write it like 1/3"),
        ("a/b", "write it like 1/3"),
        ("-1/3", "write it like 1/3"),
        ("1/3/3", "write it like 1/3"),
        ("", "write it like 1/3"),
        ("\u0661/3", "write it like 1/3"),
    ],
)
def test_what_is_no_shard_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_shard(text)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert parse_shard("2/3") == Shard(2, 3)
    assert str(Shard(2, 3)) == "2/3"


@pytest.mark.parametrize("command", [["once", "winburn.yml"], ["serve", "--config.file", "winburn.yml"]])
def test_commands_say_what_is_wrong_with_a_shard(command: list[str]) -> None:
    done = CliRunner().invoke(main, [*command, "--shard", "4/3"])
    assert done.exit_code == 2
    assert "of 3 exporters there are numbers 1 to 3" in " ".join(done.output.split())


def test_once_prints_the_part_of_a_shard(tmp_path: Path) -> None:
    (tmp_path / "slots.csv").write_text("time,total,bad\n1700000000,100,1\n")
    names = "abcdef"
    slos = "".join(
        f"  - {{name: {x}, service: s, objective: 99, period: 1d, sli: {{source: csv, csv: {{}}}}}}\n" for x in names
    )
    path = tmp_path / "winburn.yml"
    path.write_text(f"sources: {{csv: {{type: file, path: slots.csv}}}}\nslos:\n{slos}tenant: acme\n")
    seen = []
    for shard in ("1/2", "2/2"):
        output = CliRunner().invoke(main, ["once", str(path), "--at", "1700000015", "--shard", shard]).output
        seen += re.findall(r'slo_objective_ratio\{slo="(\w)",tenant="acme"\}', output)
    assert sorted(seen) == list(names)
