"""Warnings about receivers and routes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exporter.spec.alerting_models import Alerting, Receiver
from exporter.spec.mask import has_password
from exporter.spec.models import Spec

SINCE: dict[str, tuple[int, int]] = {"webhook_file": (0, 26), "teams": (0, 28)}
"""Key of a receiver -> the first Alertmanager that can do it; the others can be done by 0.25, the oldest supported."""


def too_old_for(alerting: Alerting, key: str) -> bool:
    """Whether the version that the spec names is too old for a key of a receiver; False where it names none."""
    if alerting.alertmanager_version is None or key not in SINCE:
        return False
    major, minor, *_ = alerting.alertmanager_version.split(".")
    return (int(major), int(minor)) < SINCE[key]


def lint_alerting(spec: Spec) -> Iterator[str]:
    """One sentence for each warning, in the order of the spec."""
    alerting = spec.alerting
    for role, receiver in alerting.receivers.items():
        yield from _receiver(receiver, f"alerting.receivers.{role}", alerting)
    for route in alerting.routes:
        path = f"alerting.routes[{route.name}]"
        for human, receiver in route.receivers.items():
            yield from _receiver(receiver, f"{path}.receivers.{human}", alerting)
        if not any(route.match.items() <= labels.items() for labels in _labels(spec)):
            yield f"{path}.match: no SLO and no experiment has these labels, so nothing takes this route"
    for mute in alerting.mute:
        if "page" in mute.roles:
            yield f"alerting.mute[{mute.name}]: pages are muted too; who is told of an outage at that time?"


def _labels(spec: Spec) -> Iterator[dict[str, str]]:
    """Labels of each entity, those by which it is grouped with every value that a route asks for."""
    wanted = [pair for route in spec.alerting.routes for pair in route.match.items()]
    for slo in spec.slos:
        for route in spec.alerting.routes:
            grouped = {name: value for name, value in route.match.items() if name in slo.group_by}
            yield {**slo.labels, **grouped}
    yield from (dict(experiment.labels) for experiment in spec.experiments if wanted)


def _receiver(receiver: Receiver, path: str, alerting: Alerting) -> Iterator[str]:
    if receiver.webhook is not None and _looks_like_token(receiver.webhook):
        yield f"{path}.webhook: it seems to hold a secret; put it into a file: webhook_file"
    for key, (major, minor) in SINCE.items():
        if getattr(receiver, key) is None:
            continue
        if too_old_for(alerting, key):
            yield (
                f"{path}.{key}: Alertmanager {alerting.alertmanager_version} cannot do this, {major}.{minor} and later "
                "can; it is left out"
            )
        elif alerting.alertmanager_version is None:
            yield (
                f"{path}.{key}: needs Alertmanager {major}.{minor} or later, an older one refuses the whole file; name "
                "yours in alerting.alertmanager_version"
            )


def _looks_like_token(url: str) -> bool:
    """A piece of the address that no person would choose: 16 and more letters and digits in a row, both among them."""
    pieces = re.findall(r"[A-Za-z0-9]{16,}", url.partition("://")[2].partition("/")[2])
    return has_password(url) or any(re.search("[0-9]", piece) and re.search("[A-Za-z]", piece) for piece in pieces)
