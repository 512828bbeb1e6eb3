"""What the schema cannot say of ``apply``: where it is done, and what a statement may name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from exporter.spec.apply_models import Apply, ApplySql, ApplyTarget, ApplyWebhook, VariantApply
from exporter.spec.references import check_source
from exporter.spec.tree import Parts, Problem, did_you_mean, listed

_COMMON = ("experiment", "variant", "action", "reason", "at")
PARAMETERS: Mapping[str, tuple[str, ...]] = {"kill": _COMMON, "ship": _COMMON, "weights": (*_COMMON, "weight")}
"""Action -> what its statement may name."""

VARIANT_PARAMETERS = ("variant", "persona", "action", "reason", "at")
"""What a statement about a content variant may name."""

_NEEDED: Mapping[str, tuple[str, ...]] = {"weights": ("variant", "weight")}
"""Action -> what its statement must name: without them every variant would be given the same."""

# As SQLAlchemy finds them: a cast (x::text) and an escaped colon (\:x) are none. It stumbles over a parameter that is
# cast like that.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)\b(?!:)")
_CAST = re.compile(r"(?<![:\w\\]):(\w+)::(\w*)")


def check_apply(apply: Apply, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    """The mistakes of an ``apply``, at ``parts``; ``sources`` gives the type of each source, None if broken."""
    targets = {action: getattr(apply, action) for action in PARAMETERS if getattr(apply, action) is not None}
    if not targets:
        yield Problem(parts, f"nothing is to be applied; give {', '.join(PARAMETERS)}, or remove it")
    for action, target in targets.items():
        yield from _target(target, action, (*parts, action), sources, PARAMETERS[action])


def check_variant_apply(apply: VariantApply, parts: Parts, sources: Mapping[str, str | None]) -> Iterator[Problem]:
    """As :func:`check_apply`, of content variants."""
    yield from _target(apply.kill, "kill", (*parts, "kill"), sources, VARIANT_PARAMETERS)


def _target(
    target: ApplyTarget, action: str, parts: Parts, sources: Mapping[str, str | None], known: tuple[str, ...]
) -> Iterator[Problem]:
    if target.sql is None and target.webhook is None:
        yield Problem(parts, "give sql: {source: …, statement: …} or webhook: {url: …, secret_file: …}")
    if target.sql is not None and target.webhook is not None:
        yield Problem(parts, "sql and webhook are both given; keep one of them, so that it is done once")
    if target.sql is not None:
        yield from _sql(target.sql, action, (*parts, "sql"), sources, known)
    if target.webhook is not None:
        yield from _webhook(target.webhook, (*parts, "webhook"))


def _sql(
    sql: ApplySql, action: str, parts: Parts, sources: Mapping[str, str | None], known: tuple[str, ...]
) -> Iterator[Problem]:
    yield from check_source(sql.source, (*parts, "source"), sources, "sql", "a statement needs")
    for name, kind in _CAST.findall(sql.statement):
        message = f"the statement has :{name}::{kind}, which cannot be told apart; write CAST(:{name} AS {kind or '…'})"
        yield Problem((*parts, "statement"), message)
    named = sorted(set(_PARAMETER.findall(sql.statement)))
    for name in named:
        if name not in known:
            hint = did_you_mean(name, known)
            way_out = f", did you mean :{hint}?" if hint else f"; it may name {_listed(known)}"
            message = f"the statement names :{name}, which {action} does not have{way_out}"
            escape = f"; write \\:{name} where no parameter is meant"
            yield Problem((*parts, "statement"), message if hint else message + escape)
    if missing := [name for name in _NEEDED.get(action, ()) if name not in named]:
        yield Problem((*parts, "statement"), f"the statement must name {_listed(missing)}: it is run for each variant")


def _webhook(webhook: ApplyWebhook, parts: Parts) -> Iterator[Problem]:
    if webhook.url is None and webhook.url_file is None:
        yield Problem(parts, "url is required; give it, or url_file with the path of a file that holds it")
    if webhook.url is not None and webhook.url_file is not None:
        yield Problem(parts, "url and url_file are both given; keep one of them")
    if webhook.url is not None and not webhook.url.startswith(("http://", "https://")):
        yield Problem((*parts, "url"), "must begin with http:// or https://")


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return listed([f":{name}" for name in names])
