"""Whether a source that something names exists and can do what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.spec.tree import Parts, Problem, did_you_mean, shown


def check_source(
    name: str, parts: Parts, sources: Mapping[str, str | None], wanted: str | None, need: str
) -> Iterator[Problem]:
    """The mistake in a reference: an unknown source, or one whose type is not ``wanted``, of which ``need`` says why.

    ``wanted`` None means that any type will do.
    """
    if name not in sources:
        yield Problem(parts, f"there is no source {shown(name)}{_proposal(name, sources)}")
        return
    kind = sources[name]
    if kind is None or wanted in {None, kind}:
        return
    others = sorted(other for other in sources if sources[other] == wanted)
    way_out = f"sources of that type: {', '.join(others)}" if others else "there is none yet: add one under 'sources:'"
    yield Problem(parts, f"the source {shown(name)} is of type {kind}, but {need} a source of type {wanted}; {way_out}")


def _proposal(name: str, sources: Mapping[str, str | None]) -> str:
    if not sources:
        return "; there are none yet: add it under 'sources:'"
    hint = did_you_mean(name, sources)
    return f", did you mean {shown(hint)}?" if hint else f"; there are: {', '.join(sorted(sources))}"
