"""The spec's shape: strict, frozen models. After validation nothing downstream has to check anything again.

Keys that DESIGN names and this version does not carry out are listed in ``NOT_YET`` beside each model and refused by
name: a setting that is silently ignored is worse than one that is missing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from exporter.spec.alerting_models import Alerting
from exporter.spec.base import Model
from exporter.spec.dashboard_models import OwnDashboard
from exporter.spec.engagement_models import Engagement
from exporter.spec.experiment_models import Experiment
from exporter.spec.live_models import Live
from exporter.spec.slo_models import Slo
from exporter.spec.source_models import Source
from exporter.spec.types import Count, Delay, Duration, Name, Text

DURATIONS = frozenset(
    {
        "conversion_lag",
        "duration",
        "every",
        "horizon",
        "keep_ended",
        "lag",
        "long",
        "max_age",
        "period",
        "refresh",
        "short",
        "slice",
        "stalled_after",
        "timeout",
        "window",
    }
)
"""The keys that hold a duration, in whatever model."""


class Links(Model):
    """Where people look things up: base addresses for the links in alerts."""

    grafana: Text = "http://localhost:3000"
    """Address of Grafana."""
    runbooks: Text = "deploy/runbooks"
    """Address below which the runbooks are."""
    alertmanager: Text = "http://localhost:9093"
    """Address of Alertmanager's page, where people silence; the first of alerting.alertmanager if not given."""


class Limits(Model):
    """Caps that keep one selector from costing everybody."""

    groups: Annotated[Count, Field(ge=1, le=10_000)] = 50
    """Groups of one SLO that are shown; the worst ones stay."""
    labels: Annotated[Count, Field(ge=1, le=100_000)] = 1000
    """Series of one family of content variants that are shown; the newest ones stay."""
    series: Annotated[Count, Field(ge=1, le=1_000_000)] = 5000
    """Series of one selector above which sums are asked for."""


class StateStore(Model):
    """The database for what must survive a restart."""

    url: Text | None = None
    """SQLAlchemy URL of SQLite or PostgreSQL."""
    url_file: Text | None = None
    """File that holds the URL, where it carries a password."""


class Spec(Model):
    """Everything: one YAML file, or a folder of them merged."""

    refresh: Duration = 15.0
    """How often everything is computed; divides 5m."""
    lag: Delay = 20.0
    """How far behind the clock is evaluated: a scrape interval and a little more."""
    max_age: Duration | None = None
    """How long the last values of something that fails are served; 3 refreshes, at least 1m, if not given."""
    tenant: Name | None = None
    """Label of every series and alert, where several specs share a Prometheus."""
    limits: Limits = Limits()
    """Caps."""
    sources: dict[Name, Annotated[Source, Field(discriminator="type")]] = {}
    """Name -> where data come from."""
    slos: tuple[Slo, ...] = ()
    """Service level objectives."""
    experiments: tuple[Experiment, ...] = ()
    """Experiments."""
    engagement: Engagement | None = None
    """Content variants."""
    alerting: Alerting = Alerting()
    """Where alerts go."""
    live: Live = Live()
    """Who is told of every refresh."""
    dashboards: tuple[OwnDashboard, ...] = ()
    """Pages of one's own beside the generated ones."""
    links: Links = Links()
    """Addresses for the links in alerts."""
    state: StateStore = StateStore(url="sqlite:///winburn-state.db")
    """What must survive a restart."""

    @property
    def keep_seconds(self) -> float:
        """How long a failing entity's last series are served: ``max_age``, else 3 refreshes, at least 60 s."""
        return self.max_age if self.max_age is not None else max(3 * self.refresh, 60.0)
