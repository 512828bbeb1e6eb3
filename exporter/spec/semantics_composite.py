"""Composites and journeys: whether the SLOs that they are made of exist, can be added up, and end somewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from exporter.spec.models import Spec
from exporter.spec.slo_models import Sli, Slo
from exporter.spec.tree import Parts, Problem, did_you_mean, shown


def components(sli: Sli) -> tuple[str, ...]:
    """The names of the SLOs that an SLI is made of, in order; none for the kinds that have a source."""
    return tuple(component.slo for component in sli.composite or ()) + (sli.journey or ())


def check_composites(spec: Spec, names: Collection[str]) -> Iterator[Problem]:
    """The mistakes of all composites; ``names`` are those of every SLO that is written down, mistaken ones too."""
    slos = {slo.name: slo for slo in reversed(spec.slos)}
    order = [slo.name for slo in spec.slos]
    for i, slo in enumerate(spec.slos):
        parts: Parts = ("slos", i, "sli")
        for key, places in _members(slo.sli, parts).items():
            yield from _enough(key, len(places), (*parts, key))
            yield from _each(key, places, names, slos)
        circle = _circle(slo.name, slos)
        if circle and slo.name == min(circle, key=order.index):
            way = f"{' -> '.join([*circle, slo.name])} goes round in a circle; take one of them out"
            itself = f"{slo.name} is made of itself; name other SLOs only"
            yield Problem((*parts, slo.sli.kind), itself if circle == [slo.name] else way)
        if slo.group_by and slo.sli.kind in {"composite", "journey"}:
            message = f"a {slo.sli.kind} takes whole SLOs and cannot be grouped; remove group_by"
            yield Problem(("slos", i, "group_by"), message)


def _members(sli: Sli, parts: Parts) -> dict[str, list[tuple[str, Parts]]]:
    """Key -> name and place of each SLO that stands under it."""
    found: dict[str, list[tuple[str, Parts]]] = {}
    if sli.composite is not None:
        found["composite"] = [(x.slo, (*parts, "composite", i, "slo")) for i, x in enumerate(sli.composite)]
    if sli.journey is not None:
        found["journey"] = [(name, (*parts, "journey", i)) for i, name in enumerate(sli.journey)]
    return found


def _enough(key: str, count: int, parts: Parts) -> Iterator[Problem]:
    if key == "journey" and count < 2:
        yield Problem(parts, "a journey needs at least two SLOs, like journey: [search, checkout]")
    elif count < 1:
        yield Problem(parts, "a composite needs at least one SLO, like composite: [{slo: search}, {slo: checkout}]")


def _each(
    key: str, places: list[tuple[str, Parts]], names: Collection[str], slos: Mapping[str, Slo]
) -> Iterator[Problem]:
    before: set[str] = set()
    for name, here in places:
        if name not in names:
            hint = did_you_mean(name, names)
            way_out = f", did you mean {shown(hint)}?" if hint else "; give the name of another SLO of this spec"
            yield Problem(here, f"there is no SLO {shown(name)}{way_out}")
        elif name in before:
            rest = "and let weight say how much it counts" if key == "composite" else "once is enough"
            yield Problem(here, f"the SLO {shown(name)} is listed twice; keep one, {rest}")
        elif name in slos and slos[name].group_by:
            labels = ", ".join(slos[name].group_by)
            message = (
                f"the SLO {shown(name)} is grouped by {labels}, so it is many; a {key} takes SLOs without group_by: "
                "add one without it and name that here"
            )
            yield Problem(here, message)
        before.add(name)


def _circle(name: str, slos: Mapping[str, Slo]) -> list[str] | None:
    """A shortest way through components from an SLO back to itself, without its end; None where there is none."""
    ways, seen = [[name]], {name}
    for way in ways:  # grows: breadth first
        for follower in components(slos[way[-1]].sli):
            if follower == name:
                return way
            if follower in slos and follower not in seen:
                seen.add(follower)
                ways.append([*way, follower])
    return None
