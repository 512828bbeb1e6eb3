"""Who has acknowledged which alert: silences of Alertmanager that cover alerts that fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from exporter.contract import Report, Sample, sample
from exporter.sources.base import SourceError, shortened

_ENTITY = "acknowledgements"


class Alertmanager(Protocol):
    """One Alertmanager that can be asked."""

    name: str

    def acknowledged(self) -> Sequence[tuple[Mapping[str, str], float, str]]:
        """Labels of each alert that fires and is silenced, until when (Unix time), and by whom; else SourceError."""
        ...


class AcknowledgementCollector:
    """Asks every Alertmanager. In a cluster all say the same, so one that answers is enough for the samples, while each
    that fails is reported.

    ``identities`` gives for each alert of ours the labels that name what is broken; others' alerts are passed over.
    What one alert's tiers say is one acknowledgement, the one that lasts longest.
    """

    name = "alertmanager"

    def __init__(self, alertmanagers: Sequence[Alertmanager], identities: Mapping[str, Sequence[str]]) -> None:
        self._alertmanagers, self._identities = alertmanagers, identities

    def collect(self, at: float) -> list[Report]:  # noqa: ARG002 - Alertmanager knows now only
        """See :class:`exporter.contract.Collector`."""
        latest: dict[tuple[tuple[str, str], ...], tuple[float, str]] = {}
        failed = []
        for alertmanager in self._alertmanagers:
            try:
                found = alertmanager.acknowledged()
            except SourceError as error:
                failed.append(Report(alertmanager.name, error=str(error)))
                continue
            for labels, until, by in found:
                if (key := self._key(labels)) is not None:
                    latest[key] = max(latest.get(key, (0.0, "")), (until, by))
        if failed and len(failed) == len(self._alertmanagers):
            return [*failed, Report(_ENTITY, error="no Alertmanager answers")]
        return [*failed, Report(_ENTITY, tuple(_sample(key, *latest[key]) for key in sorted(latest)))]

    def _key(self, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...] | None:
        """Name and identity of one of our alerts."""
        name = labels.get("alertname", "")
        identity = self._identities.get(name)
        if identity is None:
            return None
        return (("alertname", name), *((label, shortened(labels[label])) for label in identity if labels.get(label)))


def _sample(key: tuple[tuple[str, str], ...], until: float, by: str) -> Sample:
    return sample("alert_acknowledged_until_timestamp_seconds", until, **dict(key), acknowledged_by=shortened(by))
