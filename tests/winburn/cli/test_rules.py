from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from winburn.cli import main

SPEC = """\
sources: {prod: {type: prometheus, url: "http://127.0.0.1:9"}}
slos:
  - {name: a, service: a, objective: 99, period: 30d, sli: {source: prod, total: t_total, bad: b_total}}
alerting: {mute: [{name: nights, times: [{from: "22:00", to: "07:00"}], timezone: Europe/Berlin}]}
"""
FILES = {
    "prometheus": ["alertmanager.yml", "winburn.rules.test.yml", "winburn.rules.yml", "winburn.tmpl"],
    "operator": ["winburn.alertmanagerconfig.yml", "winburn.prometheusrule.yml"],
    "mimir": ["alertmanager.yml", "rules/winburn.yml", "winburn.tmpl"],
}


def run(tmp_path: Path, *arguments: str, spec: str = SPEC.replace("Europe/Berlin", "UTC")) -> Result:
    (tmp_path / "winburn.yml").write_text(spec)
    return CliRunner().invoke(
        main, ["rules", str(tmp_path / "winburn.yml"), "--out", str(tmp_path / "out"), *arguments]
    )


@pytest.mark.parametrize("layout", FILES)
def test_each_format_has_its_files_and_a_check_that_names_what_differs(tmp_path: Path, layout: str) -> None:
    assert run(tmp_path, "--format", layout).exit_code == 0
    out = tmp_path / "out"
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert written == FILES[layout]
    assert run(tmp_path, "--format", layout, "--check").exit_code == 0

    changed = FILES[layout][-1]
    (out / changed).write_text("something else\n")
    (out / FILES[layout][0]).unlink()
    done = run(tmp_path, "--format", layout, "--check")
    assert done.exit_code == 1
    assert f"{out / changed}" in done.output
    assert f"{out / FILES[layout][0]}: missing" in done.output
    assert f"2 of {len(written)} files differ" in done.output


def test_the_operators_objects_take_a_namespace_and_labels(tmp_path: Path) -> None:
    assert run(tmp_path, "--format", "operator", "--namespace", "shop", "--label", "release=kube").exit_code == 0
    text = (tmp_path / "out" / "winburn.prometheusrule.yml").read_text()
    assert "  namespace: shop\n  labels:\n    release: kube\n" in text


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--format", "operator", "--label", "release"], 2, "release=prometheus"),
        (["--format", "mimir", "--compat", "sloth"], 2, "leave it out"),
        (["--format", "mimir", "--tests", "sample"], 2, "have no unit tests"),
        (["--format", "operator"], 1, "knows UTC only"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    done = run(tmp_path, *arguments, spec=SPEC)
    assert (done.exit_code, says in done.output) == (code, True), done.output
    assert not (tmp_path / "out").exists()


def test_unit_tests_are_of_all_of_a_sample_or_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "  - {name: b, service: c, objective: 99, period: 30d, sli: {source: prod, total: u_total, bad: v_total}}\n"
    alike = SPEC.replace("alerting:", f"{other}alerting:")
    tests, sizes = tmp_path / "out" / "winburn.rules.test.yml", []
    monkeypatch.setattr("winburn.cli.rules._LARGE", 60_000)
    for tested in ("all", "sample"):
        done = run(tmp_path, "--tests", tested, spec=alike)
        sizes.append(len(tests.read_text()))
        assert ("--tests sample writes far less" in done.output) is (sizes[-1] > 60_000)
    assert sizes[1] < 60_000 < sizes[0]
    tests.unlink()
    assert run(tmp_path, "--tests", "none", spec=alike).exit_code == 0
    assert not tests.exists()
    assert run(tmp_path, "--tests", "none", "--check", spec=alike).exit_code == 0
