from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from exporter.alerts import ALERTS, Alert
from exporter.contract import FAMILIES

RUNBOOKS = Path(__file__).resolve().parents[2] / "deploy" / "runbooks"
FIELDS = """slo service objective period source value factor long short spent lasts
unmeasured experiment variant control metric margin alpha collector family verdict
 persona pattern rule limit uses window
  guardrail guardrails harm currency stalled_after silent untold missing counted"""


@pytest.fixture(params=ALERTS.values(), ids=ALERTS)
def alert(request: pytest.FixtureRequest) -> Alert:
    return request.param  # type: ignore[no-any-return]  # pytest's params are Any


def test_the_table_holds_the_alerts_of_this_version() -> None:
    assert list(ALERTS) == [
        "SLOErrorBudgetBurn",
        "SLOErrorBudgetExhausted",
        "SLOErrorBudgetForecast",
        "SLONoData",
        "ExperimentEarlyKill",
        "ExperimentSampleRatioMismatch",
        "ExperimentDecided",
        "ExperimentGuardrailHarmed",
        "ExperimentCostOverrun",
        "ExperimentStalled",
        "VariantEarlyKill",
        "HighVariantKillRatio",
        "PatternFatigued",
        "WinburnDown",
        "WinburnSourceDown",
        "WinburnCollectorFailing",
        "WinburnDataStale",
        "WinburnSeriesDropped",
        "WinburnWatchdog",
    ]


def test_texts_are_formats_with_known_fields_only(alert: Alert) -> None:
    for text in (alert.summary, alert.description):
        fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        assert fields <= set(FIELDS.split())
        assert "{{" not in text


def test_a_person_learns_what_to_check_first(alert: Alert) -> None:
    assert "Check first: " in alert.description
    assert len(alert.summary) < 90
    assert all(len(line) < 260 for line in alert.description.splitlines())


def test_the_summary_names_what_is_broken(alert: Alert) -> None:
    for label in set(alert.identity) - {"slo_group"}:
        assert f"{{{label}}}" in alert.summary


def test_each_alert_has_a_runbook_with_all_its_parts(alert: Alert) -> None:
    text = (RUNBOOKS / alert.runbook).read_text(encoding="utf-8")
    assert text.startswith(f"# {alert.name}\n")
    for part in ("## Check first", "## When to ignore it", "## Silence", "```promql"):
        assert part in text


def test_runbooks_are_of_alerts_and_name_series_that_exist(alert: Alert) -> None:
    assert {path.name for path in RUNBOOKS.glob("*.md")} == {each.runbook for each in ALERTS.values()}
    queries = re.findall(r"```promql\n(.*?)```", (RUNBOOKS / alert.runbook).read_text(encoding="utf-8"), re.DOTALL)
    ours = r"\b(?:slo|experiment|winburn|variant|pattern|prediction|suggestion)_[a-z_]+\b"
    # Labels stand in "on (slo, slo_group)"; recorded series have colons and are the rules' own.
    plain = re.sub(r"(on|by|ignoring) \([^)]*\)|slo:\w+:\w+", "", " ".join(queries))
    named = set(re.findall(ours, plain))
    assert named <= set(FAMILIES)
