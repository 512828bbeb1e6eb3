from __future__ import annotations

from typing import Any

import yaml

from alert_rules import alertmanager_text
from alert_rules.alertmanager import mutes, own_orders, route
from exporter.alerts import ALERTS
from tests.alert_rules.example import EMPTY, FULL, slo, spec


def config(**receivers: Any) -> tuple[str, dict[str, Any]]:
    text = alertmanager_text(spec(alerting={"receivers": receivers}))
    return text, yaml.safe_load(text)


def receivers(loaded: dict[str, Any]) -> dict[str, list[str]]:
    return {
        each["name"]: [hook.get("url") or hook["url_file"] for hook in each.get("webhook_configs", [])]
        for each in loaded["receivers"]
    }


def test_each_role_has_its_own_receiver() -> None:
    _, loaded = config(**{role: {"webhook": f"http://x/{role}"} for role in ("page", "ticket", "experiment")})
    assert receivers(loaded) == {
        "page": ["http://x/page"],
        "ticket": ["http://x/ticket"],
        "experiment": ["http://x/experiment"],
        "heartbeat": [],
        "nobody": [],
    }


def test_what_has_no_receiver_goes_to_another_and_the_file_says_so() -> None:
    text, loaded = config(ticket={"webhook": "http://x/t"})
    assert receivers(loaded)["page"] == ["http://x/t"]
    assert receivers(loaded)["experiment"] == ["http://x/t"]
    assert "# The spec has no alerting.receivers.page: goes where ticket goes." in text


def test_a_heartbeat_never_goes_to_people_and_its_end_is_not_a_beat() -> None:
    _, loaded = config(page={"webhook": "http://x/p"})
    assert receivers(loaded)["heartbeat"] == []
    _, loaded = config(heartbeat={"webhook": "http://x/h"})
    (beat,) = (each for each in loaded["receivers"] if each["name"] == "heartbeat")
    assert beat["webhook_configs"] == [{"url": "http://x/h", "send_resolved": False}]
    assert receivers(loaded)["page"] == []


def test_without_any_receiver_nobody_is_told_and_the_file_says_so() -> None:
    text = alertmanager_text(EMPTY)
    assert "# Tells nobody: the spec has no alerting.receivers.page." in text
    assert set(map(tuple, receivers(yaml.safe_load(text)).values())) == {()}


def test_a_secret_address_stays_in_its_file() -> None:
    text, loaded = config(page={"webhook_file": "/run/secrets/pager"})
    assert receivers(loaded)["page"] == ["/run/secrets/pager"]
    assert "Alertmanager 0.26" in text


def routes(kills: str = "experiment") -> dict[str, dict[str, Any]]:
    return {each["matchers"][0]: each for each in route(kills)["routes"]}


def test_pages_are_grouped_by_what_is_broken_and_never_by_tier() -> None:
    assert routes()['severity="page"']["group_by"] == ["alertname", "slo", "slo_group"]
    assert "tier" not in str(route("page")["group_by"]) + str(
        [each.get("group_by") for each in route("page")["routes"]]
    )


def test_kills_do_not_wait_and_each_variant_is_a_message() -> None:
    kill = routes()['alertname="ExperimentEarlyKill"']
    assert (kill["group_wait"], kill["group_by"]) == ("0s", ["alertname", "experiment", "variant"])
    assert list(routes()).index('alertname="ExperimentEarlyKill"') < list(routes()).index('severity="page"')


def test_kills_without_a_receiver_of_experiments_are_pages() -> None:
    loaded = yaml.safe_load(alertmanager_text(FULL))
    (kill,) = (each for each in loaded["route"]["routes"] if each["matchers"] == ['alertname="ExperimentEarlyKill"'])
    assert kill["receiver"] == "page"


GROUPED_BY_SEVERITY = {"ExperimentGuardrailHarmed", "ExperimentCostOverrun", "ExperimentStalled"}
"""Until the routes are made from each alert's identity."""


def test_nothing_waits_behind_another_thing() -> None:
    """Every label that names what is broken is in the group of the alert's route."""
    for alert in ALERTS.values():
        if alert.name in GROUPED_BY_SEVERITY:
            continue
        for severity in [alert.severity] if alert.severity else ["page", "ticket"]:
            assert {"alertname", *alert.identity} == set(grouping(alert.name, severity)) - surplus(alert.name), (
                alert.name
            )


def grouping(alert: str, severity: str) -> list[str]:
    for each in route("experiment")["routes"]:
        if each["matchers"] in ([f'alertname="{alert}"'], [f'severity="{severity}"']):
            inner = [sub for sub in each.get("routes", []) if sub["matchers"] == [f'alertname="{alert}"']]
            return list((inner or [each])[0]["group_by"])
    raise AssertionError(alert)


def surplus(alert: str) -> set[str]:
    # winburn's own alerts have no slo: grouping by a label that is not there changes nothing.
    return {"slo", "slo_group"} if alert == "WinburnDown" else set()


def test_a_mute_never_lets_a_ticket_silence_a_page() -> None:
    """Of burn alerts: either the louder one mutes, or both are as loud."""
    for _, rule in mutes(FULL.slos):
        if 'alertname="SLOErrorBudgetBurn"' in rule["source_matchers"]:
            assert 'severity="page"' in rule["source_matchers"] or "severity" in rule["equal"]
            assert {"slo", "slo_group"} <= set(rule["equal"])


def tiers(*names: str) -> dict[str, Any]:
    """Tiers of one's own in this order of speed."""
    own = [
        {"name": name, "severity": "page", "long": f"{speed}h", "short": "5m", "factor": 2}
        for speed, name in enumerate(names, start=1)
    ]
    return {"tiers": own[::-1]}


def test_tiers_of_ones_own_mute_in_their_own_order() -> None:
    slos = spec(
        slos=[
            slo("a.b", alerting=tiers("quick", "late")),
            slo("c", alerting=tiers("slow", "fast")),
            slo("d", alerting=tiers("quick", "late")),
            slo("e", alerting=tiers("fast", "trickle")),
            slo("f"),
        ]
    ).slos
    assert own_orders(slos) == {("quick", "late"): ["a.b", "d"], ("slow", "fast"): ["c"]}
    rules = [rule for _, rule in mutes(slos) if any("tier" in each for each in rule["source_matchers"])]
    assert [(*rule["source_matchers"][1:], rule["target_matchers"][1]) for rule in rules] == [
        ('slo!~"a[.]b|c|d"', 'tier="fast"', 'tier=~"medium|slow|trickle"'),
        ('slo!~"a[.]b|c|d"', 'tier="medium"', 'tier=~"slow|trickle"'),
        ('slo!~"a[.]b|c|d"', 'tier="slow"', 'tier=~"trickle"'),
        ('slo=~"a[.]b|d"', 'tier="quick"', 'tier=~"late"'),
        ('slo=~"c"', 'tier="slow"', 'tier=~"fast"'),
    ]
    assert mutes(slos) == mutes(slos[::-1])
