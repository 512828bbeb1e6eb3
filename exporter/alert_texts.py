"""What alerts say: texts filled with facts, addresses, and the rhythm of their evaluation.

Shared by the generated rules, which put templates where a value stands, and by direct notifications, which put the
value itself: so both say the same, and an Alertmanager takes them for one alert.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from urllib.parse import quote

from exporter.alerts import Alert
from exporter.contract import DASHBOARD_UIDS
from exporter.promql import format_duration
from exporter.windows import Tier, factor


def message(
    alert: Alert, facts: Mapping[str, str], runbook_url: str, dashboard_url: str, silence_url: str
) -> dict[str, str]:
    """What the alert says: summary and description with the facts filled in, and where to read on."""
    return {
        "summary": alert.summary.format_map(facts),
        "description": alert.description.format_map(facts),
        "runbook_url": runbook_url,
        "dashboard_url": dashboard_url,
        "silence_url": silence_url,
    }


def runbook_address(alert: Alert, runbooks: str, own: str | None = None) -> str:
    """The entity's own runbook, else the alert's below the address ``runbooks``."""
    return own or f"{runbooks.rstrip('/')}/{alert.runbook}"


def dashboard_address(grafana: str, dashboard: str, **variables: str) -> str:
    """Address of a generated dashboard with its variables set."""
    query = "&".join(f"var-{name}={quote(value, safe='')}" for name, value in variables.items())
    return f"{grafana.rstrip('/')}/d/{DASHBOARD_UIDS[dashboard]}{'?' + query if query else ''}"


def silence_address(alert: Alert, alertmanager: str, value: Callable[[str], str], *, grouped: bool) -> str:
    """Address of Alertmanager's page for a new silence of the alert's name and identity.

    ``value`` gives a label's value, in quotes and escaped; ``slo_group`` is named only where the SLO is ``grouped``.
    """
    names = [name for name in alert.identity if grouped or name != "slo_group"]
    matchers = [quote(f'alertname="{alert.name}"', safe=""), *(f"{name}%3D{value(name)}" for name in names)]
    base = alertmanager.rstrip("/").replace("{{", "%7B%7B")
    return f"{base}/#/silences/new?filter=%7B{'%2C'.join(matchers)}%7D"


def links_of_tenant(annotations: Mapping[str, str], tenant: str | None) -> dict[str, str]:
    """The annotations with links that lead to what is the tenant's: its dashboards, and a silence of its alerts only.

    ``tenant`` is a name of the spec, which needs no escape.
    """
    links = dict(annotations)
    if tenant is not None:
        if dashboard := links.get("dashboard_url"):
            links["dashboard_url"] = f"{dashboard}{'&' if '?' in dashboard else '?'}var-tenant={tenant}"
        if silence := links.get("silence_url"):
            matcher = quote(f'tenant="{tenant}"', safe="")
            links["silence_url"] = f"{silence.removesuffix('%7D')}%2C{matcher}%7D"
    return links


def quoted_value(value: str) -> str:
    """A label's value as :func:`silence_address` wants it."""
    return quote(json.dumps(value, ensure_ascii=False), safe="~")


def rule_interval(refresh: float) -> float:
    """Seconds between two evaluations of every rule, from those between two refreshes.

    The gauges change once in a refresh: to look more often finds nothing new, to look less often delays pages (and a
    demo that refreshes every second shall page within seconds). The minute bounds the delay of what does not depend on
    the refresh: that the exporter is gone.
    """
    return min(max(refresh, 1.0), 60.0)


def burn_facts(tier: Tier, period: int, period_label: str) -> dict[str, str]:
    """What the text of ``SLOErrorBudgetBurn`` says of a tier; ``period`` in seconds."""
    limit = factor(tier, period)
    # Rounded before it is cut: 1.0333... x 3d / 31d is 10 %, and not 9.99 %.
    spent = round(limit * tier.long_seconds * 100 / period, 10)
    return {
        "long": tier.long,
        "short": tier.short,
        "factor": floor(limit),
        "spent": floor(spent),
        "period": period_label,
        "lasts": _lasts(period / limit),
    }


def down_facts(native: int, slos: int) -> dict[str, str]:
    """What the text of ``WinburnDown`` says where Prometheus counts so many of the SLOs itself."""
    missing = {"missing": "the winburn exporter"}
    if not native:
        untold = "burning error budgets, of missing data or of variants to stop."
        return {**missing, "silent": "no burn and no kill alert can fire", "untold": untold}
    untold = "missing data or of variants to stop. "
    if native < slos:
        untold += f"Burn alerts can fire for {native} of {slos} SLOs only, which Prometheus counts itself."
        return {**missing, "silent": "no kill alert and not every burn alert can fire", "untold": untold}
    untold += "Burn alerts go on: Prometheus counts the events of every SLO itself."
    return {**missing, "silent": "burn alerts go on, no kill alert can fire", "untold": untold}


def shard_facts(shard: str, shards: str, native: int, slos: int) -> dict[str, str]:
    """The same of one of several shards; which SLOs are its own, rules do not know."""
    burning = "" if native and native == slos else "burning error budgets, of "
    counted = " Burn alerts of SLOs that Prometheus counts itself go on." if native else ""
    return {
        "missing": f"shard {shard} of {shards} of the winburn exporter, while others go on",
        "silent": f"shard {shard} of {shards}, no alert about its part of the spec can begin",
        "untold": f"{burning}missing data or of variants to stop in its part of the spec.{counted}",
    }


def floor(value: Decimal) -> str:
    """At most two decimals, never more than the value."""
    return f"{value.quantize(Decimal('0.01'), ROUND_FLOOR).normalize():f}"


def _lasts(seconds: Decimal) -> str:
    """The time in whole minutes, a short one in seconds."""
    return format_duration(60 * round(seconds / 60) if seconds >= 600 else max(1, round(seconds)))


def kill_facts(
    *, experiment: str, variant: str, control: str, metric: str, margin: float, alpha: float, guardrails: Iterable[str]
) -> dict[str, str]:
    """What the text of ``ExperimentEarlyKill`` is filled with; ``guardrails`` are the SLOs for which it kills too."""
    burnt = " or ".join(guardrails)
    return {
        "experiment": experiment,
        "variant": variant,
        "control": control,
        "metric": metric,
        "margin": f"by more than {percent(margin)} % " if margin else "",
        "alpha": percent(alpha),
        "guardrails": f", or it alone burned the error budget of {burnt}" if burnt else "",
    }


def percent(share: float) -> str:
    """The share in percent, without the zeros of the arithmetic."""
    # By way of the decimal text: 0.07 * 100 is 7.000000000000001.
    return f"{(Decimal(repr(share)) * 100).normalize():f}"


def variant_kill_facts(variant: str, persona: str, judged: tuple[str, float, float] | None) -> dict[str, str]:
    """What the text of ``VariantEarlyKill`` says. ``judged`` is by which rule, expected ratio and alpha; None where
    winburn kills nothing itself."""
    facts = {"variant": variant, "persona": persona}
    if judged is None:
        return {**facts, "rule": "what judges it wrote down that it was killed."}
    rule, ratio, alpha = judged
    if rule == "threshold":
        why = "its engagement fell below the threshold of its monitoring session. This rule has no error rate."
        return {**facts, "rule": why}
    why = (
        f"its engagement is below {percent(ratio)} % of what was predicted. Of variants that are not, at most "
        f"{percent(alpha)} % are ever killed by winburn, however often one looks."
    )
    return {**facts, "rule": why}
