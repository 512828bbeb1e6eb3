"""The native branch before promtool 2.42 and 3: what the generated tests prove, and that they notice mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from alert_rules import RULES_FILE, TESTS_FILE, generate
from exporter.spec import Spec
from tests.alert_rules.example import slo
from tests.e2e.sid import fetch_sid
from winburn.cli import main
from winburn.servers import Servers, ServersUnavailable, cache_folder

_SOURCES = {"prod": {"type": "prometheus", "url": "http://localhost:9090", "rules": True}}
_GOOD = {"source": "prod", "total": "requests_total", "good": 'requests_total{code="200"}'}
OWN = slo(
    "own",
    no_data="ignore",
    alerting={
        "low_traffic_gate": None,
        "tiers": [{"name": "x", "severity": "page", "long": "30m", "short": "3m", "factor": 20}],
    },
)
SMALL = Spec.model_validate(
    {
        "sources": _SOURCES,
        "slos": [slo("a", group_by=["zone"], no_data="ignore", alerting={"page": ["fast", "medium"], "ticket": []})],
    }
)
KINDS = Spec.model_validate(
    {
        "sources": _SOURCES,
        "slos": [
            slo("bad", group_by=["zone", "kind"], no_data="ignore"),
            slo("good", sli=_GOOD, no_data="ignore", objective=99),
            slo(
                "slow",
                sli={"source": "prod", "latency": {"histogram": 'lat{job="a"}', "threshold": 0.3}},
                no_data="ignore",
                period="7d",
            ),
            slo("probe", sli={"source": "prod", "bool": "probe_success"}, no_data="ignore", objective=95),
            slo("share", sli={"source": "prod", "ratio": "sum(x) / sum(y)"}, no_data="ignore"),
            slo(
                "corrected",
                sli=_GOOD,
                no_data="ignore",
                corrections=[
                    {"from": "1970-01-01T00:10:00Z", "to": "1970-01-01T00:15:00Z", "reason": "once"},
                    {"rrule": "FREQ=WEEKLY;BYDAY=TH", "start": "00:30", "duration": "5m", "reason": "weekly"},
                ],
            ),
            OWN,
        ],
    }
)
"""Every kind of SLI. Its generated tests would be long and say no more: they begin at the recorded rates."""
TIERS = Spec.model_validate({"sources": _SOURCES, "slos": [slo("usual", no_data="ignore"), OWN]})


@pytest.fixture(scope="module", params=["ours", "sid"])
def promtool(request: pytest.FixtureRequest, servers: Servers) -> Path:
    """promtool 2.42 of this machine's release or later, and 3 where it can be fetched."""
    if request.param == "ours":
        return servers.need("promtool")
    try:
        return fetch_sid(cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n")).need(
            "promtool"
        )
    except ServersUnavailable as problem:
        pytest.skip(str(problem))


def run(promtool: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(promtool), *map(str, words)], capture_output=True, text=True, check=False)


def write(folder: Path, spec: Spec) -> dict[str, str]:
    files = generate(spec)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return files


def test_the_rules_of_every_kind_are_clean(promtool: Path, tmp_path: Path) -> None:
    write(tmp_path, KINDS)
    done = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", tmp_path / RULES_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_generated_tests_of_all_tiers_pass(promtool: Path, tmp_path: Path) -> None:
    write(tmp_path, TIERS)
    done = run(promtool, "test", "rules", tmp_path / TESTS_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


SERIES = {
    'requests_total{zone="eu",kind="x",code="200",pod="1"}': "1000000+600x30 1018000+600x30",
    'requests_total{zone="eu",kind="x",code="500",pod="1"}': "1000000+60x19 stale _x40",
    'requests_total{zone="eu",kind="x",code="500",pod="2"}': "1000000+60x19 stale _x40",
    'lat_count{job="a"}': "1000000+60x60",
    'lat_bucket{job="a",le="0.3"}': "1000000+54x19 stale _x40",
    'lat_bucket{job="a",le="1.0"}': "1000000+60x60",
    'probe_success{pod="1"}': "1x60",
    'probe_success{pod="2"}': "0x60",
    "x": "1x19 0x40",
    "y": "10x19 0x40",
}
GROUP = 'slo_group="kind=x,zone=eu"'
RATES = [
    # minute, SLO, more labels, events and bad events per second
    (9, "bad", GROUP, 12, 2),
    (28, "bad", GROUP, 10, 0),  # a bad series that is missing is no outage
    (9, "good", "", 12, 2),
    (28, "good", "", 10, 0),
    (9, "slow", "", 1, 0.1),
    (28, "slow", "", 1, 1),  # a good series that is missing is one
    (9, "probe", "", 0.033, 0.017),
    (9, "share", "", 0.017, 0.002),
    (28, "share", "", None, None),  # 0 / 0
    (9, "corrected", "", 12, 2),
    (13, "corrected", "", 0, 0),
    (19, "corrected", "", 0, 0),  # a rate still sees the correction
    (32, "corrected", "", 0, 0),
    (42, "corrected", "", 10, 0),
]


def test_every_kind_is_counted_from_its_raw_series(promtool: Path, tmp_path: Path) -> None:
    write(tmp_path, KINDS)
    checks = []
    for minute, name, labels, *values in RATES:
        for role, value in zip(("total", "bad"), values, strict=True):
            series = f'{{slo="{name}"' + (f",{labels}}}" if labels else "}")
            checks.append(
                {
                    "expr": f'round(slo:sli_{role}:rate5m{{slo="{name}"}}, 0.001)',
                    "eval_time": f"{minute}m",
                    "exp_samples": [] if value is None else [{"labels": series, "value": value}],
                }
            )
    inputs = [{"series": name, "values": values} for name, values in SERIES.items()]
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": checks}
    file = {"rule_files": [RULES_FILE], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "rates.yml").write_text(yaml.safe_dump(file), encoding="utf-8")
    done = run(promtool, "test", "rules", tmp_path / "rates.yml")
    assert done.returncode == 0, done.stdout + done.stderr


_TEN = r"(slo:sli_bad:increase1h\S+ / \(slo:sli_total:increase1h\S+ \* 0.001\)) > 14.4"
MUTATIONS = {
    "the comparison is turned round": (_TEN, r"\1 < 14.4"),
    "the limit is a little too low": (_TEN, r"\1 > 13.7"),
    "the limit is a little too high": (_TEN, r"\1 > 14.6"),
    "a wrong budget": (r"increase1h\{slo=\"a\"\} \* 0.001", 'increase1h{slo="a"} * 0.01'),
    "the long window is another": ("(?<=and )slo:sli_bad:rate5m[^\n]*14.4", 'slo:sli_bad:increase6h{slo="a"} > 14.4'),
    "the long window is the short one": (_TEN, 'slo:sli_bad:rate5m{slo="a"} / slo:sli_total:rate5m{slo="a"} > 0.0144'),
    "no short window": (r"\n\s+and slo:sli_bad:rate5m[^\n]*14.4", ""),
    "no short window of half an hour": (r"\n\s+and slo:sli_bad:increase30m[^\n]*", ""),
    "no gate": (r"\n\s+and slo:sli_bad:increase1h[^\n]*chance[^\n]*", ""),
    "no gate for six hours": (r"\n\s+and slo:sli_bad:increase6h[^\n]*chance[^\n]*", ""),
    "the gate is turned round": (r"(increase1h\S+) > (slo:sli_bad_chance)", r"\1 < \2"),
    "the gate asks for too much": (r"(increase1h\{slo=\"a\"\}) \+ 0.5", r"\1 + 20000"),
    "native although the exporter measures": (r"(chance:[^\n]*\n\s+\)\n)\s+unless on[^\n]*\n", r"\1"),
    "never native": (r"(chance:[^\n]*\n\s+\)\n\s+)unless on", r"\1and on"),
    "no hold": (r"or\n\s+0 \* max by[\s\S]*?\n(?=\s+, \"zone\")", ""),
    "the hold is stronger than the raw series": (r"\n\s+unless on \(slo, slo_group\) slo:sli_total:rate5m[^\n]*", ""),
    "the hold waits for raw series": (r"unless on (\(slo, slo_group\) slo:sli_total:rate5m)", r"and on \1"),
    "the group is lost": (r"max by \(slo, slo_group\) \((\n\s+\(\n\s+slo:sli)", r"max by (slo) (\1"),
    "the group label is lost": (r', "zone", "\$1", "slo_group"', ', "zone", "", "slo_group"'),
    "the alert reads another SLO": (r"slo:sli_bad:increase1h\{slo=\"a\"\}", 'slo:sli_bad:increase1h{slo="b"}'),
    "a record of another SLO": (r"(increase1h\n\s+expr: [^\n]*\n\s+labels:\n\s+slo: )a", r"\1b"),
    "the mean is a sum": (r"avg_over_time(\(slo:sli_total\S+\[59m)", r"sum_over_time\1"),
    "the sum is a mean": (r"sum_over_time(\(slo:sli_bad\S+\[59m)", r"avg_over_time\1"),
    "a sum of seconds": (r"(sum_over_time\(slo:sli_bad\S+\[59m59s\]\)) \* 60", r"\1 * 15"),
    "a shorter range": (r"(sum_over_time\(slo:sli_bad\S+)\[59m59s\]", r"\1[9m59s]"),
    "a wrong length": (r"\* 21600", "* 3600"),
    "a wrong tier": ("tier: medium", "tier: slow"),
    "the alert goes on for an hour": ("keep_firing_for: 30s", "keep_firing_for: 1h"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_native_rules_fails_the_generated_tests(promtool: Path, name: str, tmp_path: Path) -> None:
    files, (right, wrong) = write(tmp_path, SMALL), MUTATIONS[name]
    broken, count = re.subn(right, wrong, files[RULES_FILE])
    assert count, "the mutation changes nothing"
    (tmp_path / RULES_FILE).write_text(broken, encoding="utf-8")
    checked = run(promtool, "check", "rules", tmp_path / RULES_FILE)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # The measured branch has tests of its own; these must see the mistake alone. One after the other until one fails:
    # all of them take promtool longer.
    tests = yaml.load(files[TESTS_FILE], yaml.CSafeLoader)
    for test in tests["tests"]:
        if test["name"].startswith(
            "native"
        ):  # one after the other until one fails: all of them take promtool much longer
            (tmp_path / TESTS_FILE).write_text(yaml.dump({**tests, "tests": [test]}, Dumper=yaml.CSafeDumper))
            done = run(promtool, "test", "rules", tmp_path / TESTS_FILE)
            if done.returncode:
                break
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "exp:" in said or "same labelset" in said, "it must fail for the alerts and not for the file"


@pytest.mark.parametrize(("query", "code"), [("sum(rate(x[$window])) / sum(rate(y[$window]))", 0), ("x[$window] y", 1)])
def test_a_query_that_prometheus_cannot_read_is_refused(promtool: Path, tmp_path: Path, query: str, code: int) -> None:
    """It would take every alert of the file with it."""
    one = slo("share", sli={"source": "prod", "ratio": query})
    (tmp_path / "winburn.yml").write_text(yaml.safe_dump({"sources": _SOURCES, "slos": [one]}), encoding="utf-8")
    words = ["rules", str(tmp_path / "winburn.yml"), "--out", str(tmp_path / "out")]
    done = CliRunner(env={"PATH": str(promtool.parent)}).invoke(main, words)
    assert done.exit_code == code, done.output
    assert ("parse error" in done.output) is bool(code)
    assert (tmp_path / "out").exists() is not bool(code)
