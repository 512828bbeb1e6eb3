"""Specs for the tests of generated rules, routes and dashboards' neighbours."""

from __future__ import annotations

from typing import Any

from exporter.spec import Spec


def slo(name: str, **more: Any) -> dict[str, Any]:
    """An SLO as the YAML would have it."""
    sli = {"source": "prod", "total": "requests_total", "bad": 'requests_total{code=~"5.."}'}
    return {"name": name, "service": "checkout", "objective": 99.9, "period": "30d", "sli": sli, **more}


def experiment(name: str, **more: Any) -> dict[str, Any]:
    """An experiment as the YAML would have it."""
    metric = {"name": "conversion", "kind": "proportion", "source": "shop", "query": "SELECT 1"}
    metrics = [metric, *more.pop("metrics", ())]
    return {"name": name, "control": "blue", "variants": {"blue": 0.5, "green": 0.5}, "metrics": metrics, **more}


def spec(**parts: Any) -> Spec:
    """A spec with three sources; of "metrics" burn alerts have a native branch."""
    sources = {
        "prod": {"type": "prometheus", "url": "http://localhost:9090"},
        "shop": {"type": "sql", "url": "sqlite:///shop.db"},
        "metrics": {"type": "prometheus", "url": "http://localhost:9091", "rules": True},
    }
    return Spec.model_validate({"sources": sources, **parts})


EMPTY = Spec()

GUARDRAIL = {
    "name": "refunds",
    "kind": "proportion",
    "role": "guardrail",
    "direction": "decrease",
    "margin": 0.07,
    "source": "shop",
    "query": "SELECT 1",
}

FULL = spec(
    slos=[
        slo(
            "checkout-availability",
            no_data="page",
            labels={"team": "payments", "note": 'zahlt {{ "bald" }}, größtenteils'},
            runbook="https://wiki.example/checkout",
        ),
        slo(
            "search-latency",
            service="search",
            category="performance",
            objective=99,
            period="7d",
            alerting={"page": ["fast"], "low_traffic_gate": None},
        ),
        slo(
            "billing.quality",
            service="billing",
            category="quality",
            objective="99.95",
            period="31d",
            no_data="ignore",
            sli={"source": "shop", "sql": "SELECT slot, total, bad FROM invoices"},
            alerting={"page": [], "ticket": ["fast", "medium", "slow", "trickle"], "low_traffic_gate": 0.01},
        ),
        slo("drill", period="1h", no_data="ignore"),
        slo(
            "edge-availability",
            service="edge",
            objective=99.5,
            period={"calendar": "month", "timezone": "Europe/Berlin"},
            group_by=["zone", "kind"],
            alerting={
                "tiers": [
                    {"name": "quick", "severity": "page", "long": "30m", "short": "3m", "factor": 21.6},
                    {"name": "sure", "severity": "page", "long": "4h", "short": "20m", "budget_share": 0.05},
                    {"name": "same-windows", "severity": "ticket", "long": "4h", "short": "20m", "factor": 2},
                    {"name": "slow", "severity": "ticket", "long": "45h", "short": "3h", "budget_share": 0.1},
                ]
            },
        ),
        slo(
            "login-availability",
            service="login",
            group_by=["zone", "kind"],
            sli={"source": "metrics", "total": "logins_total", "good": 'logins_total{code!~"5.."}'},
            alerting={"page": ["fast"], "ticket": ["slow"]},
            corrections=[{"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00Z", "reason": "move"}],
        ),
    ],
    experiments=[
        experiment(
            "checkout-button",
            early_kill={"margin": 0.07, "alpha": 0.005},
            labels={"team": "payments"},
            guardrails=[{"slo": "checkout-availability"}, {"slo": "edge-availability", "by": "arm"}],
            metrics=[GUARDRAIL],
            cost={"source": "shop", "query": "SELECT 1", "currency": "EUR", "limit": 1500},
            stalled_after="6h",
        ),
        experiment("search-ranking", status="draft", control="as {{ is }}", variants={"as {{ is }}": 0.5, "new": 0.5}),
        experiment("prices", early_kill=None),
    ],
    engagement={"source": "shop", "fatigue": {"window": "14d", "max_uses": 5}},
    alerting={
        "receivers": {
            "page": {"webhook": "http://127.0.0.1:9/page"},
            "ticket": {"webhook": "http://127.0.0.1:9/ticket"},
            "heartbeat": {"webhook": "http://127.0.0.1:9/heartbeat"},
        }
    },
    links={"grafana": "https://grafana.example/", "runbooks": "https://runbooks.example/winburn"},
)

EVERY_RECEIVER = FULL.model_copy(
    update={
        "alerting": spec(
            alerting={
                "smtp": {
                    "smarthost": "mail.example.org:587",
                    "from": "winburn@example.org",
                    "username": "winburn",
                    "password_file": "/run/secrets/mail",
                },
                "receivers": {
                    "page": {
                        "webhook_file": "/run/secrets/pager",
                        "pagerduty": {"routing_key_file": "/run/secrets/pagerduty"},
                        "opsgenie": {
                            "api_key_file": "/run/secrets/opsgenie",
                            "api_url": "https://api.eu.opsgenie.com/",
                        },
                    },
                    "ticket": {
                        "slack": {"channel": "#tickets", "api_url_file": "/run/secrets/slack"},
                        "email": {"to": ["team@example.org", "boss@example.org"]},
                        "teams": {"webhook_url_file": "/run/secrets/it's teams"},
                    },
                    "experiment": {"slack": {"channel": "#news", "api_url_file": "/run/secrets/slack"}},
                    "heartbeat": {"webhook": "http://127.0.0.1:9/heartbeat"},
                },
                "routes": [
                    {
                        "name": "payments",
                        "match": {"team": "payments"},
                        "receivers": {
                            "page": {"webhook": "http://127.0.0.1:9/payments"},
                            "ticket": {"slack": {"channel": "#pay", "api_url_file": "/run/secrets/pay/slack"}},
                            "experiment": {"slack": {"channel": "#pay", "api_url_file": "/run/secrets/pay/slack"}},
                        },
                    },
                    {
                        "name": "edge-eu",
                        "match": {"zone": "b", "kind": "a"},
                        "receivers": {"page": {"pagerduty": {"routing_key_file": "/run/secrets/edge"}}},
                    },
                ],
                "mute": [
                    {
                        "name": "nights",
                        "times": [
                            {"days": ["monday", "tuesday", "wednesday", "thursday"], "from": "22:00", "to": "07:00"},
                            {"days": ["saturday", "sunday"]},
                        ],
                    }
                ],
            }
        ).alerting
    }
)
"""FULL with a receiver of every kind, teams and a mute."""
