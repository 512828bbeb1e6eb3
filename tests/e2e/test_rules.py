"""The generated files before the real tools: promtool, amtool, Alertmanager."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, TESTS_FILE, generate
from exporter.spec import Spec
from tests.alert_rules.example import EMPTY, FULL, experiment, slo, spec
from winburn.servers import Servers

SPECS = {
    "full": FULL,
    "empty": EMPTY,
    "fast demo": FULL.model_copy(update={"refresh": 1.0}),
    "slow": FULL.model_copy(update={"refresh": 300.0}),
    "nothing but one SLO": spec(slos=[slo("a")]),
    "a tenant's": spec(
        slos=[
            slo("a", sli={"source": "metrics", "total": "requests_total", "bad": "errors_total"}, group_by=["zone"]),
            slo("b", no_data="page"),
        ],
        experiments=[experiment("buttons", early_kill={})],
        tenant="acme",
    ),
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


@pytest.fixture(params=SPECS.values(), ids=SPECS)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    made = generate(request.param)
    write(tmp_path, made)
    return made


def test_promtool_finds_nothing_wrong(servers: Servers, files: dict[str, str], tmp_path: Path) -> None:
    count = len(re.findall(r"\n  - (alert|record): ", files[RULES_FILE]))
    done = run(servers.need("promtool"), "check", "rules", "--lint=all", "--lint-fatal", tmp_path / RULES_FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} rules found" in done.stdout


@pytest.mark.usefixtures("files")
def test_the_generated_unit_tests_pass(servers: Servers, tmp_path: Path) -> None:
    done = run(servers.need("promtool"), "test", "rules", tmp_path / TESTS_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


MUTATIONS = {
    "the comparison is turned round": ('window="1h"} > 14.4', 'window="1h"} < 14.4'),
    "the limit is a little too low": ("> 14.4\n", "> 14.3\n"),
    "the limit is a little too high": ("> 14.4\n", "> 14.6\n"),
    "a wrong long window": ('window="1h"} > 14.4', 'window="6h"} > 14.4'),
    "a wrong short window": ('window="30m"', 'window="5m"'),
    "no short window": (r'  and ignoring \(window\) slo_burn_rate\{[^\n]*window="5m"\} > 14.4\n', ""),
    "the gate is gone": (r"  and ignoring \(window\) slo_burn_p_value[^\n]*\n", ""),
    "the gate looks at another window": (r'(p_value\{slo="checkout-availability",window=)"1d"', r'\1"2h"'),
    "the gate lets everything through": ("< 0.0001", "<= 0.0001"),
    "who said it stays in the alert": (r"max by \(slo, slo_group\) \(", "("),
    "the windows are aggregated one by one": (
        r"\(\n\s+(slo_burn_rate\S+) > 6\n\s+and ignoring \(window\) (\S+) > 6\n[^\n]*(slo_burn_p\S+) < 0.0001\n\s+\)",
        r"(\1) > 6 and max by (slo, slo_group) (\2) > 6 and max by (slo, slo_group) (\3) < 0.0001",
    ),
    "a wrong severity": ("severity: page\n      tier: fast", "severity: ticket\n      tier: fast"),
    "a wrong tier": ("tier: slow", "tier: trickle"),
    "the alert goes on for an hour": ("keep_firing_for: 30s", "keep_firing_for: 1h"),
    "no data in one exporter is enough": (
        r"(SLONoData\n[\s\S]*?)unless on \(slo, slo_group\)",
        r"\1unless on (instance)",
    ),
    "no data at once": (r"(SLONoData\n[\s\S]*?\n    for:) 5m", r"\1 15s"),
    "a status is data": (r"(SLONoData\n[\s\S]*?) < 3 and ignoring \(window\) slo_events\{[^}]*\}", r"\1 < 3"),
    "a stopped experiment goes on": ("unless on", "and on"),
    "the kill is never told": (r"(early_kill\{[^}]*\}\)) == 1", r"\1 > 1"),
    "a guardrail metric that is better is harm": (r"(metric=\"refunds\"\}) == -1", r"\1 == 1"),
    "a burnt guardrail is not told": (r"(slo_breach\{[^}]*\}) == 1", r"\1 > 1"),
    "two exporters cost twice": (
        r"max by \(experiment, variant, category, currency\)",
        "sum by (experiment, currency)",
    ),
    "costs below the limit": (r"\n(\s+)> (on \(experiment, currency\))", r"\n\1< \2"),
    "stalled while units come": (r"\n(\s+)> (on \(experiment\))", r"\n\1< \2"),
    "winburn needs an instance": (r"absent\(winburn_build_info\)", 'absent(winburn_build_info{instance="a"})'),
    "a shard that is gone is not missed": (r"last_over_time\((winburn_shard_info)\[1d\]\)", r"\1"),
    "a shard is down for one exporter": (r"unless on \(shard, shards\)", "unless"),
    "a shard is missed that was dealt anew": (r"\n  *and on \(shards\) winburn_shard_info", ""),
    "a shard that never came up is not missed": (
        r"\n\s+or\n\s+winburn_shard_expected and on \(shards\) last_over_time[^\n]*",
        "",
    ),
    "a shard is missed before it had time to come up": (r"\[10m\] offset 10m", "[10m]"),
    "a restart ends that a shard is missed": (
        r"last_over_time\((winburn_shard_expected)\[10m\] (offset 10m)\)",
        r"\1 \2",
    ),
    "a shard is missed though all of another dealing are there": (
        r"\n\s+unless on \(\) \(\n\s+winburn_shard_expected\n[^\n]*\n\s+\)",
        "",
    ),
    "some shards of another dealing are enough": (
        r"\n\s+unless on \(shards\) \(winburn_shard_expected unless[^\n]*",
        "",
    ),
    "a source is down for one exporter": (r"max by \(source\)", "min by (source)"),
    "a hanging collector is not seen": (r"\s+or\n\s+time\(\)[^\n]*\n", "\n"),
    "the text has no number": (r"\{\{ \$value \| humanize \}\}", "many"),
    "a page ends with the exporter": ('alertstate="firing"', 'alertstate="pending"'),
    "a frozen alert never ends": (r"\n\s+unless on \(slo, slo_group\) \(slo_status[^\n]*", ""),
    "a status of no data is no reason to freeze": (
        r"slo_status\{[^}]*\} < 3 and ignoring \(window\) (slo_events)",
        r"\1",
    ),
    "a status is believed though nothing is measured": (r" < 3 and ignoring \(window\) slo_events\{[^}]*\}", " < 3"),
    "what is measured is said by two exporters": (r"< 3 and ignoring \(window\)", "< 3 and on (slo, slo_group)"),
    "an alert freezes another tier": (r'(ALERTS\{[^}]*),tier="[^"]*"', r"\1"),
    "an alert freezes another SLO": (r'(ALERTS\{[^}]*),slo="[^"]*"', r"\1"),
    "an alert freezes another alert": (r'ALERTS\{alertname="[^"]*",', "ALERTS{"),
    "a frozen alert claims a number": (r"0 \* max by", "max by"),
    "a group with a status is not frozen": (r"ALERTS[^\n]* and on \(slo, slo_group\) [^\n]*\n\s+or\n", ""),
    "a group that left stays": (r"slo_groups\{[^}]*\} or ", ""),
    "an SLO that is gone stays": (r" unless on \(\) \([^\n]+\n", "\n"),
    "an exporter that starts ends what is frozen": (r"min\(winburn_collector_success\{[^}]*\}\) == 1 and ", ""),
    "a loop that hangs ends what is frozen": (r" and time\(\) - min\(winburn[^)]*\) < 60\)", ")"),
    "the group is lost where it burns": (r"max by \(slo, slo_group\) \(\n(\s+slo_burn)", r"max by (slo) (\n\1"),
    "the group is lost where it freezes": (r"0 \* max by \(slo, slo_group\)", "0 * max by (slo)"),
    "the group is lost where data are missing": (r"max by \(slo, slo_group\) (\(slo_status)", r"max by (slo) \1"),
    "one label of the group is another's": (r"kind=\(\.\*\),zone=\.\*", "kind=.*,zone=(.*)"),
    "the link goes to every group": (r"&var-slo_group=[^\n']*", ""),
    "a factor of one's own is rounded": ("> 21.6\n", "> 22\n"),
    "a budget of exactly nothing is left": (r"<= 0\)", "< 0)"),
    "a forecast of just enough": (">= 0.9", "> 0.9"),
    "a spent budget is told at once": (r"(<= 0\)[\s\S]*?)for: 5m\n", r"\1for: 15s\n"),
    "a share that is a little less off": (">= 0.005", ">= 0.0049"),
    "a share that is just enough off": (">= 0.005", "> 0.005"),
    "a split that is a little less sure": ("< 0.001\n", "<= 0.001\n"),
    "a split is said by two exporters": ("and experiment_srm", "and on (experiment) experiment_srm"),
    "a split is told at once": (r"(0\.001\n[\s\S]*?)for: 5m\n", r"\1for: 1m\n"),
    "a worse variant is called better": (r"== -1\)", "== 1)"),
    "a verdict is told at once": ("for: 15m", "for: 1m"),
    "one exporter that hangs makes data stale": (r"time\(\) - max by", "time() - min by"),
    "stale data have no source": (r"slo:\(\.\+\)", "none:(.+)"),
    "all series that were ever dropped": (r"rate\((winburn_series_dropped_total)\[10m\]\)", r"(\1)"),
    "dropped series of a second and not of a refresh": (r" \* 15 > 0", " > 0"),
    "a link that silences every SLO": (r"%2Cslo%3D\{\{ .*? \}\}", ""),
    "another runbook": ("https://wiki.example/checkout", "https://wiki.example"),
}

BROKEN = FULL.model_copy(update={"slos": tuple(one for one in FULL.slos if one.name.startswith(("checkout", "edge")))})
"""As few SLOs as show every mistake: promtool takes its time."""


def rules_of(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def unit_tests_of(text: str, alerts: set[str]) -> list[str]:
    """A file for each of the unit tests that ask for one of these alerts."""
    head, *tests = re.split(r"\n(?=- name: )", text)
    named = re.compile(rf"^    alertname: ({'|'.join(alerts)})$", re.MULTILINE)
    return [f"{head}\n{test}" for test in tests if named.search(test)]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_rule_fails_its_unit_tests(servers: Servers, name: str, tmp_path: Path) -> None:
    """Its own unit tests, one after the other until one has failed: all of them take promtool ten times as long."""
    files, (right, wrong) = generate(BROKEN), MUTATIONS[name]
    broken, count = re.subn(right, wrong, files[RULES_FILE])
    assert count, "the mutation changes nothing"
    pairs = zip(rules_of(files[RULES_FILE]), rules_of(broken), strict=True)
    changed = {before["alert"] for before, after in pairs if before != after}
    for unit_test in unit_tests_of(files[TESTS_FILE], changed):
        write(tmp_path, {RULES_FILE: broken, TESTS_FILE: unit_test})
        done = run(servers.need("promtool"), "test", "rules", tmp_path / TESTS_FILE)
        if done.returncode:
            break
    else:
        pytest.fail(f"no unit test of {sorted(changed)} fails")
    said = done.stdout + done.stderr
    assert "exp:" in said or "same labelset" in said, "it must fail for the alerts and not for the file"


@pytest.mark.usefixtures("files")
def test_amtool_accepts_the_routes(servers: Servers, tmp_path: Path) -> None:
    done = run(servers.need("amtool"), "check-config", tmp_path / ALERTMANAGER_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_amtool_accepts_an_address_in_a_file_or_is_too_old(servers: Servers, tmp_path: Path) -> None:
    secret = spec(alerting={"receivers": {"page": {"webhook_file": "/run/secrets/pager"}}})
    write(tmp_path, generate(secret))
    amtool = servers.need("amtool")
    version = re.search(r"version (\d+)\.(\d+)", run(amtool, "--version").stdout)
    if version and (int(version[1]), int(version[2])) < (0, 26):
        pytest.skip("url_file came with Alertmanager 0.26, as the generated file says")
    assert run(amtool, "check-config", tmp_path / ALERTMANAGER_FILE).returncode == 0


def labels_of(one: Spec) -> list[dict[str, str]]:
    """The labels with which each generated alert reaches Alertmanager, with examples for those of its series."""
    groups = yaml.safe_load(generate(one)[RULES_FILE])["groups"]
    series = {
        "ExperimentEarlyKill": {"variant": "green"},
        "ExperimentGuardrailHarmed": {"variant": "green"},
        "ExperimentCostOverrun": {"currency": "EUR"},
        "ExperimentDecided": {"variant": "green"},
        "WinburnSourceDown": {"source": "prod"},
    }
    grouped = {"slo_group": "kind=a,zone=b", "kind": "a", "zone": "b"}
    return [
        {
            "alertname": rule["alert"],
            **series.get(rule["alert"], {}),
            **(grouped if "label_replace" in rule["expr"] else {}),
            **rule["labels"],
        }
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    ]


@pytest.mark.parametrize("experimenters", [True, False])
def test_every_alert_reaches_its_receiver(servers: Servers, tmp_path: Path, *, experimenters: bool) -> None:
    given = {role: {"webhook": f"http://127.0.0.1:9/{role}"} for role in ("page", "ticket", "heartbeat", "experiment")}
    if not experimenters:
        del given["experiment"]
    one = FULL.model_copy(update={"alerting": Spec.model_validate({"alerting": {"receivers": given}}).alerting})
    write(tmp_path, generate(one))
    seen = set()
    for labels in labels_of(one):
        receiver = {"none": "heartbeat", "info": "experiment"}.get(labels["severity"], labels["severity"])
        if labels["alertname"] in {"ExperimentEarlyKill", "VariantEarlyKill"}:
            receiver = "experiment" if experimenters else "page"
        pairs = [f"{name}={value}" for name, value in labels.items() if name != "note"]
        config = f"--config.file={tmp_path / ALERTMANAGER_FILE}"
        done = run(servers.need("amtool"), "config", "routes", "test", config, f"--verify.receivers={receiver}", *pairs)
        assert done.returncode == 0, (labels, done.stdout, done.stderr)
        seen.add(receiver)
    assert seen == {*given, "experiment"}  # without one of its own it is there too, and goes where others go


BURN = {"alertname": "SLOErrorBudgetBurn", "slo": "a"}
OWN = BURN | {"slo": "edge", "severity": "page"}
OWN_TIERS = [
    {"name": name, "severity": "page", "long": long, "short": "5m", "factor": 2}
    for name, long in (("slow", "1h"), ("fast", "2h"), ("late", "3h"))
]
FIRING = [
    # (labels, whether it must be muted)
    *(
        (BURN | {"slo": "zones", "slo_group": group, "severity": "page"} | more, muted)
        for group, more, muted in (
            ("zone=eu", {"tier": "medium"}, False),
            ("zone=us", {"tier": "fast"}, False),
            ("zone=us", {"tier": "medium"}, True),
        )
    ),
    (OWN | {"tier": "slow"}, False),
    (OWN | {"tier": "fast"}, True),
    (OWN | {"tier": "late"}, True),
    (OWN | {"tier": "fast", "slo_group": "zone=eu"}, False),
    ({"alertname": "SLOErrorBudgetExhausted", "slo": "a", "severity": "ticket"}, False),
    ({"alertname": "SLOErrorBudgetForecast", "slo": "a", "severity": "ticket"}, True),
    ({"alertname": "SLOErrorBudgetForecast", "slo": "a", "slo_group": "zone=eu", "severity": "ticket"}, False),
    (BURN | {"tier": "fast", "severity": "page"}, False),
    (BURN | {"tier": "medium", "severity": "page"}, True),
    (BURN | {"tier": "slow", "severity": "ticket"}, True),
    (BURN | {"tier": "medium", "severity": "page", "slo_group": "zone=eu"}, False),
    (BURN | {"tier": "fast", "severity": "ticket", "slo": "b"}, False),
    (BURN | {"tier": "medium", "severity": "ticket", "slo": "b"}, True),
    (BURN | {"tier": "fast", "severity": "ticket", "slo": "c"}, True),
    (BURN | {"tier": "medium", "severity": "page", "slo": "c"}, False),
    ({"alertname": "WinburnSourceDown", "source": "prod", "severity": "ticket"}, False),
    ({"alertname": "SLONoData", "slo": "a", "source": "prod", "severity": "ticket"}, True),
    ({"alertname": "SLONoData", "slo": "d", "source": "shop", "severity": "ticket"}, False),
    *(
        ({"alertname": name, "collector": collector, **source, "severity": "ticket"}, muted)
        for name, collector, source, muted in (
            ("WinburnDataStale", "slo:prod", {"source": "prod"}, True),
            ("WinburnCollectorFailing", "slo:prod", {"source": "prod"}, True),
            ("WinburnCollectorFailing", "experiment", {}, False),
            ("WinburnDataStale", "slo:shop", {"source": "shop"}, False),
            ("WinburnCollectorFailing", "slo:shop", {"source": "shop"}, True),
        )
    ),
    # One shard that is down mutes nothing: the alerts around it are of the others.
    ({"alertname": "WinburnDown", "shard": "2", "shards": "3", "severity": "page"}, False),
    ({"alertname": "ExperimentSampleRatioMismatch", "experiment": "a", "severity": "ticket"}, False),
    ({"alertname": "ExperimentDecided", "experiment": "a", "variant": "b", "severity": "info"}, True),
    ({"alertname": "ExperimentDecided", "experiment": "c", "variant": "b", "severity": "info"}, False),
]


DOWN = [
    ({"alertname": "WinburnDown", "severity": "page"}, False),
    ({"alertname": "WinburnDataStale", "collector": "experiment", "severity": "ticket"}, True),
    ({"alertname": "WinburnSourceDown", "source": "prod", "severity": "page"}, True),
    ({"alertname": "SLONoData", "slo": "a", "source": "prod", "severity": "page"}, True),
    ({"alertname": "WinburnSeriesDropped", "family": "a", "severity": "ticket"}, False),
    (BURN | {"tier": "fast", "severity": "page"}, False),
]


@pytest.mark.parametrize("firing", [FIRING, DOWN], ids=["all kinds", "winburn is down"])
def test_alertmanager_mutes_what_says_less_and_nothing_else(
    alertmanager: Callable[[str], Any], firing: list[tuple[dict[str, str], bool]]
) -> None:
    one = spec(slos=[slo("a"), slo("edge", group_by=["zone"], alerting={"tiers": OWN_TIERS})])
    server = alertmanager(generate(one)[ALERTMANAGER_FILE])
    with requests.Session() as session:
        session.trust_env = False  # no proxy for loopback
        body = [{"labels": labels} for labels, _ in firing]
        session.post(f"{server.url}/api/v2/alerts", json=body, timeout=60).raise_for_status()
        expected = sorted((sorted(labels.items()), muted) for labels, muted in firing)
        end = time.monotonic() + 60
        while True:
            alerts = session.get(f"{server.url}/api/v2/alerts", timeout=60).json()
            seen = sorted((sorted(each["labels"].items()), bool(each["status"]["inhibitedBy"])) for each in alerts)
            # An alert is "unprocessed" until it has gone through the routes, and muted ones are found only then.
            if seen == expected or time.monotonic() > end:
                break
            time.sleep(0.2)
    assert seen == expected
