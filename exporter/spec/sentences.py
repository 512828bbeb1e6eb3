"""What pydantic found, in sentences for people: what is wrong, and what would be right."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import Tag, ValidationError
from pydantic_core import ErrorDetails

from exporter.spec.base import Model, fields_of
from exporter.spec.models import Spec
from exporter.spec.tree import Parts, Problem, did_you_mean, shown
from exporter.spec.types import found

EXAMPLES: Mapping[str, str] = {
    "Spec.tenant": "tenant: acme",
    "Cost.query": "query: SELECT variant, category, SUM(amount) AS amount FROM costs GROUP BY variant, category",
    "Apply.kill": 'kill: {sql: {source: shop, statement: "UPDATE …"}}',
    "Apply.ship": 'ship: {sql: {source: shop, statement: "UPDATE …"}}',
    "Apply.weights": 'weights: {sql: {source: shop, statement: "UPDATE …"}}',
    "ApplySql.source": "source: shop",
    "ApplyTarget.sql": 'sql: {source: shop, statement: "UPDATE …"}',
    "ApplyTarget.webhook": 'webhook: {url: "https://flags.example/hook", secret_file: /run/secrets/winburn-hook}',
    "CsvSlots.where": "where: {site: eu}",
    "HttpServer.headers": "headers: {X-Frame-Options: deny}",
    "HttpSource.url": 'url: "https://flags.example/api"',
    "JsonCounts.path": "path: /v1/experiments/exp_1/results",
    "JsonDefinition.path": "path: /v1/experiments/exp_1",
    "JsonShares.name": "name: variationId",
    "Engagement.early_kill": "early_kill: {rule: evidence, expected_ratio: 0.5, alpha: 0.01}, or null for never",
    "DashboardPanel.expr": "expr: sum(rate(http_requests_total[5m]))",
    "DashboardPanel.title": "title: Requests",
    "Engagement.source": "source: shop",
    "Experiment.name": "name: checkout-button",
    "GrafanaLive.token_file": "token_file: /run/secrets/grafana",
    "GrafanaLive.url": 'url: "http://localhost:3000"',
    "OwnDashboard.name": "name: payments-wall",
    "OwnDashboard.title": "title: Payments",
    "Metric.name": "name: conversion",
    "Metric.source": "source: shop",
    "OwnTier.name": "name: quick",
    "Sli.bool": 'bool: probe_success{job="probe"}',
    "Sli.csv": "csv: {time: time, total: total, bad: bad}",
    "Slices.slice": "slice: 1m",
    "Slo.alerting": "alerting: {page: [fast, medium], ticket: [slow, trickle]}",
    "SqlSource.url": 'url: "sqlite:///shop.db"',
    "StateStore.url": 'url: "sqlite:///winburn-state.db"',
    "VariantApply.kill": 'kill: {sql: {source: shop, statement: "UPDATE …"}}',
    "alertmanager": 'alertmanager: ["http://localhost:9093"]',
    "alerting": "alerting: {receivers: {page: {webhook_file: /run/secrets/pager}}}",
    "apply": 'apply: {kill: {sql: {source: shop, statement: "UPDATE …"}}}',
    "basic_auth": "basic_auth: {username: winburn, password_file: /run/secrets/prometheus}",
    "alertmanager_http": "alertmanager_http: {token_file: /run/secrets/alertmanager}",
    "ca_file": "ca_file: /etc/ssl/company-ca.pem",
    "password_file": "password_file: /run/secrets/prometheus",
    "params": 'params: {dedup: "true", partial_response: "false"}',
    "server_name": "server_name: prometheus.internal",
    "tls": "tls: {ca_file: /etc/ssl/company-ca.pem}",
    "username": "username: winburn",
    "by": "by: variant",
    "calendar": "calendar: month",
    "composite": "composite: [{slo: checkout, weight: 2}, {slo: search}]",
    "columns": "columns: {variant: variationId, n: users, successes: analyses[0].numerator}",
    "control": "control: blue",
    "cost": "cost: {source: shop, query: SELECT variant, category, SUM(amount) AS amount FROM costs GROUP BY 1, 2}",
    "corrections": "corrections: [{from: 2026-11-01T22:00:00Z, to: 2026-11-01T23:30:00Z, reason: failover drill}]",
    "csv": "csv: {variant: variant, n: n, successes: successes}",
    "currency": "currency: EUR",
    "dimensions": "dimensions: [country, device]",
    "guardrails": "guardrails: [{slo: checkout-availability, by: variant}]",
    "per_event": "per_event: 12.50",
    "spent": 'spent: cost_euros_total{experiment="checkout-button"}',
    "value": "value: {metric: conversion, per_event: 12.50, currency: EUR}",
    "definition": "definition: {source: flags, path: /v1/experiments/exp_1, item: experiment, status: status}",
    "direction": "direction: increase",
    "early_kill": "early_kill: {margin: 0.0, alpha: 0.01}",
    "engagement": "engagement: {source: shop, tables: threads}",
    "events": 'events: conversions_total{experiment="checkout-button"}',
    "experiments": "experiments: [{name: …, control: …, variants: …, metrics: …}]",
    "external_labels": "external_labels: {cluster: eu1}",
    "exposures": 'exposures: exposures_total{experiment="checkout-button"}',
    "fatigue": "fatigue: {window: 7d, max_uses: 3, alpha: 0.05}",
    "good_when": "good_when: max(queue_length) < 100",
    "grafana": 'grafana: {url: "http://localhost:3000", token_file: /run/secrets/grafana}',
    "group_by": "group_by: [zone]",
    "headers": "headers: {X-Scope-OrgID: team-a}",
    "histogram": 'histogram: http_request_duration_seconds{job="web"}',
    "item": "item: experiment",
    "journey": "journey: [search, checkout]",
    "json": "json: {path: /results, rows: variations, columns: {variant: key, n: users, successes: conversions}}",
    "kind": "kind: proportion",
    "labels": "labels: {team: payments}",
    "latency": "latency: {histogram: http_request_duration_seconds, threshold: 0.3}",
    "limits": "limits: {series: 5000}",
    "live": 'live: {grafana: {url: "http://localhost:3000", token_file: /run/secrets/grafana}}',
    "long": "long: 1h",
    "links": 'links: {grafana: "https://grafana.example", runbooks: "https://runbooks.example"}',
    "metrics": "metrics: [{name: conversion, kind: proportion, source: shop, query: …}]",
    "name": "name: checkout-availability",
    "names": "names: {var_1: blue, var_2: green}",
    "next": "next: nextOffset",
    "objective": "objective: 99.9",
    "page": "page: [fast, medium]",
    "pages": "pages: {next: nextOffset, parameter: offset}",
    "path": "path: checkpoints.csv",
    "period": "period: 30d",
    "prometheus": "prometheus: {exposures: …, events: …, by: variant}",
    "push": "push: true",
    "query": "query: SELECT variant, COUNT(*) AS n, SUM(converted) AS successes FROM visits GROUP BY variant",
    "ratio": "ratio: 1 - avg_over_time(probe_success[$window])",
    "reason": "reason: failover drill",
    "receivers": "receivers: {page: {webhook_file: /run/secrets/pager}}",
    "rows": "rows: results[0].metrics[0].variations",
    "rrule": "rrule: FREQ=WEEKLY;BYDAY=SU",
    "secret_file": "secret_file: /run/secrets/winburn-hook",
    "service": "service: checkout",
    "severity": "severity: page",
    "share": "share: weight",
    "short": "short: 5m",
    "slices": "slices: {good_when: max(queue_length) < 100, slice: 1m}",
    "slo": "slo: checkout",
    "sli": "sli: {source: prod, total: …, bad: …}",
    "slos": "slos: [{name: …, service: …, objective: 99.9, period: 30d, sli: …}]",
    "source": "source: prod",
    "sources": 'sources: {prod: {type: prometheus, url: "http://localhost:9090"}}',
    "state": 'state: {url: "sqlite:///winburn-state.db"}',
    "start": 'start: "02:00"',
    "statement": "statement: UPDATE variants SET status = 'killed' WHERE name = :variant",
    "threshold": "threshold: 0.3",
    "tiers": "tiers: [{name: quick, severity: page, long: 1h, short: 5m, factor: 14.4}]",
    "timezone": "timezone: Europe/Berlin",
    "tables": "tables: threads",
    "ticket": "ticket: [slow, trickle]",
    "type": "type: prometheus",
    "url": 'url: "http://localhost:9090"',
    "values": "values: {running: running, stopped: completed}",
    "OwnTables.variants": "variants: SELECT id AS variant, impressions, interactions FROM posts",
    "variants": "variants: {blue: 0.5, green: 0.5}",
    "where": "where: {experiment: checkout-button}",
    "alertmanager_version": 'alertmanager_version: "0.28"',
    "api_key_file": "api_key_file: /run/secrets/opsgenie",
    "api_url_file": "api_url_file: /run/secrets/slack",
    "channel": 'channel: "#payments-alerts"',
    "days": "days: [saturday, sunday]",
    "email": "email: {to: [oncall@example.org]}",
    "match": "match: {team: payments}",
    "mute": 'mute: [{name: nights, roles: [ticket], times: [{from: "22:00", to: "07:00"}], timezone: Europe/Berlin}]',
    "opsgenie": "opsgenie: {api_key_file: /run/secrets/opsgenie}",
    "pagerduty": "pagerduty: {routing_key_file: /run/secrets/pagerduty}",
    "roles": "roles: [ticket, experiment]",
    "routes": "routes: [{name: payments, match: {team: payments}, receivers: {page: {webhook_file: pager}}}]",
    "routing_key_file": "routing_key_file: /run/secrets/pagerduty",
    "slack": 'slack: {channel: "#payments-alerts", api_url_file: /run/secrets/slack}',
    "smarthost": "smarthost: smtp.example.org:587",
    "smtp": 'smtp: {smarthost: "smtp.example.org:587", from: winburn@example.org}',
    "Smtp.from": "from: winburn@example.org",
    "teams": "teams: {webhook_url_file: /run/secrets/teams}",
    "times": 'times: [{from: "22:00", to: "07:00"}]',
    "to": "to: [oncall@example.org]",
    "webhook_url_file": "webhook_url_file: /run/secrets/teams",
}
"""Key, or model and key -> a line that would be right, for the keys whose sentence does not say it already."""

_SECRET_KEYS = frozenset({"basic_auth", "basic_auth_users", "headers", "key", "params", "url", "webhook"})


class Place(NamedTuple):
    """Where an error is: path, the model that holds the key (or None), and the deepest value that may be left out.

    ``meant`` is the path of the key that an unknown one is perhaps a misspelling of."""

    parts: Parts
    model: type[Model] | None
    droppable: Parts
    meant: Parts | None = None


def problems_of(error: ValidationError, root: type[Model] = Spec) -> list[tuple[Problem, Place]]:
    """Each mistake with its place, in which :func:`locate` says what to leave out to check the rest nevertheless."""
    every = [(details, locate(details["loc"], root)) for details in error.errors(include_url=False)]
    around = {place.parts[:length] for _, place in every for length in range(len(place.parts))}
    # pydantic calls a list too short also where its items are there and mistaken.
    located = [(details, x) for details, x in every if details["type"] != "too_short" or x.parts not in around]
    located = [(details, place._replace(meant=_meant_parts(details, place))) for details, place in located]
    meant = {place.meant for _, place in located if place.meant}
    return [
        (_problem(details, place)._replace(explained=details["type"] == "missing" and place.parts in meant), place)
        for details, place in located
    ]


def locate(loc: Sequence[str | int], root: type[Model] = Spec) -> Place:
    """Follow pydantic's location through the models, leaving out the tags that it adds for unions and keys."""
    kind: Any = root
    parts: Parts = ()
    droppable: Parts = ()
    model: type[Model] | None = None
    for part in loc:
        if part == "[key]":
            continue
        kind = _bare(kind)
        if get_origin(kind) in {Union, types.UnionType}:
            kind = next(member for member in get_args(kind) if part in _tags(member))
            continue
        parts = (*parts, part)
        model = kind if isinstance(kind, type) and issubclass(kind, Model) else None
        if _droppable(kind, part, parts):
            droppable = parts
        kind = _step(kind, part)
    return Place(parts, model, droppable)


def _bare(kind: Any) -> Any:
    """Without Annotated and without ``| None``."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        members = [member for member in get_args(kind) if member is not type(None)]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _tags(member: Any) -> tuple[Any, ...]:
    """The parts of a location by which pydantic names one member of a union: its tags, or values of its key type."""
    tags = tuple(item.tag for item in getattr(member, "__metadata__", ()) if isinstance(item, Tag))
    return tags or get_args(_bare(member).model_fields["type"].annotation)


def _step(kind: Any, part: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, Model):
        field = fields_of(kind).get(str(part))
        return field.annotation if field else None
    arguments = get_args(kind)
    if get_origin(kind) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _droppable(kind: Any, part: str | int, parts: Parts) -> bool:
    if isinstance(kind, type) and issubclass(kind, Model):
        field = fields_of(kind).get(str(part))
        return field is None or not field.is_required()
    return get_origin(kind) is dict or len(parts) == 2


def _problem(details: ErrorDetails, place: Place) -> Problem:
    sentence = _SENTENCES.get(details["type"], _other)(details, place)
    on_key = details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
    return Problem(place.parts, sentence, on_key=on_key)


def _meant(details: ErrorDetails, place: Place) -> str | None:
    if details["type"] != "extra_forbidden" or place.model is None or str(place.parts[-1]) in place.model.NOT_YET:
        return None
    return did_you_mean(str(place.parts[-1]), fields_of(place.model))


def _meant_parts(details: ErrorDetails, place: Place) -> Parts | None:
    hint = _meant(details, place)
    return (*place.parts[:-1], hint) if hint else None


def _example(place: Place) -> str:
    key = place.parts[-1] if place.parts else None
    if len(place.parts) > 1 and place.parts[-2] == "receivers":
        return f", for instance {key}: {{webhook_file: /run/secrets/{key}}}"
    if isinstance(key, int) and (line := EXAMPLES.get(str(place.parts[-2]))):
        return f", for instance {line}"
    if place.model is None or not isinstance(key, str):
        return ""
    line = EXAMPLES.get(f"{place.model.__name__}.{key}", EXAMPLES.get(key))
    return f", for instance {line}" if line else ""


def _unknown(details: ErrorDetails, place: Place) -> str:
    key = str(place.parts[-1])
    if place.model and key in place.model.NOT_YET:
        return f"{key} is not supported yet ({place.model.NOT_YET[key]}); remove it"
    if hint := _meant(details, place):
        return f"unknown key {shown(key)}, did you mean {shown(hint)}?"
    known = ", ".join(sorted(fields_of(place.model))) if place.model else ""
    return f"unknown key {shown(key)}; known here: {known}"


def _missing(_details: ErrorDetails, place: Place) -> str:
    return f"the key {shown(place.parts[-1])} is required{_example(place) or '; add it'}"


def _literal(details: ErrorDetails, place: Place) -> str:
    value = details["input"]
    allowed = details["ctx"]["expected"].replace("'", "")
    hint = did_you_mean(value, allowed.replace(" or ", ", ").split(", ")) if isinstance(value, str) else None
    if details["loc"][-1] == "[key]":
        return f"unknown key {shown(value)}; known here: {allowed}" + (f"; did you mean {hint}?" if hint else "")
    later = place.model.NOT_YET_VALUES.get(str(place.parts[-1]), {}) if place.model else {}
    if isinstance(value, str) and value in later:
        return f"{shown(value)} is not supported yet ({later[value]}); write {allowed}"
    return f"{found(value)} is not one of the possible values: {allowed}" + (f"; did you mean {hint}?" if hint else "")


def _tag(details: ErrorDetails, _place: Place) -> str:
    allowed = "prometheus, sql, file or http"
    kind = details["input"].get("type") if isinstance(details["input"], dict) else None
    if details["type"] == "union_tag_not_found":
        return f"the key 'type' is required: {allowed}"
    hint = did_you_mean(kind, ("prometheus", "sql", "file", "http")) if isinstance(kind, str) else None
    return f"type {shown(kind)} is not one of {allowed}" + (f"; did you mean {hint}?" if hint else "")


def _wrong_kind(wanted: str) -> Callable[[ErrorDetails, Place], str]:
    def sentence(details: ErrorDetails, place: Place) -> str:
        value = details["input"]
        what = _seen(value, frozenset(map(str, place.parts)), section=wanted in {_MAPPING, _LIST})
        or_not = "; remove the key, or write one" if value is None else ""
        return f"{what} where {wanted} belongs{_way_out(value, wanted) or or_not + _example(place)}"

    return sentence


def _seen(value: Any, keys: frozenset[str], *, section: bool) -> str:
    """What was found, unless it may be a secret: logs of CI are read by many. ``section``: others belong below it."""
    if not isinstance(value, list | dict | None) and not _SECRET_KEYS.isdisjoint(keys):
        return "something else"
    if isinstance(value, str) and "://" in value:
        return "an address"
    # Where a key or the address of a webhook was pasted in place of the file that holds it, or of the whole section.
    hidden = "receivers" in keys or (section and "slos" not in keys)
    return "a text" if isinstance(value, str) and hidden else found(value)


def _way_out(value: Any, wanted: str) -> str | None:
    if value is None and wanted == _TEXT:
        return "; write something, or remove the key"
    if wanted == _TEXT and isinstance(value, bool | int | float):
        return "; put it in quotes"
    if wanted == _TEXT and isinstance(value, dict | list):
        return "; text that begins with { or [ must stand in quotes"
    return None


def _length(details: ErrorDetails, place: Place) -> str:
    limits = details.get("ctx", {})
    if details["type"] == "string_too_long":
        return f"longer than {limits['max_length']} characters; shorten it"
    what = "an empty list" if details["type"] == "too_short" else "an empty text"
    return f"{what}{_example(place) or '; write something, or remove the key'}"


def _range(details: ErrorDetails, _place: Place) -> str:
    limits, value = details["ctx"], found(details["input"])
    wanted = {
        "greater_than": "greater than {gt}",
        "greater_than_equal": "at least {ge}",
        "less_than": "less than {lt}",
        "less_than_equal": "at most {le}",
    }[details["type"]].format(**limits)
    return f"{value} must be {wanted}"


def _ours(details: ErrorDetails, _place: Place) -> str:
    return str(details["ctx"]["error"])


def _other(details: ErrorDetails, _place: Place) -> str:
    return details["msg"]


_TEXT = "text"
_BOOLEAN = "true or false"
_MAPPING = "a mapping (key: value)"
_LIST = "a list (items that begin with '- ')"
_SENTENCES: Mapping[str, Callable[[ErrorDetails, Place], str]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _literal,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _tag,
    "string_type": _wrong_kind(_TEXT),
    "model_type": _wrong_kind(_MAPPING),
    "model_attributes_type": _wrong_kind(_MAPPING),
    "bool_type": _wrong_kind(_BOOLEAN),
    "dict_type": _wrong_kind(_MAPPING),
    "tuple_type": _wrong_kind(_LIST),
    "string_too_short": _length,
    "string_too_long": _length,
    "too_short": _length,
    "greater_than": _range,
    "greater_than_equal": _range,
    "less_than": _range,
    "less_than_equal": _range,
    "value_error": _ours,
}
