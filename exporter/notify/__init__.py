"""The fast paths: what cannot wait for a scrape is told to Alertmanager and to Grafana Live from each snapshot."""

from exporter.notify.alertmanager import AlertmanagerTarget
from exporter.notify.grafana import GrafanaTarget
from exporter.notify.kills import KilledAt
from exporter.notify.leases import Pace, pace
from exporter.notify.pusher import Counts, Pusher, PushError
from exporter.notify.watch import watch

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
