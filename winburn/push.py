"""From a spec to those who are told of every snapshot at once."""

from __future__ import annotations

from collections.abc import Callable

from exporter.access import access_of
from exporter.alert_texts import rule_interval
from exporter.notify import AlertmanagerTarget, Counts, GrafanaTarget, KilledAt, Pusher, pace, watch
from exporter.notify.firing import Firing
from exporter.notify.grafana import LEAST_SECONDS
from exporter.snapshot import Snapshot
from exporter.spec import Spec

Key = tuple[object, ...]


class Push:
    """One pusher for each Alertmanager where ``alerting.push`` is on, and one for Grafana Live; they start with the
    first snapshot. ``killed_at`` says when a variant was killed."""

    def __init__(self, killed_at: KilledAt) -> None:
        self.counts = Counts()
        self._killed_at = killed_at
        self._watch: Callable[[Snapshot], list[Firing]] = lambda _: []
        self._pushers: dict[Key, Pusher] = {}

    @property
    def pushers(self) -> list[Pusher]:
        """Those of the present spec."""
        return list(self._pushers.values())

    def follow(self, spec: Spec) -> None:
        """Tell those that this spec names what fires by it. One that is told as before goes on, with what it knows of
        alerts that it has to end; one that is not named any more is told nothing: what it was told runs out."""
        self._watch = watch(spec, self._killed_at)
        wanted = self._wanted(spec)
        for key in [key for key in self._pushers if key not in wanted]:
            gone = self._pushers.pop(key)
            gone.close()
            self.counts.forget(gone.name)
        for key, make in wanted.items():
            if key not in self._pushers:
                self._pushers[key] = make()

    def publish(self, snapshot: Snapshot) -> None:
        """Tell all of them, without waiting for any."""
        for pusher in self.pushers:
            pusher.publish(snapshot)

    def _firing(self, snapshot: Snapshot) -> list[Firing]:
        return self._watch(snapshot)

    def _wanted(self, spec: Spec) -> dict[Key, Callable[[], Pusher]]:
        found: dict[Key, Callable[[], Pusher]] = {}
        if spec.alerting.push:
            rhythm, http = pace(rule_interval(spec.refresh)), spec.alerting.alertmanager_http
            access = access_of(http)
            for url in spec.alerting.alertmanager:
                found[url, rhythm, http.model_dump_json()] = lambda url=url: Pusher(  # type: ignore[misc]
                    AlertmanagerTarget(url, self._firing, pace=rhythm, access=access), self.counts
                )
        if (grafana := spec.live.grafana) is not None:
            found[grafana.url, grafana.token_file] = lambda: Pusher(
                GrafanaTarget(grafana.url, grafana.token_file), self.counts, least=LEAST_SECONDS
            )
        return found
