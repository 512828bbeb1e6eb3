"""Every kind of SLI through a real Prometheus, against the arithmetic of what was written into it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

END = 1_750_000_000 // 3600 * 3600 + 5 * 86400  # 2025-06-20 15:00 UTC
HOURS = 8
STEPS = HOURS * 240
ERRORS_FROM = STEPS - 240  # the last hour
Values = dict[tuple[str, str, str, str], float]


def spec(url: str, *slos: str) -> str:
    prod = f'prod: {{type: prometheus, timeout: 2m, url: "{url}"}}'
    head = f"sources:\n  {prod}\n  file: {{type: file, path: slots.csv}}\nslos:\n"
    return head + "".join(f"  - {{service: web, {slo}}}\n" for slo in slos)


COUNTERS = """source: prod, total: 'http_requests_total{job="web"}', bad: 'http_requests_total{job="web",code="500"}'"""
WEB = f"objective: 99.9, period: 30d, sli: {{{COUNTERS}}}"
LATENCY = "objective: 95, period: 30d, sli: {source: prod, latency: {histogram: http_seconds, threshold: "
DRILL = "corrections: [{from: 2025-06-20T14:30:00Z, to: 2025-06-20T15:30:00Z, reason: drill}]"
RATE = "sum(rate(http_requests_total{}[$window]))"
RATIO = f"""'{RATE.format('{code="500"}')} / {RATE.format("")}'"""
PERCENT = "objective: 99, period: 30d"
ZONES = f"name: zones, group_by: [zone], {WEB}"
MONTH = f"name: month, objective: 99.9, period: {{calendar: month, timezone: Europe/Berlin}}, sli: {{{COUNTERS}}}"
CORRECTED = f"name: corrected, {WEB}, {DRILL}"
SLOS = (
    ZONES,
    MONTH,
    CORRECTED,
    f"name: web, {WEB}",
    f"name: fast, {LATENCY}1}}}}",
    f"name: slow, {LATENCY}2}}}}",
    f"name: probe, {PERCENT}, sli: {{source: prod, bool: probe_success}}",
    f"name: ratio, {PERCENT}, sli: {{source: prod, ratio: {RATIO}}}",
    f"name: queue, {PERCENT}, sli: {{source: prod, slices: {{good_when: 'queue_length < 100', slice: 1m}}}}",
    f"name: csv, {PERCENT}, group_by: [zone], sli: {{source: file, csv: {{}}}}",
    f"name: both, {PERCENT}, sli: {{composite: [{{slo: web, weight: 2}}, {{slo: fast}}]}}",
    f"name: journey, {PERCENT}, sli: {{journey: [web, fast]}}",
)


def past(path: Path) -> Path:
    """15 s samples of HOURS until END."""
    times = [END - (STEPS - i) * 15 for i in range(STEPS + 1)]
    lines: list[str] = []

    def series(name: str, labels: str, value: Callable[[int], float]) -> None:
        lines.extend(f"{name}{{{labels}}} {value(i)} {time}" for i, time in enumerate(times))

    def since(i: int, begin: int) -> int:
        return max(0, i - begin)

    lines.append("# TYPE http_requests counter")
    for zone, per_step in (("eu", 10), ("us", 5)):
        for code in ("200", "500"):
            labels = f'job="web",instance="a",zone="{zone}",code="{code}"'
            rate = per_step if code == "200" else (1 if zone == "eu" else 0)
            begin = 0 if code == "200" else ERRORS_FROM
            series("http_requests_total", labels, lambda i, r=rate, b=begin: r * since(i, b))
    lines.append("# TYPE http_seconds histogram")
    for le, share in (("0.5", 6), ("1.0", 9), ("+Inf", 10)):
        series("http_seconds_bucket", f'job="web",le="{le}"', lambda i, s=share: s * i)
    series("http_seconds_sum", 'job="web"', lambda i: i * 4.0)
    series("http_seconds_count", 'job="web"', lambda i: 10 * i)
    lines.append("# TYPE probe_success gauge")
    series("probe_success", 'job="probe",instance="x"', lambda i: 0 if ERRORS_FROM < i <= ERRORS_FROM + 40 else 1)
    lines.append("# TYPE queue_length gauge")
    series("queue_length", 'job="queue"', lambda i: 200 if ERRORS_FROM < i <= ERRORS_FROM + 120 else 50)
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return path


@pytest.fixture
def once(prometheus: Callable[..., Any], tmp_path: Path) -> Callable[..., tuple[Values, str]]:
    server = prometheus("global: {}\n", retention="50y", blocks_from=past(tmp_path / "past.txt"))
    rows = [f"{END - 7200 + i * 60},{zone},10,{int(zone == 'eu')}" for i in range(120) for zone in ("eu", "us")]
    (tmp_path / "slots.csv").write_text("\n".join(["time,zone,total,bad", *rows, ""]))

    def run(*slos: str, at: float = END) -> tuple[Values, str]:
        file = tmp_path / "winburn.yml"
        file.write_text(spec(server.url, *slos))
        command = [sys.executable, "-m", "winburn", "once", str(file), "--at", str(at)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = {
            (s.name, s.labels.get("slo", ""), s.labels.get("slo_group", ""), s.labels.get("window", "")): s.value
            for family in text_string_to_metric_families(done.stdout)
            for s in family.samples
        }
        return found, done.stderr

    return run


def test_every_kind_counts_what_happened(once: Callable[..., tuple[Values, str]]) -> None:
    values, errors = once(*SLOS)
    assert "threshold 2 is not a bucket of http_seconds; its buckets are 0.5, 1.0, +Inf: choose one" in errors
    assert not [key for key in values if key[1] == "slow" and key[0] == "slo_events"]

    def events(slo: str, window: str, group: str = "") -> tuple[float, float]:
        return values["slo_events", slo, group, window], values["slo_bad_events", slo, group, window]

    assert events("web", "1h") == (240 * 16, 240)
    assert events("web", "period") == (STEPS * 15 + 240, 240)
    assert events("zones", "1h", "zone=eu") == (240 * 11, 240)
    assert events("zones", "1h", "zone=us") == (240 * 5, 0)
    assert values["slo_groups", "zones", "", ""] == 2
    assert events("month", "period") == (STEPS * 15 + 240, 240)
    assert events("fast", "1h") == (2400, 240)
    assert events("probe", "1h") == (240, 40)
    assert events("queue", "1h") == (60, 30)
    assert events("csv", "1h", "zone=eu") == (600, 60)
    assert events("csv", "1h", "zone=us") == (600, 0)
    assert events("ratio", "1h")[0] == pytest.approx(60)
    assert events("ratio", "1h")[1] == pytest.approx(60 / 16, rel=0.06)  # five minutes of smear at the beginning
    assert events("both", "1h") == (2 * 240 * 16 + 2400, 2 * 240 + 240)
    assert events("journey", "1h")[0] == 240 * 16
    assert events("journey", "1h")[1] == pytest.approx(240 * 16 * (1 - (15 / 16) * 0.9))


def test_a_calendar_month_has_spent_by_the_time_that_is_over(once: Callable[..., tuple[Values, str]]) -> None:
    values, _ = once(MONTH)
    assert values["slo_period_seconds", "month", "", ""] == 30 * 86400
    age = HOURS * 3600 / (30 * 86400)
    ratio = 240 / (STEPS * 15 + 240)
    assert values["slo_burn_rate", "month", "", "period"] == pytest.approx(ratio / 0.001 * age)


def test_corrected_times_do_not_count(once: Callable[..., tuple[Values, str]]) -> None:
    values, _ = once(CORRECTED)
    assert values["slo_corrected_seconds", "corrected", "", ""] == 1800
    assert values["slo_bad_events", "corrected", "", "period"] == 120
    assert values["slo_events", "corrected", "", "period"] == STEPS * 15 + 240 - 120 * 16
    assert values["slo_events", "corrected", "", "30m"] == 0
    assert ("slo_burn_rate", "corrected", "", "30m") not in values


def test_one_group_burns_and_the_other_does_not(once: Callable[..., tuple[Values, str]]) -> None:
    values, _ = once(ZONES)
    assert values["slo_status", "zones", "zone=eu", ""] == 1
    assert values["slo_status", "zones", "zone=us", ""] == 0
