from __future__ import annotations

from urllib.parse import unquote

import pytest

from alert_rules.silence_link import expand, silence_url
from exporter.alerts import ALERTS
from exporter.spec import Links

LINKS = Links(alertmanager="https://alerts.example/")


def test_the_link_is_filled_in_with_what_identifies_the_alert() -> None:
    url = expand(silence_url(ALERTS["SLONoData"], LINKS, grouped=True), {"slo": "a", "slo_group": "zone=eu west"})
    assert url.startswith("https://alerts.example/#/silences/new?filter=%7B")
    assert unquote(url.partition("filter=")[2]) == '{alertname="SLONoData",slo="a",slo_group="zone=eu west"}'


def test_a_group_that_is_not_there_is_not_asked_for() -> None:
    assert "slo_group" not in silence_url(ALERTS["SLONoData"], LINKS, grouped=False)


@pytest.mark.parametrize("value", ['a"b', "a+b", "a b", "a&b#c", "größer", "a\\b"])
def test_no_character_of_a_label_ends_the_filter(value: str) -> None:
    url = expand(silence_url(ALERTS["WinburnSourceDown"], LINKS, grouped=False), {"source": value})
    query = url.partition("filter=")[2]
    assert not set(query) & set(' "+&#')
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert unquote(query) == f'{{alertname="WinburnSourceDown",source="{escaped}"}}'
