"""The part of a spec that one of several exporters evaluates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.collectors.slo_composite import parts
from exporter.spec import Spec

Node = tuple[str, str]
"""``slo`` or ``experiment``, and the name."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Number ``index`` (from 1) of ``count`` exporters."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str) -> Shard:
    """``2/3``: the second of three. ValueError that says what would be right."""
    index, slash, count = text.partition("/")
    if not slash or not (index.isascii() and index.isdigit() and count.isascii() and count.isdigit()):
        raise ValueError(f"{text!r} is no shard; write it like 1/3, the first of three exporters")
    if int(count) == 0:
        raise ValueError(f"{text!r} is no shard; write it like 1/3, the first of three exporters")
    shard = Shard(int(index), int(count))
    if not 1 <= shard.index <= shard.count:
        raise ValueError(f"{text!r} is no shard: of {shard.count} exporters there are numbers 1 to {shard.count}")
    return shard


def part(spec: Spec, shard: Shard | None) -> Spec:
    """The spec with the SLOs and experiments of this shard only; as it is for None.

    What refers to another is in the shard of that one: composites and journeys with all that they are made of,
    experiments with the SLOs that guard them, and all whose false discoveries are controlled together. So every number
    comes from one exporter, and is the same as without shards. Such a group goes by the hash of the name that comes
    first in it. Content variants are one thing.
    """
    if shard is None or shard.count == 1:
        return spec
    of = {node: is_of(shard, f"{first[0]}:{first[1]}") for node, first in _groups(spec).items()}
    return spec.model_copy(
        update={
            "slos": tuple(slo for slo in spec.slos if of["slo", slo.name]),
            "experiments": tuple(each for each in spec.experiments if of["experiment", each.name]),
            "engagement": spec.engagement if is_of(shard, "engagement") else None,
        }
    )


def is_of(shard: Shard | None, name: str) -> bool:
    """Whether what has this name belongs to the shard; all does to None."""
    if shard is None:
        return True
    # Not hash(): that of a text is another one in each process.
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    return number % shard.count == shard.index - 1


def _groups(spec: Spec) -> Mapping[Node, Node]:
    """Each SLO and experiment -> the first of all that it hangs together with."""
    leader: dict[Node, Node] = {}

    def find(node: Node) -> Node:
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for a, b in _ties(spec):
        first, second = sorted((find(a), find(b)))
        leader[second] = first
    return {node: find(node) for node in list(leader)}


def _ties(spec: Spec) -> Iterator[tuple[Node, Node]]:
    together = [each.name for each in spec.experiments if each.false_discovery == "all"]
    for slo in spec.slos:
        mine = ("slo", slo.name)
        yield mine, mine
        for name in parts(slo):
            yield mine, ("slo", name)
    for each in spec.experiments:
        mine = ("experiment", each.name)
        yield mine, mine
        for guardrail in each.guardrails:
            yield mine, ("slo", guardrail.slo)
    for name in together[1:]:
        yield ("experiment", together[0]), ("experiment", name)
