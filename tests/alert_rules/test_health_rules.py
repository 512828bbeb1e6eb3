from __future__ import annotations

from alert_rules.health_rules import health_group, source_rules, stale_after
from tests.alert_rules.example import EMPTY, slo, spec


def test_a_source_is_a_ticket_where_no_slo_wants_a_page_for_missing_data() -> None:
    (rule,) = source_rules(spec(slos=[slo("a", no_data="ticket")]))
    assert (rule.labels["severity"], rule.expr) == ("ticket", "max by (source) (winburn_source_up) == 0")


def test_a_source_is_as_loud_as_the_loudest_missing_data_that_it_mutes() -> None:
    page, ticket = source_rules(spec(slos=[slo("a", no_data="page")]))
    assert (page.labels["severity"], page.expr) == ("page", 'max by (source) (winburn_source_up{source=~"prod"}) == 0')
    assert ticket.labels["severity"] == "ticket"
    assert ticket.expr.endswith('unless on (source)\nwinburn_source_up{source=~"prod"}\n')


def test_a_dot_in_a_sources_name_is_a_dot() -> None:
    sli = {"source": "eu.prod", "total": "t", "bad": "b"}
    page, _ = source_rules(spec(slos=[slo("a", no_data="page", sli=sli)]))
    assert 'source=~"eu[.]prod"' in page.expr


def test_a_collector_is_stale_when_its_series_are_gone() -> None:
    assert stale_after(EMPTY) == 60
    assert stale_after(spec(refresh="1m")) == 180
    assert stale_after(spec(refresh="1m", max_age="1s")) == 180


def test_order_is_that_of_importance() -> None:
    names = [rule.alert.name for rule in health_group(EMPTY).rules]
    assert names == [
        "WinburnDown",
        "WinburnDown",
        "WinburnSourceDown",
        "WinburnCollectorFailing",
        "WinburnDataStale",
        "WinburnSeriesDropped",
        "WinburnWatchdog",
    ]


def test_the_text_about_a_shard_names_it_and_what_goes_on() -> None:
    sli = {"source": "metrics", "total": "t", "bad": "b"}
    few, some, all_ = (
        next(rule for rule in health_group(one).rules if rule.labels.get("scope") == "shard").annotations
        for one in (spec(slos=[slo("a")]), spec(slos=[slo("a"), slo("b", sli=sli)]), spec(slos=[slo("b", sli=sli)]))
    )
    assert "shard {{ $labels.shard }} of {{ $labels.shards }}" in few["summary"]
    assert "is told of burning error budgets, of missing data" in few["description"]
    assert "Prometheus counts" not in few["description"]
    assert "is told of burning error budgets, of missing data" in some["description"]
    assert "Prometheus counts" in some["description"]
    assert "is told of missing data" in all_["description"]
    assert "shard%3D{{ $labels.shard |" in few["silence_url"]


def test_the_collector_of_a_sources_slos_names_the_source_for_the_inhibition() -> None:
    for rule in health_group(EMPTY).rules:
        if rule.alert.identity == ("collector",):
            assert rule.expr.startswith("label_replace(")
            assert rule.expr.endswith(', "source", "$1", "collector", "slo:(.+)")\n')
