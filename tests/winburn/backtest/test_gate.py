"""The gate at past times: bursts that are usual do not page, and every answer is the live exporter's."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.collectors.slo import SloCollector
from exporter.state import State
from tests.winburn.backtest.scripted import DAY, MINUTE, START, Scripted, counters, run, slo

DAYS = 16
INCIDENT = (DAYS - 1) * 1440 + 300  # the minute of the test's time line at which errors begin to come all the time


@pytest.fixture(scope="module")
def source() -> Scripted:
    """Three requests a minute; five errors at once every ten hours, and at the end one error every five minutes."""
    total, bad = np.full(DAYS * 1440, 3.0), np.zeros(DAYS * 1440)
    bad[::600] = 3
    bad[1::600] = 2
    bad[INCIDENT : INCIDENT + 180 : 5] = 1
    return Scripted(counters(total, bad))


START_OF_SPAN, END = START + (DAYS - 2) * DAY, START + DAYS * DAY


def test_usual_bursts_do_not_page_and_errors_that_spread_do(source: Scripted) -> None:
    of = slo(period="7d", alerting={"page": ["fast"], "ticket": []})
    pages = run(source, of, START_OF_SPAN, END).firings
    assert len(pages) == 1
    assert START + INCIDENT * MINUTE < pages[0].since < START + (INCIDENT + 60) * MINUTE
    ungated = of.model_copy(update={"alerting": of.alerting.model_copy(update={"low_traffic_gate": None})})
    assert len(run(source, ungated, START_OF_SPAN, END).firings) > 4


def test_every_answer_is_that_of_the_live_exporter(source: Scripted) -> None:
    """At the bursts, before and in the incident: the exporter evaluates that moment from history, as `once --at`."""
    of = slo(period="7d")
    result = run(source, of, START_OF_SPAN, END)
    seen = set()
    for minute in (*range((DAYS - 2) * 1440 + 10, DAYS * 1440, 240), *range(INCIDENT, INCIDENT + 200, 13)):
        at = START + minute * MINUTE
        live = SloCollector(source, [of], State("sqlite://"), refresh=60.0, origin=0.0, keep_seconds=60.0)
        samples = {
            (s.name, dict(s.labels).get("window", "")): s.value for report in live.collect(at) for s in report.samples
        }
        i = int(np.searchsorted(result.course.times, at))
        for judged in result.course.tiers:
            rates = [samples["slo_burn_rate", label] for label in (judged.tier.long, judged.tier.short)]
            fires = min(rates) > judged.factor and samples["slo_burn_p_value", judged.tier.long] < 1e-4
            assert judged.holds[i] == fires, (minute, judged.tier.name)
            seen.add(fires)
    assert seen == {True, False}
