"""Grafana dashboards as code: spec and contract in, JSON and provisioning files out."""

from __future__ import annotations

from dashboards import experiment_detail, experiments, health, own, slo_detail, slo_overview, variants_live
from dashboards.common import render
from dashboards.config_maps import config_maps
from dashboards.facts import facts
from dashboards.provisioning import Addresses, provisioning
from exporter.contract import DASHBOARD_UIDS
from exporter.spec import Spec

__all__ = ["Addresses", "config_maps", "generate"]

_DASHBOARDS = (
    slo_overview.build,
    slo_detail.build,
    experiments.build,
    experiment_detail.build,
    variants_live.build,
    health.build,
)


def generate(spec: Spec, addresses: Addresses | None = None) -> dict[str, str]:
    """File name -> text of every dashboard and provisioning file, sorted by name; the same bytes for the same spec.

    Of the spec only these matter: ``refresh`` (the finest step of graphs), ``max_age`` (when data counts as stale), the
    most common SLO period and experiment alpha (lines in graphs), ``links``, ``dashboards``, and whether there is a
    ``live.grafana`` and a ``tenant``. SLOs and
    experiments are not written in: the dashboards find them by themselves.
    """
    known = facts(spec)
    files = provisioning(known, addresses or Addresses())
    for build in _DASHBOARDS:
        definition = build(known)
        files[f"dashboards/{DASHBOARD_UIDS[definition.key]}.json"] = render(definition, known)
    for each in spec.dashboards:
        definition = own.build(each, known)
        files[f"dashboards/{definition.uid}.json"] = render(definition, known)
    return dict(sorted(files.items()))
