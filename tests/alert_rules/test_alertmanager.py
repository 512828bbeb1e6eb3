from __future__ import annotations

from typing import Any

import yaml

from alert_rules import alertmanager_text
from alert_rules.alertmanager import mutes, own_orders
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
