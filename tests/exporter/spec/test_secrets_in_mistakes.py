"""A spec that has a secret in every place that may hold one, and a thousand mistakes around them: no message, error or
warning, repeats it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from exporter.spec import SpecErrors, lint, load_text
from exporter.spec.tree import Parts
from tests.exporter.spec.test_mask import SPEC

SECRET = "hunter2"
MORE = """
sources:
  token: {type: prometheus, url: "https://a", token_file: hunter2, tls: {cert_file: hunter2, key_file: hunter2}}
  basic: {type: prometheus, url_file: hunter2, basic_auth: {username: hunter2, password_file: hunter2}}
experiments:
  apply: {kill: {webhook: {url: "https://flags.example/hunter2", secret_file: hunter2}}}
alerting:
  alertmanager_http: {headers: {X-Odd: hunter2}, token_file: hunter2}
  smtp: {smarthost: "m.example.org:587", from: w@example.org, username: hunter2, password_file: hunter2}
  receivers:
    page: {webhook: "https://hunter2.example/hunter2", pagerduty: {routing_key_file: hunter2}}
    ticket: {slack: {channel: "#t", api_url_file: hunter2}, teams: {webhook_url_file: hunter2}}
    experiment: {webhook_file: hunter2, opsgenie: {api_key_file: hunter2}}
"""


def _whole() -> dict[str, Any]:
    whole, more = yaml.safe_load(SPEC), yaml.safe_load(MORE)
    whole["sources"] |= more["sources"]
    whole["experiments"][0] |= more["experiments"]
    whole["alerting"] |= more["alerting"]
    del whole["slos"][0]["labels"]  # they look like numbers and dates, and lose their quotes here
    assert isinstance(whole, dict)
    return whole


WHOLE = _whole()


def leaves(value: Any, parts: Parts = ()) -> Iterator[tuple[Parts, str]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in pairs:
        yield from leaves(inner, (*parts, part))
    if isinstance(value, str) and SECRET in value:
        yield parts, value


SECRETS = list(leaves(WHOLE))


def changed(parts: Parts, value: Any, name: str | None = None) -> str:
    """The spec with another value at a place, or with the value under another name."""
    whole = copy.deepcopy(WHOLE)
    holder: Any = whole
    for part in parts[:-1]:
        holder = holder[part]
    if name is not None:
        del holder[parts[-1]]
    holder[parts[-1] if name is None else name] = value
    return str(yaml.dump(whole, sort_keys=False))


def said(text: str) -> str:
    try:
        return "\n".join(lint(load_text(text, "s.yml")))
    except SpecErrors as errors:
        return str(errors)


def mistakes(parts: Parts, value: str) -> Iterator[str]:
    for odd in ([value], {"a": value}, f"{value}\nx", f" {value}", f"Bearer {value}", {"a": [value]}):
        yield changed(parts, odd)
    for length in range(1, len(parts)):
        # In place of the section around it, as where a line is pasted one level too high.
        yield changed(parts[:length], value)
        yield changed(parts[:length], [value])
    if isinstance(parts[-1], str):
        yield changed(parts, value, f"{parts[-1]}x")
        yield changed(parts, value, "password")


@pytest.mark.parametrize(("parts", "value"), SECRETS, ids=lambda value: ".".join(map(str, value))[:60])
def test_no_mistake_of_shape_repeats_a_secret(parts: Parts, value: str) -> None:
    for text in mistakes(parts, value):
        assert SECRET not in said(text), text


def test_no_mistake_of_yaml_repeats_a_secret() -> None:
    lines = yaml.dump(WHOLE, sort_keys=False).split("\n")
    for number in [number for number, line in enumerate(lines) if SECRET in line]:
        line = lines[number]
        begun = [line.replace(SECRET, f"{sign}{SECRET}", 1) for sign in ('"', "[", "*", "& ", "!", "% ", "@", "{", "`")]
        for odd in (f"\t{line}", f"{line}: x", f"{line} }}", f'{line}"', f"- {line}", f"{line}\n{line}", *begun):
            assert SECRET not in said("\n".join([*lines[:number], odd, *lines[number + 1 :]])), odd


def test_the_spec_itself_is_a_good_one_with_secrets_everywhere() -> None:
    assert len(SECRETS) > 25
    load_text(yaml.dump(WHOLE, sort_keys=False), "s.yml")
