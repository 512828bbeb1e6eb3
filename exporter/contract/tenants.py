"""The tenant: a label on every series and alert of a spec that names one, so that several may share a Prometheus."""

from __future__ import annotations

import re

from exporter.contract.sample import FAMILIES

TENANT = "tenant"

_RECORDED = re.compile(r"slo:sli_(total|bad|bad_chance):(rate5m|increase\w+)")
_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


def is_of_tenant(name: str) -> bool:
    """Whether the series of this name carry the tenant: what the exporter serves of its own, what generated rules
    record, and what Prometheus says of alerts."""
    return (
        name in FAMILIES
        or name in _ALERTS
        or name.startswith("winburn_")  # the histogram of latencies is in no table: the client library renders it
        or _RECORDED.fullmatch(name) is not None
    )


def of_tenant(tenant: str) -> str:
    """The matcher of one tenant's series."""
    return f'{TENANT}="{tenant}"'
