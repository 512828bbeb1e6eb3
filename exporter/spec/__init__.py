"""YAML to strict, frozen models, with every error at once."""

from exporter.spec.alerting_models import Alerting, Receiver
from exporter.spec.engagement_models import Engagement, Fatigue, OwnTables, VariantKill
from exporter.spec.errors import SpecError, SpecErrors
from exporter.spec.experiment_models import (
    Cost,
    CsvCounts,
    EarlyKill,
    Experiment,
    Guardrail,
    JsonCounts,
    JsonDefinition,
    JsonShares,
    Metric,
    PrometheusCost,
    PrometheusCounts,
    Value,
)
from exporter.spec.kinds import KINDS, Kind
from exporter.spec.lint import lint
from exporter.spec.live_models import GrafanaLive, Live
from exporter.spec.load import load, load_text
from exporter.spec.mask import masked, masked_url, masked_webhook
from exporter.spec.models import Limits, Links, Spec, StateStore
from exporter.spec.native import is_native, unsaid_corrections
from exporter.spec.recurrence import recurrences
from exporter.spec.schema import json_schema
from exporter.spec.secrets import SecretError, read_secret, source_url
from exporter.spec.slo_models import (
    Calendar,
    Component,
    Correction,
    CsvSlots,
    Latency,
    OwnTier,
    Sli,
    Slices,
    Slo,
    SloAlerting,
)
from exporter.spec.source_models import FileSource, HttpSource, Pages, PrometheusSource, Source, SqlSource
from exporter.spec.tiers import tiers_in_force, windows_of

__all__ = [
    "KINDS",
    "Alerting",
    "Calendar",
    "Component",
    "Correction",
    "Cost",
    "CsvCounts",
    "CsvSlots",
    "EarlyKill",
    "Engagement",
    "Experiment",
    "Fatigue",
    "FileSource",
    "GrafanaLive",
    "Guardrail",
    "HttpSource",
    "JsonCounts",
    "JsonDefinition",
    "JsonShares",
    "Kind",
    "Latency",
    "Limits",
    "Links",
    "Live",
    "Metric",
    "OwnTables",
    "OwnTier",
    "Pages",
    "PrometheusCost",
    "PrometheusCounts",
    "PrometheusSource",
    "Receiver",
    "SecretError",
    "Sli",
    "Slices",
    "Slo",
    "SloAlerting",
    "Source",
    "Spec",
    "SpecError",
    "SpecErrors",
    "SqlSource",
    "StateStore",
    "Value",
    "VariantKill",
    "is_native",
    "json_schema",
    "lint",
    "load",
    "load_text",
    "masked",
    "masked_url",
    "masked_webhook",
    "read_secret",
    "recurrences",
    "source_url",
    "tiers_in_force",
    "unsaid_corrections",
    "windows_of",
]
