"""reference/metrics.md: every family of the contract."""

from __future__ import annotations

from docs._generate.text import code, prose, table
from exporter.contract import FAMILIES, HEALTH, PROCESS_SERIES, Family
from exporter.contract.engagement import ENGAGEMENT_FAMILIES
from exporter.contract.experiment import EXPERIMENT_FAMILIES
from exporter.contract.health import HEALTH_FAMILIES
from exporter.contract.slo import SLO_FAMILIES
from exporter.windows import WINDOWS

_ROOMS = (
    ("SLOs", SLO_FAMILIES),
    ("Experiments", EXPERIMENT_FAMILIES),
    ("Content variants", ENGAGEMENT_FAMILIES),
    ("winburn itself", HEALTH_FAMILIES),
)

_HEAD = """\
# Metrics

Every family that winburn can export. An undefined answer is an absent series, never 0 or NaN. Base units; shares are
between 0 and 1. A source that fails keeps its series until `max_age`, then they vanish; families marked *stays* do not.
Families marked *health* are served even where nothing else is, because the last refresh is too long ago.

"""


def page() -> str:
    """The page."""
    windows = ", ".join(code(name) for name in (*WINDOWS, "period"))
    parts = [_HEAD, f"Values of the label `window`: {windows}; those longer than the SLO's period are left out.\n"]
    named: set[str] = set()
    for title, families in _ROOMS:
        parts.append(f"\n## {title}\n")
        parts += [_family(family) for family in families if family.name in FAMILIES]
        named |= {family.name for family in families}
    parts += [_family(family) for name, family in FAMILIES.items() if name not in named]
    return "".join([*parts, _process()])


def _family(family: Family) -> str:
    labels = [code(label) for label in family.labels]
    labels += [f"{code(label)} (where there is one)" for label in family.optional_labels]
    labels += ["the labels that the spec gives"] if family.open else []
    marks = (", *stays*" if family.stays else "") + (", *health*" if family.name in HEALTH else "")
    head = f"\n### {family.name}\n\n{family.type}{marks}"
    return f"{head}; labels: {', '.join(labels) or 'none'}\n\n{prose(family.help)}\n"


def _process() -> str:
    rows = [(code(name),) for name in sorted(PROCESS_SERIES)]
    return (
        "\n### winburn_event_latency_seconds\n\nhistogram, *health*; labels: none\n\n"
        "Time from a change in a source to the snapshot that has it, by commits that were seen.\n"
        "\n## The process\n\nMade by prometheus-client's own collectors; *health*.\n\n" + table(("family",), rows)
    )
