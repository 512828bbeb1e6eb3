"""What a text becomes: defaults, what follows from other keys, and refusals that hide no other."""

from decimal import Decimal

import pytest

from exporter.spec import CsvCounts, Spec, SpecErrors, load_text
from tests.exporter.spec.texts import EVERY_KEY, EXPERIMENT, SOURCES, slo


def refused(text: str) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        load_text(text)
    return [str(error) for error in caught.value.errors]


def test_a_spec_with_every_supported_key_loads() -> None:
    spec = load_text(EVERY_KEY)
    first, second, *_ = spec.slos
    assert first.objective == Decimal("99.95")
    assert (first.period, spec.max_age, spec.sources["base"].timeout) == (30 * 86400, 60, 90)  # type: ignore[union-attr]
    assert first.alerting.low_traffic_gate == 1e-4
    assert second.sli.sql is not None
    assert spec.experiments[0].primary.name == "sold"
    assert (spec.limits.groups, spec.limits.series) == (20, 4000)
    assert spec.experiments[0].metrics[2].csv == CsvCounts(n="users", time="at", where={"site": "eu"})


def test_the_shortest_spec_has_the_documented_defaults() -> None:
    spec = load_text(SOURCES + slo("a"))
    assert (spec.refresh, spec.lag, spec.keep_seconds, spec.limits.series) == (15, 20, 60, 5000)
    assert spec.slos[0].alerting.page == ("fast", "medium")
    assert spec.slos[0].no_data == "ticket"


def test_a_metric_of_a_file_has_the_default_columns() -> None:
    spec = load_text("sources:\n  csv: {type: file, path: x.csv}\n" + EXPERIMENT)
    assert spec.experiments[0].metrics[0].csv == CsvCounts()


@pytest.mark.parametrize("objective", ["99.9", "99.95", "99.999999", "0.1", "99", "'99.90'"])
def test_objectives_are_exactly_what_is_written(objective: str) -> None:
    text = (SOURCES + slo("a")).replace("99.9", objective) + "    alerting: {page: [], ticket: []}\n"
    assert load_text(text).slos[0].objective == Decimal(objective.strip("'"))


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("refresh: 15s\n", "http://localhost:9093"),
        ('alerting: {alertmanager: ["http://me:pass@am-1:9093/am", "http://am-2:9093"]}\n', "http://am-1:9093/am"),
        ('alerting: {alertmanager: ["http://am-1:9093"]}\nlinks: {alertmanager: "https://am"}\n', "https://am"),
    ],
)
def test_people_silence_at_the_first_alertmanager_unless_the_spec_says_where(text: str, link: str) -> None:
    assert load_text(text).links.alertmanager == link


def test_what_is_not_supported_yet_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spec, "NOT_YET", {"weather": "the forecast"})
    (message,) = refused("weather: fine")
    assert message.startswith("spec.yml:1: weather: ")
    assert "is not supported yet (the forecast)" in message


def test_a_tenant_is_a_name_and_no_label_of_an_slo() -> None:
    assert load_text("tenant: acme").tenant == "acme"
    assert load_text("refresh: 15s").tenant is None
    (message,) = refused("tenant: a b")
    assert message.startswith("spec.yml:1: tenant: ")
    for key in ("labels: {tenant: x}", "group_by: [tenant]"):
        (message,) = refused(SOURCES + slo("a").rstrip() + f"\n    {key}\n")
        assert "reserved" in message


def test_an_early_mistake_does_not_hide_a_later_one() -> None:
    text = SOURCES + slo("a").replace("99.9", "nought").replace("source: prod", "source: prud").replace("30d", "30")
    assert [message.split(": ")[1] for message in refused(text)] == [
        "slos[a].objective",
        "slos[a].period",
        "slos[a].sli.source",
    ]


@pytest.mark.parametrize(("key", "meant"), [("source", "sources"), ("soruces", "sources")])
def test_sources_under_a_misspelt_key_are_one_mistake(key: str, meant: str) -> None:
    (message,) = refused((SOURCES + slo("a")).replace("sources:", f"{key}:"))
    assert message == f"spec.yml:1: {key}: unknown key '{key}', did you mean '{meant}'?"


def test_slos_under_a_misspelt_key_are_one_mistake_of_an_experiment_that_is_guarded_by_them() -> None:
    text = SOURCES + slo("a").replace("slos:", "slo:")
    experiment = EXPERIMENT.replace("source: csv", "source: prod, prometheus: {exposures: e, events: s}")
    (message,) = refused(text + experiment + "    guardrails: [{slo: a}]\n")
    assert "unknown key 'slo', did you mean 'slos'?" in message
