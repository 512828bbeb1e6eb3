"""Series that generated recording rules make from raw counters: what burn alerts use while the exporter is gone.

Names follow Prometheus' level:metric:operations. They carry slo and, where the SLO is grouped, slo_group; nothing else.
"""

from __future__ import annotations

import json

_QUOTE = json.JSONEncoder(ensure_ascii=False).encode

ROLES = ("total", "bad")


def rate_name(role: str) -> str:
    """Events per second over the last 5 minutes; role ``total`` or ``bad``."""
    return f"slo:sli_{role}:rate5m"


def increase_name(role: str, window: str) -> str:
    """Events in a window."""
    return f"slo:sli_{role}:increase{window}"


def chance_name(window: str) -> str:
    """As many bad events in a window as may still be chance: the low-traffic gate asks for more."""
    return f"slo:sli_bad_chance:increase{window}"


def of_slo(name: str, slo: str) -> str:
    """The selector of a recorded series."""
    return f"{name}{{slo={_QUOTE(slo)}}}"
