"""From a spec to those who are told of every snapshot at once."""

from __future__ import annotations

from exporter.access import access_of
from exporter.alert_texts import rule_interval
from exporter.notify import AlertmanagerTarget, Counts, GrafanaTarget, KilledAt, Pusher, pace, watch
from exporter.notify.grafana import LEAST_SECONDS
from exporter.spec import Spec


def pushers(spec: Spec, killed_at: KilledAt, counts: Counts) -> list[Pusher]:
    """One for each Alertmanager where ``alerting.push`` is on, and one for Grafana Live; they start with the first
    snapshot that is published to them."""
    found: list[Pusher] = []
    if spec.alerting.push:
        firing, rhythm = watch(spec, killed_at), pace(rule_interval(spec.refresh))
        addresses, access = dict.fromkeys(spec.alerting.alertmanager), access_of(spec.alerting.alertmanager_http)
        found += [Pusher(AlertmanagerTarget(url, firing, pace=rhythm, access=access), counts) for url in addresses]
    if (grafana := spec.live.grafana) is not None:
        found.append(Pusher(GrafanaTarget(grafana.url, grafana.token_file), counts, least=LEAST_SECONDS))
    return found
