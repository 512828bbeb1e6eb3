"""Layout."""

from __future__ import annotations

import pytest

from dashboards.common import Row, place
from dashboards.facts import facts
from dashboards.ids import PANEL_IDS
from dashboards.panels import Stat, now, over_time
from exporter.spec import Spec

FACTS = facts(Spec())


def test_rows_follow_one_another_and_panels_get_their_ids() -> None:
    one = Stat("breached", "A", "a", [now("A", "sum(up)")])
    two = Stat("ok", "B", "b", [over_time("A", "sum(up)")])
    three = Stat("slos", "C", "c")
    placed = place("slo-overview", (Row(4, ((10, one), (14, two))), Row(6, ((24, three),))), FACTS)
    assert [(p.gridPos.x, p.gridPos.y, p.gridPos.w, p.gridPos.h) for p in placed] == [
        (0, 0, 10, 4),
        (10, 0, 14, 4),
        (0, 4, 24, 6),
    ]
    assert [p.id for p in placed] == [PANEL_IDS["slo-overview"][key] for key in ("breached", "ok", "slos")]
    assert [p.interval for p in placed] == [None, FACTS.interval, None]


def test_a_row_that_is_not_full_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="the row of ok is 20 wide, not 24"):
        place("slo-overview", (Row(4, ((20, Stat("ok", "A", "a")),)),), FACTS)


def test_a_panel_without_an_id_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="unheard-of"):
        place("slo-overview", (Row(4, ((24, Stat("unheard-of", "A", "a")),)),), FACTS)
