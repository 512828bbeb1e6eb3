"""The fast paths: what cannot wait for a scrape is told to Alertmanager and to Grafana Live from each snapshot."""

from exporter.notify.alertmanager import AlertmanagerTarget
from exporter.notify.firing import KilledAt, watch
from exporter.notify.grafana import GrafanaTarget
from exporter.notify.leases import Pace, pace
from exporter.notify.pusher import Counts, Pusher, PushError

__all__ = [
    "AlertmanagerTarget",
    "Counts",
    "GrafanaTarget",
    "KilledAt",
    "Pace",
    "PushError",
    "Pusher",
    "pace",
    "watch",
]
