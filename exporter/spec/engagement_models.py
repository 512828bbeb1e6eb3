"""The spec's shape: content variants."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from exporter.spec.apply_models import VariantApply
from exporter.spec.base import Model
from exporter.spec.types import Alpha, Count, Delay, Duration, Name, Text, Weight


class OwnTables(Model):
    """Queries of one's own, where the database has another shape than ``threads``. Each may name :at and :since.

    Times are Unix seconds or dates; columns in brackets may be left out.
    """

    variants: Text
    """Returns variant, impressions, interactions [, persona, pattern, predicted, posted_at, status]."""
    uses: Text | None = None
    """Returns pattern, used_at [, persona, uses, exposures, events]: one row per use, or per day."""
    sessions: Text | None = None
    """Returns variant, started_at, expected [, persona, kill_threshold, min_interactions, timeout_minutes, active,
    killed, ended_at]."""
    kills: Text | None = None
    """Returns variant, killed_at [, persona, reason, posted_at]."""


def _kind_of_tables(value: Any) -> str:
    return "named" if isinstance(value, str | None) else "own"


Tables = Annotated[
    Annotated[Literal["threads"], Tag("named")] | Annotated[OwnTables, Tag("own")], Discriminator(_kind_of_tables)
]
"""Told apart before they are read, so that a mistake in one is not reported as one in the other too."""


class VariantKill(Model):
    """Kill a variant once its rate is below ``expected_ratio`` of what was predicted.

    - ``evidence``: at a false-kill rate of ``alpha``, however often one looks;
    - ``threshold``: by the thresholds of each monitoring session, as the superseded system did; no error rate.
    """

    rule: Literal["evidence", "threshold"] = "evidence"
    """What decides."""
    expected_ratio: Annotated[Weight, Field(le=1)] = 0.5
    """Share of the predicted rate that is still acceptable."""
    alpha: Alpha = 0.01
    """evidence: largest probability of killing a variant that is good enough."""
    lag: Delay = 120.0
    """evidence: how long interactions usually come after their views; only views older than twice that count."""
    min_views: Annotated[Count, Field(ge=1)] = 100
    """evidence: views that must count before a variant is judged."""


class Fatigue(Model):
    """When a content pattern is worn out: by its uses, or by a falling rate."""

    window: Duration = 604_800.0
    """Uses in this long count."""
    max_uses: Annotated[Count, Field(ge=1, le=1000)] = 3
    """Uses in the window from which a pattern is fatigued."""
    alpha: Alpha = 0.05
    """Error rate of a falling trend."""
    baseline: Alpha | None = None
    """A rate that is contracted: a drop below it is looked for too."""


class Engagement(Model):
    """Content variants: engagement against prediction, early kill, fatigue, suggestions."""

    source: Name
    """Name of the source that is asked; of type sql."""
    tables: Tables = "threads"
    """``threads``, the schema of that name, or queries of one's own."""
    early_kill: VariantKill | None = VariantKill()
    """When a variant is killed early; null: never."""
    fatigue: Fatigue = Fatigue()
    """When a pattern is worn out."""
    apply: VariantApply | None = None
    """What is done to the outside when a variant is killed; nothing, if not given."""
