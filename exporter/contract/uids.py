"""Grafana uids. They are for ever: links in alerts, chats and runbooks point at them."""

DASHBOARD_UIDS: dict[str, str] = {
    "slo-overview": "winburn-slo-overview",
    "slo-detail": "winburn-slo-detail",
    "experiments": "winburn-experiments",
    "experiment-detail": "winburn-experiment-detail",
    "variants-live": "winburn-variants-live",
    "health": "winburn-health",
}

DATASOURCE_UIDS: dict[str, str] = {"prometheus": "winburn-prometheus", "alertmanager": "winburn-alertmanager"}
