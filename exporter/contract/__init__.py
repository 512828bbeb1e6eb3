"""The catalogue of every public series: one Family each, and the only ways to make a sample or a selector of one.

Rules, dashboards and collectors name series through :func:`sample` and :func:`select`, so a name or label that is not
in the catalogue is an error where it is written and not a panel that stays empty at three in the morning.
"""

from exporter.contract.family import ContractError, Family
from exporter.contract.health import LATENCY_SERIES, PROCESS_SERIES
from exporter.contract.report import Collector, PromptCollector, Report, WaitingCollector
from exporter.contract.sample import (
    E_VALUE_CAP,
    FAMILIES,
    HEALTH,
    Labels,
    Regex,
    Sample,
    family,
    forget_labels,
    known,
    label_pairs,
    labels_of,
    optional,
    sample,
    select,
)
from exporter.contract.tenants import TENANT, is_of_tenant, of_tenant
from exporter.contract.uids import DASHBOARD_UIDS, DATASOURCE_UIDS

__all__ = [
    "DASHBOARD_UIDS",
    "DATASOURCE_UIDS",
    "E_VALUE_CAP",
    "FAMILIES",
    "HEALTH",
    "LATENCY_SERIES",
    "PROCESS_SERIES",
    "TENANT",
    "Collector",
    "ContractError",
    "Family",
    "Labels",
    "PromptCollector",
    "Regex",
    "Report",
    "Sample",
    "WaitingCollector",
    "family",
    "forget_labels",
    "is_of_tenant",
    "known",
    "label_pairs",
    "labels_of",
    "of_tenant",
    "optional",
    "sample",
    "select",
]
