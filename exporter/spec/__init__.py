"""YAML to strict, frozen models, with every error at once."""

from exporter.spec.alerting_models import Alerting, Receiver
from exporter.spec.engagement_models import Engagement, Fatigue, OwnTables, VariantKill
from exporter.spec.errors import SpecError, SpecErrors
from exporter.spec.experiment_models import CsvCounts, EarlyKill, Experiment, Metric, PrometheusCounts
from exporter.spec.lint import lint
from exporter.spec.load import load, load_text
from exporter.spec.mask import masked, masked_url, masked_webhook
from exporter.spec.models import Limits, Links, Spec, StateStore
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
from exporter.spec.source_models import FileSource, PrometheusSource, Source, SqlSource
from exporter.spec.tiers import tiers_in_force, windows_of

__all__ = [
    "Alerting",
    "Calendar",
    "Component",
    "Correction",
    "CsvCounts",
    "CsvSlots",
    "EarlyKill",
    "Engagement",
    "Experiment",
    "Fatigue",
    "FileSource",
    "Latency",
    "Limits",
    "Links",
    "Metric",
    "OwnTables",
    "OwnTier",
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
    "VariantKill",
    "json_schema",
    "lint",
    "load",
    "load_text",
    "masked",
    "masked_url",
    "masked_webhook",
    "read_secret",
    "source_url",
    "tiers_in_force",
    "windows_of",
]
