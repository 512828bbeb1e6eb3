"""The spec's shape: who else is told of every refresh at once."""

from __future__ import annotations

from exporter.spec.base import Model
from exporter.spec.types import Text


class GrafanaLive(Model):
    """A Grafana that every refresh is pushed to, for panels that follow it without asking Prometheus."""

    url: Text
    """Address of Grafana, like http://localhost:3000."""
    token_file: Text
    """File that holds the token of a service account that may push (role Editor); read again for every push."""


class Live(Model):
    """What is pushed at every refresh."""

    grafana: GrafanaLive | None = None
    """Push to Grafana Live; off if not given."""
