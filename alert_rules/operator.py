"""The same for the Prometheus operator: a PrometheusRule and an AlertmanagerConfig.

AlertmanagerConfig is v1alpha1, the version that the operator's own bundle installs; v1beta1 needs its conversion
webhook. Fields: https://prometheus-operator.dev/docs/api-reference/api/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from alert_rules import tenant
from alert_rules.alertmanager import mutes
from alert_rules.messages import in_place
from alert_rules.receivers import Told, receivers
from alert_rules.routes import NOBODY, route, time_intervals
from alert_rules.rules import rule_groups
from alert_rules.yaml_text import HEADER, comment, dump
from exporter.promql import format_duration
from exporter.spec import Spec

RULE_FILE = "winburn.prometheusrule.yml"
CONFIG_FILE = "winburn.alertmanagerconfig.yml"
SECRET = "winburn-receivers"  # noqa: S105 - the name of a Kubernetes object
"""The Secret that holds what the spec's files hold."""

_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
_ABOUT_RULE = """\
For the Prometheus operator. Every alert has the label namespace, by which the operator gives it to the
AlertmanagerConfig of its namespace (alertmanagerConfigMatcherStrategy OnNamespace, the default).
"""
_ABOUT_CONFIG = """\
For the Prometheus operator. What stood in files is read from the Secret {secret} of this namespace: its keys are
{keys}. Inhibition needs source and target in this namespace, which winburn's alerts are.
"""


class UnsupportedError(ValueError):
    """The spec asks for what this format cannot say; the message says what."""


def operator_files(spec: Spec, namespace: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The two documents, name -> text; deterministic. ``labels`` are put on both objects, for selectors.

    UnsupportedError where a mute time has a time zone, which an AlertmanagerConfig cannot have.
    """
    metadata = {
        "name": "winburn",
        "namespace": namespace,
        **({"labels": dict(sorted(labels.items()))} if labels else {}),
    }
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": {"groups": _groups(spec, namespace)},
    }
    config, keys = _config(spec)
    about = comment(_ABOUT_CONFIG.format(secret=SECRET, keys=", ".join(keys) or "none"))
    document = {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": metadata,
        "spec": config,
    }
    return {RULE_FILE: HEADER + comment(_ABOUT_RULE) + dump(rule), CONFIG_FILE: HEADER + about + dump(document)}


def _groups(spec: Spec, namespace: str) -> list[dict[str, Any]]:
    groups = []
    for group in rule_groups(spec):
        alerts = [rule.as_dict() for rule in group.rules]
        for alert in alerts:
            alert["labels"] = {**alert["labels"], "namespace": namespace}
        if rules := [record.as_dict() for record in group.records] + alerts:
            groups.append({"name": group.name, "interval": format_duration(group.every), "rules": rules})
    return groups


def _config(spec: Spec) -> tuple[dict[str, Any], list[str]]:
    every = receivers(spec, in_place)
    keys = secret_keys(every)
    intervals = [_interval(each) for each in time_intervals(spec.alerting.mute)]
    config = {
        "route": _route(tenant.of_route(route(spec), spec.tenant)),
        "receivers": [*(_receiver(told, keys) for told in every), {"name": NOBODY}],
        "inhibitRules": [_inhibition(rule) for _, rule in tenant.of_mutes(mutes(spec.slos), spec.tenant)],
        **({"muteTimeIntervals": intervals} if intervals else {}),
    }
    return config, sorted(set(keys.values()))


def secret_keys(every: Iterable[Told]) -> dict[str, str]:
    """Path of each file -> key in the Secret: the file's name, or, where two files share it, all of the path."""
    paths = sorted(
        {
            str(value)
            for told in every
            for made in told.integrations.values()
            for each in made
            for key, value in each.items()
            if key.endswith("_file")
        }
    )
    names = [PurePosixPath(path).name for path in paths]
    return {
        path: _key(name if names.count(name) == 1 else path.strip("/")) for path, name in zip(paths, names, strict=True)
    }


def _key(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _route(given: Mapping[str, Any]) -> dict[str, Any]:
    made = {_camel(key): value for key, value in given.items() if key not in ("matchers", "routes")}
    made |= {key: list(value) for key, value in made.items() if isinstance(value, list)}
    if "matchers" in given:
        made["matchers"] = _matchers(given["matchers"])
    if "routes" in given:
        made["routes"] = [_route(each) for each in given["routes"]]
    return made


def _inhibition(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sourceMatch": _matchers(given["source_matchers"]),
        "targetMatch": _matchers(given["target_matchers"]),
        **({"equal": list(given["equal"])} if "equal" in given else {}),
    }


def _matchers(given: Iterable[str]) -> list[dict[str, str]]:
    made = []
    for text in given:
        match = _MATCHER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text} is no matcher of ours")
        value = re.sub(r"\\(.)", r"\1", match[3])
        made.append({"name": match[1], "matchType": match[2], "value": value})
    return made


def _interval(given: Mapping[str, Any]) -> dict[str, Any]:
    spans = []
    for span in given["time_intervals"]:
        if span["location"] != "UTC":
            raise UnsupportedError(
                f"alerting.mute[{given['name']}].timezone: an AlertmanagerConfig knows UTC only; write the times in "
                "UTC, or use the format prometheus for Alertmanager's own file"
            )
        times = [{"startTime": time["start_time"], "endTime": time["end_time"]} for time in span["times"]]
        spans.append({"times": times, **({"weekdays": list(span["weekdays"])} if "weekdays" in span else {})})
    return {"name": given["name"], "timeIntervals": spans}


def _receiver(told: Told, keys: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": told.name,
        **{_camel(name): [_integration(name, each, keys) for each in made] for name, made in told.integrations.items()},
    }


def _integration(section: str, given: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in given.items():
        if key.endswith("_file"):
            name = _SECRETS.get((section, key)) or _camel(key.removesuffix("_file"))
            made[name] = {"name": SECRET, "key": keys[value]}
        elif isinstance(value, dict):
            made[_camel(key)] = [{"key": name, "value": text} for name, text in value.items()]
        else:
            made[_camel(key)] = value
    return made


_SECRETS = {("webhook_configs", "url_file"): "urlSecret"}
"""Fields whose name is not that of the file's field."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(_WORDS.get(word, word.capitalize()) for word in rest)


_WORDS = {"url": "URL", "tls": "TLS"}
