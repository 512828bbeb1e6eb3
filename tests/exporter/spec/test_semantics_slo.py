import re

import pytest

from exporter.spec import SpecErrors, load_text


def errors(objective: str, period: str, alerting: str = "") -> list[str]:
    text = (
        'sources: {prod: {type: prometheus, url: "http://localhost:9090"}}\n'
        f"slos: [{{name: a, service: a, objective: {objective}, period: {period}, {alerting}\n"
        "  sli: {source: prod, total: a, bad: b}}]\n"
    )
    try:
        load_text(text)
    except SpecErrors as caught:
        return [error.message for error in caught.errors]
    return []


@pytest.mark.parametrize(
    ("objective", "period"),
    [("90", "30d"), ("93.05", "30d"), ("50", "30d"), ("90", "28d"), ("80.5", "28d"), ("50", "14d")],
)
def test_both_ways_out_of_a_tier_that_cannot_fire_work(objective: str, period: str) -> None:
    found = errors(objective, period)
    assert found
    alerting = re.search(r"alerting: (\{.*?\}),", found[0])
    assert alerting
    assert errors(objective, period, f"alerting: {alerting[1]},") == []
    raised = max(float(re.search(r"above ([0-9.]+)$", text)[1]) for text in found)  # type: ignore[index]
    assert errors(f"{raised + 0.01:.2f}", period) == []


@pytest.mark.parametrize(("objective", "refused"), [("93.05", True), ("93.06", False)])
def test_a_tier_is_refused_exactly_where_all_events_bad_cannot_reach_it(objective: str, *, refused: bool) -> None:
    # 30d: 0.02 x 720 = 14.4; the burn rate of an outage is 100 / (100 - objective): 14.3885 and 14.4092.
    assert bool(errors(objective, "30d")) is refused


@pytest.mark.parametrize(
    ("period", "ok"), [("1h", True), ("59m", False), ("90m", True), ("5400500ms", False), ("1y", True)]
)
def test_periods_are_whole_minutes_from_one_hour_on(period: str, *, ok: bool) -> None:
    assert (errors("99.9", period) == []) is ok


def test_a_postgres_cast_is_not_a_parameter() -> None:
    text = (
        'sources: {db: {type: sql, url: "sqlite://"}}\n'
        "slos: [{name: a, service: a, objective: 99, period: 30d,\n"
        "  sli: {source: db, sql: 'select a::start, :ended, :step where :end'}}]\n"
    )
    with pytest.raises(SpecErrors, match="does not use :start;"):
        load_text(text)
