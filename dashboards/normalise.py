"""One pass over grafanalib's JSON that turns it into what Grafana 11 and later write themselves."""

from __future__ import annotations

from typing import Any

from dashboards.fields import Json

SCHEMA_VERSION = 42
"""Classic schema of Grafana 12 and 13; 11.6 knows 41 and reads this too."""

DEAD_DASHBOARD_KEYS = frozenset({"__inputs", "gnetId", "hideControls", "id", "rows", "sharedCrosshair", "style"})
DEAD_PANEL_KEYS = frozenset(
    {"editable", "error", "height", "hideTimeOverride", "maxDataPoints", "minSpan", "span", "transparent"}
)
DEAD_TARGET_KEYS = frozenset({"hide", "intervalFactor", "metric", "query", "step", "target"})
DEAD_VARIABLE_KEYS = frozenset({"auto", "auto_count", "auto_min", "tagValuesQuery", "tagsQuery", "useTags"})

REFRESH_CHOICES = ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h"]

_ALL = {"selected": True, "text": ["All"], "value": ["$__all"]}
_BUILT_IN: Json = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}


def normalise(dashboard: Json) -> Json:
    """A new dashboard from grafanalib's, as plain JSON values; the input is left as it is."""
    mended = _without(dashboard, DEAD_DASHBOARD_KEYS) | {
        "annotations": {"list": [_BUILT_IN, *dashboard["annotations"]["list"]]},
        "editable": False,
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "panels": [_panel(panel) for panel in dashboard["panels"]],
        "preload": False,
        "schemaVersion": SCHEMA_VERSION,
        "templating": {"list": [_variable(variable) for variable in dashboard["templating"]["list"]]},
        "timepicker": {"refresh_intervals": REFRESH_CHOICES},
        "weekStart": "",
    }
    single = [each["name"] for each in dashboard["templating"]["list"] if each["type"] == "query" and _single(each)]
    pruned: Json = _exact(_prune(mended), single)
    return pruned


def _single(variable: Json) -> bool:
    return not variable["multi"] and not variable["includeAll"]


def _exact(value: Any, names: list[str]) -> Any:
    """Match variables of one value exactly.

    Grafana escapes patterns only in variables that can have several values, so ``a.b`` would choose ``axb``, too; and
    its format ``${...:regex}`` writes ``a\\.b``, which is no PromQL string.
    """
    if isinstance(value, dict):
        return {key: _exact(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item, names) for item in value]
    if isinstance(value, str):
        for name in names:
            value = value.replace(f'=~"${name}"', f'="${name}"').replace(f'=~"${name}|"', f'="${name}"')
    return value


def _panel(panel: Json) -> Json:
    mended = _without(panel, DEAD_PANEL_KEYS)
    mended["targets"] = [_target(target) for target in panel["targets"]]
    for key in ("targets", "transformations", "links"):
        if not mended[key]:
            del mended[key]
    defaults = mended["fieldConfig"]["defaults"]
    if not defaults["thresholds"]["steps"]:
        mended["fieldConfig"] = mended["fieldConfig"] | {"defaults": _without(defaults, frozenset({"thresholds"}))}
    return mended


def _target(target: Json) -> Json:
    """Instant and range are exclusive here; the editor wants both said. The data source is the panel's. What is no
    query for Prometheus is ours and stays as it is."""
    if "channel" in target:
        return target
    mended = _without(target, DEAD_TARGET_KEYS) | {
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "editorMode": "code",
        "legendFormat": target["legendFormat"] or "__auto",
        "range": not target["instant"],
    }
    return mended if mended["interval"] else _without(mended, frozenset({"interval"}))


def _variable(variable: Json) -> Json:
    mended = _without(variable, DEAD_VARIABLE_KEYS) | {"skipUrlSync": False, "options": []}
    if variable["type"] == "query":
        mended["definition"] = variable["query"]
        mended["query"] = {"query": variable["query"], "refId": f"Variable-{variable['name']}"}
    if variable["includeAll"]:
        mended["current"] = _ALL
    elif variable["type"] == "query":
        del mended["current"]  # Grafana then takes the first value there is
    return mended


def _without(values: Json, keys: frozenset[str]) -> Json:
    return {key: value for key, value in values.items() if key not in keys}


def _prune(value: Any) -> Any:
    """Drop keys whose value is None, which Grafana reads as absent; except in a threshold step (it has a colour),
    where null is minus infinity."""
    if isinstance(value, dict):
        keep = "value" if value.keys() == {"value", "color"} else None
        return {key: _prune(item) for key, item in value.items() if item is not None or key == keep}
    if isinstance(value, list | tuple):
        return [_prune(item) for item in value]
    return value
