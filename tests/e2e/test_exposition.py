"""What a scrape of the demo's spec says, to those who read it: promtool, client libraries, Prometheus 3, curl."""

from __future__ import annotations

import gzip
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from exporter.contract import FAMILIES
from tests.e2e.exporter import Exporter, Series, serving_shop
from winburn.servers import Servers

Wait = Callable[[Callable[[], object], float], None]
TEXT = "text/plain; version=0.0.4"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""The Accept header that Prometheus 3 sends (scrape/scrape.go: acceptHeader of the default scrape protocols)."""

LABELS = {
    "slo_burn_rate": {"slo", "window"},
    "slo_error_budget_remaining_ratio": {"slo"},
    "slo_status": {"slo"},
    "slo_trend": {"slo"},
    "experiment_variant_win_ratio": {"experiment", "variant", "metric"},
    "experiment_variant_lift_ratio": {"experiment", "variant", "metric"},
    "experiment_variant_early_kill": {"experiment", "variant"},
}
"""What the issue asks for by name: families, and labels by which they are told apart."""

_PACE = "what a day is worth is known after half an hour of traffic"
_NO_SEGMENTS, _NO_GUARDRAIL = "no experiment of the demo has dimensions", "no experiment of the demo has a guardrail"
ABSENT = {
    "alert_acknowledged_until_timestamp_seconds": "the demo's spec names no Alertmanager",
    "experiment_applied_total": "the demo applies kills of content only",
    "experiment_cost_limit": "no cost of the demo has a limit",
    "experiment_design_effect": "the demo's visitors are counted once each, so that none is estimated",
    **{f"experiment_segment_{name}": _NO_SEGMENTS for name in ("srm_p_value", "verdict")},
    **{f"experiment_segment_lift_{name}ratio": _NO_SEGMENTS for name in ("", "lower_", "upper_")},
    **{f"experiment_variant_roi_{name}ratio": _PACE for name in ("", "lower_", "upper_")},
    "experiment_variant_slo_breach": _NO_GUARDRAIL,
    "experiment_variant_slo_burn_rate": _NO_GUARDRAIL,
    "experiment_variant_trend": "all of these visits came before the first look, so that there is no course of them",
    "experiment_variant_traffic_recommended_ratio": "no experiment of the demo is a bandit",
    **{f"experiment_variant_value_per_day{name}": _PACE for name in ("", "_lower", "_upper")},
    "experiment_waiting_loss_per_day": _PACE,
    "slo_corrected_seconds": "the demo corrects nothing",
    "slo_error_budget_exhaustion_probability_ratio": "its past is shorter than the 14 days that a forecast needs",
    "slo_error_budget_exhaustion_timestamp_seconds": "as above",
    "slo_groups": "no SLO of the demo is grouped",
    "slo_groups_dropped": "as above",
    "winburn_live_push_total": "the demo pushes to nobody",
    "winburn_series_dropped_total": "nothing is dropped",
    "winburn_web_config_last_reload_successful": "the demo is started without a web config file",
    "winburn_shard_info": "one exporter has the whole spec",
    "winburn_shard_expected": "as above",
}
"""Families of the contract that this body need not have, and why."""


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    with serving_shop(tmp_path_factory.mktemp("demo")) as running:
        yield running


def between(exporter: Exporter, ask: Callable[[], set[Series]]) -> set[Series]:
    """What is asked for, which must be what the text says: series that come or go meanwhile may be there or not."""
    before, found, after = series(text_families(plain(exporter))), ask(), series(text_families(plain(exporter)))
    assert before & after <= found <= before | after
    assert len(before & after) > 100
    return found


def plain(exporter: Exporter) -> str:
    return exporter.get("/metrics", {"Accept": TEXT, "Accept-Encoding": "identity"}).text


def series(families: Iterator[object]) -> set[Series]:
    """Of all but the process, which goes on while it is read."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples  # type: ignore[attr-defined]
        if not sample.name.startswith(("process_", "python_"))
    }


def test_promtool_finds_nothing_to_say(exporter: Exporter, servers: Servers) -> None:
    answer = exporter.get("/metrics", {"Accept": TEXT})
    assert answer.headers["Content-Type"].startswith(TEXT)
    done = subprocess.run(
        [servers.need("promtool"), "check", "metrics"], input=answer.content, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_both_formats_parse_and_say_the_same_series(exporter: Exporter) -> None:
    def openmetrics() -> set[Series]:
        answer = exporter.get("/metrics", {"Accept": PROMETHEUS_3})
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert answer.text.endswith("# EOF\n")
        return series(openmetrics_families(answer.text))

    between(exporter, openmetrics)


def test_every_family_of_the_contract_is_there_with_its_labels(exporter: Exporter, wait_for: Wait) -> None:
    def missing() -> set[str]:
        return FAMILIES.keys() - {name for name, _ in exporter.scrape()} - ABSENT.keys()

    with suppress(AssertionError):
        wait_for(lambda: not missing(), 60)
    assert missing() == set()
    found = exporter.scrape()
    for name, labels in LABELS.items():
        assert {frozenset(dict(pairs)) for other, pairs in found if other == name} == {frozenset(labels)}, name
    assert all(0 <= value <= 1 for value in found.values("experiment_variant_win_ratio"))
    for wanted in ("checkout-availability", "search-latency", "invoice-export"):
        assert found.values("slo_events", slo=wanted, window="period")[0] > 0


def test_nothing_undefined_is_served(exporter: Exporter) -> None:
    assert all(math.isfinite(value) for value in dict.values(exporter.scrape()))


def test_help_and_type_stand_once_before_their_series(exporter: Exporter) -> None:
    lines = exporter.get("/metrics", {"Accept": TEXT}).text.splitlines()
    helps = [line.split()[2] for line in lines if line.startswith("# HELP ")]
    types = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert helps == types
    assert len(set(helps)) == len(helps)


def test_gzip_is_used_where_it_is_accepted_and_only_there(exporter: Exporter) -> None:
    def packed() -> set[Series]:
        answer = exporter.get("/metrics", {"Accept": TEXT, "Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < len(answer.content) / 4
        return series(text_families(answer.text))

    between(exporter, packed)
    plain = exporter.get("/metrics", {"Accept": TEXT, "Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_can_read_it(exporter: Exporter) -> None:
    command = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", f"{exporter.url}/metrics"]

    def curl(*words: str) -> bytes:
        return subprocess.run([*command, *words], capture_output=True, check=True).stdout

    between(exporter, lambda: series(text_families(curl().decode())))
    between(exporter, lambda: series(text_families(curl("--compressed").decode())))
    packed = ("--header", "Accept-Encoding: gzip")
    between(exporter, lambda: series(text_families(gzip.decompress(curl(*packed)).decode())))
