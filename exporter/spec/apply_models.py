"""The spec's shape: what is done to the outside when an experiment kills, ships or wants other weights."""

from __future__ import annotations

from exporter.spec.base import Model
from exporter.spec.types import Duration, Name, Text


class ApplySql(Model):
    """One statement, in a transaction of its own."""

    source: Name
    """Name of a source of type sql; its user must be allowed to write there."""
    statement: Text
    """May name :experiment, :variant, :action, :reason, :at (Unix seconds) and, for weights, :weight."""


class ApplyWebhook(Model):
    """A signed POST of JSON."""

    url: Text | None = None
    """Address that it is posted to."""
    url_file: Text | None = None
    """File that holds the address, where it carries a token."""
    secret_file: Text
    """File that holds the secret of the signature; read again for every request."""
    timeout: Duration = 10.0
    """How long an answer may take."""


class ApplyTarget(Model):
    """Where it is done: exactly one of the two."""

    sql: ApplySql | None = None
    """By a statement in a database."""
    webhook: ApplyWebhook | None = None
    """By a request to a program of yours."""


class Apply(Model):
    """What is done to the outside, once for each occasion; what is not given is not done."""

    kill: ApplyTarget | None = None
    """When a variant is killed."""
    ship: ApplyTarget | None = None
    """When a variant is recommended to be shipped."""
    weights: ApplyTarget | None = None
    """When other traffic weights are recommended: once for each variant."""


class VariantApply(Model):
    """What is done to the outside about content variants."""

    kill: ApplyTarget
    """When a variant is killed; a statement may name :variant, :persona, :action, :reason and :at."""
