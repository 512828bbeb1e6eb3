"""Template variables: what a reader can choose."""

from __future__ import annotations

from grafanalib import core

from exporter.contract import DATASOURCE_UIDS, Regex, select

DATASOURCE_NAME = "Prometheus (winburn)"

ON_TIME_RANGE = 2
"""Ask again whenever the time range moves, which every refresh does: new SLOs and experiments appear by themselves."""


def datasource() -> core.Template:
    """The Prometheus to ask; ours unless the reader has another."""
    template = core.Template(name="datasource", label="Data source", query="prometheus", type="datasource")
    template._current = {
        "selected": True,
        "text": DATASOURCE_NAME,
        "value": DATASOURCE_UIDS["prometheus"],
    }
    return template


def choice(
    name: str,
    label: str,
    selector: str,
    of: str,
    *,
    all_value: str | None = None,
    all_at_first: bool = True,
    multi: bool = True,
) -> core.Template:
    """Several values of the label ``of`` of a series, All at first; or else there is no All, and the first one is.
    Without ``multi`` one value only.

    ``all_value`` is the pattern that All stands for. Without it All is the list of the values, which a variable needs
    whose values depend on another's.
    """
    return core.Template(
        name=name,
        label=label,
        query=f"label_values({selector}, {of})",
        dataSource={"type": "prometheus", "uid": "${datasource}"},
        includeAll=all_at_first,
        multi=multi,
        allValue=all_value,
        refresh=ON_TIME_RANGE,
        sort=core.SORT_ALPHA_ASC,
    )


def slo_variables(
    *, all_at_first: bool = True, category: str | None = None, team: str | None = None
) -> list[core.Template]:
    """Category and team, then the services that have them, then their SLOs, then the groups of these.

    A ``category`` or ``team`` that is given is no choice but fixed. ``team`` is a label of the spec, which not every
    spec has: all teams are ``.*``, which matches SLOs without, too. All groups are ``.*``, which SLOs without groups
    match, too; the list of the groups would leave them out.
    """
    of_category: dict[str, str] = {"category": Regex("$category") if category is None else category}
    of_both = of_category | {"team": Regex("$team") if team is None else team}
    slos = select("slo_info", slo_service=Regex("$service"), **of_both)
    return [
        *([choice("category", "Category", select("slo_info"), "category", all_value=".*")] if category is None else ()),
        *([choice("team", "Team", select("slo_info", **of_category), "team", all_value=".*")] if team is None else ()),
        choice("service", "Service", select("slo_info", **of_both), "slo_service", all_value=".*"),
        choice("slo", "SLO", slos, "slo", all_at_first=all_at_first),
        choice("slo_group", "Group", select("slo_info", slo=Regex("$slo")), "slo_group", all_value=".*"),
    ]


def one_experiment_variables() -> list[core.Template]:
    """One experiment, its metrics, and the variants that have a panel of their own.

    The last ones leave control out, which has no interval against itself.
    """
    results = select("experiment_variant_metric_value", experiment=Regex("$experiment"))
    compared = select("experiment_variant_beats_control_ratio", experiment=Regex("$experiment"))
    return [
        choice("experiment", "Experiment", select("experiment_info"), "experiment", all_at_first=False, multi=False),
        choice("metric", "Metric", results, "metric", all_value=".*"),
        choice("variant", "Intervals of", compared, "variant"),
    ]


def experiment_variables() -> list[core.Template]:
    """Experiment, then the metrics that it has."""
    results = select("experiment_variant_metric_value", experiment=Regex("$experiment"))
    return [
        choice("experiment", "Experiment", select("experiment_info"), "experiment", all_value=".*"),
        choice("metric", "Metric", results, "metric", all_value=".*"),
    ]


def persona_variable() -> core.Template:
    """Whose content; all of them are ``.*``, which content without a persona matches, too."""
    return choice("persona", "Persona", select("variant_impressions"), "persona", all_value=".*")
