"""From the texts of other tools to the text of a spec that ``winburn check`` accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exporter.spec import SpecErrors, load_text
from winburn.convert.draft import Document, Draft, Options, Outcome, Source, own_tiers, standard_tiers
from winburn.convert.emit import slo_text, spec_text
from winburn.convert.fields import Fields
from winburn.convert.labels import slug
from winburn.convert.nodes import Mapping as MappingNode
from winburn.convert.nodes import Node, Scalar, read_documents
from winburn.convert.nodes import Sequence as SequenceNode
from winburn.convert.notes import ConvertError, Note
from winburn.convert.openslo import openslo
from winburn.convert.pyrra import pyrra
from winburn.convert.shapes import FORMATS, shape_of
from winburn.convert.slo_generator import slo_generator
from winburn.convert.sloth import sloth_file, sloth_resource, sloth_short

_ONE_BY_ONE: Mapping[str, Callable[[Document, Options], Iterator[Outcome]]] = {
    "sloth-file": sloth_file,
    "sloth-resource": sloth_resource,
    "sloth-short": sloth_short,
    "pyrra": pyrra,
}


@dataclass(frozen=True, slots=True)
class Input:
    """The text of one file; ``name`` stands in messages, and gives Sloth's short form its service and name."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """``text`` is the spec, empty where nothing could be converted; ``kinds`` gives the SLI kind of each SLO; ``notes``
    all that was lost."""

    text: str
    kinds: dict[str, str]
    notes: tuple[Note, ...]


def convert(
    inputs: Sequence[Input],
    *,
    source_url: str = "http://localhost:9090",
    options: Options = Options(),  # noqa: B008 - frozen
    form: str | None = None,
) -> Conversion:
    """The spec for the SLOs of all inputs together; ``form``: one of FORMATS instead of looking for marks of each."""
    notes: list[Note] = []
    shapes: dict[str, list[Document]] = {}
    for each in inputs:
        for document in _documents(each, notes):
            _sort_in(document, form, shapes, notes)
    outcomes = list(_outcomes(shapes, options))
    order = {each.name: index for index, each in enumerate(inputs)}
    drafts = [outcome for outcome in outcomes if isinstance(outcome, Draft)]
    drafts.sort(key=lambda draft: (order.get(draft.file, 0), draft.line))
    told = {outcome.name: outcome.url for outcome in outcomes if isinstance(outcome, Source)}
    given = {name: url for name, url in told.items() if url.startswith(("http://", "https://"))}
    notes += [outcome for outcome in outcomes if isinstance(outcome, Note)]
    written, kinds, used = _written(drafts, notes)
    if not written and not notes:
        notes += [Note(each.name, 0, "", "no SLO stands in it: give a file with some") for each in inputs]
    sources = {name: given.get(name, source_url) for name in sorted(used)}
    notes += [
        Note(inputs[0].name, 0, "", f"the address of {name} is none of http or https; it became {source_url}")
        for name in sources
        if told.get(name) and name not in given
    ]
    notes.sort(key=lambda note: (order.get(note.file, 0), note.line))
    text = spec_text(sources, written, [note for note in notes if not note.slo]) if written else ""
    return Conversion(text, kinds, tuple(dict.fromkeys(notes)))


def _documents(each: Input, notes: list[Note]) -> Iterator[Document]:
    try:
        nodes = read_documents(each.text)
    except ConvertError as error:
        notes.append(Note(each.name, error.line, "", error.message))
        return
    for node in (item for document in nodes for item in _items(document)):
        if isinstance(node, MappingNode):
            yield Document(each.name, Fields(node))
        else:
            notes.append(Note(each.name, node.line, "", "no mapping, so no SLO: it was not carried"))


def _items(node: Node) -> Iterator[Node]:
    """The documents in a list of them, and in Kubernetes' kind List."""
    if isinstance(node, SequenceNode):
        yield from node.items
        return
    items = node.items.get("items") if isinstance(node, MappingNode) else None
    kind = node.items.get("kind") if isinstance(node, MappingNode) else None
    if isinstance(items, SequenceNode) and isinstance(kind, Scalar) and kind.text.endswith("List"):
        yield from items.items
    else:
        yield node


def _sort_in(document: Document, form: str | None, shapes: dict[str, list[Document]], notes: list[Note]) -> None:
    try:
        shapes.setdefault(shape_of(document.fields, form), []).append(document)
    except ConvertError as error:
        notes.append(Note(document.file, error.line or document.fields.line, "", error.message))


def _outcomes(shapes: Mapping[str, Sequence[Document]], options: Options) -> Iterator[Outcome]:
    for shape, one in _ONE_BY_ONE.items():
        for document in shapes.get(shape, ()):
            yield from _guarded(lambda document=document, one=one: one(document, options), document)
    if objects := shapes.get("openslo"):
        yield from _guarded(lambda: openslo(objects, options), objects[0])
    slos, configs = shapes.get("slo-generator", ()), shapes.get("slo-generator-config", ())
    if slos or configs:
        yield from _guarded(lambda: slo_generator(slos, configs, options), (*slos, *configs)[0])


def _guarded(run: Callable[..., Iterator[Outcome]], document: Document) -> Iterator[Outcome]:
    try:
        yield from run()
    except ConvertError as error:
        name = document.fields.node.items.get("metadata")
        given = name.items.get("name") if isinstance(name, MappingNode) else None
        slo = slug(given.text) if isinstance(given, Scalar) else ""
        yield Note(document.file, error.line or document.fields.line, slo, f"not converted: {error.message}")


def _written(drafts: Sequence[Draft], notes: list[Note]) -> tuple[list[str], dict[str, str], set[str]]:
    """The SLOs that the spec's own check accepts, the kind of each and their sources; the notes grow."""
    texts: list[str] = []
    kinds: dict[str, str] = {}
    used: set[str] = set()
    for draft in drafts:
        name = _free(draft.name, kinds)
        about = [replace(note, slo=name) for note in draft.notes]
        if name != draft.name:
            message = f"another SLO is called {draft.name}; this one became {name}"
            about.append(Note(draft.file, draft.line, name, message))
        _, warnings = standard_tiers(draft) if draft.tiers is None else own_tiers(draft)
        about += [Note(draft.file, draft.line, name, warning) for warning in warnings]
        notes += about
        text = slo_text(draft, name, about)
        wrong = _refusal(draft.source, text)
        if wrong is not None:
            notes.append(Note(draft.file, draft.line, name, f"not converted: {wrong}"))
            continue
        texts.append(text)
        kinds[name] = _kind(draft.sli)
        used.add(draft.source)
    return texts, kinds, used


def _refusal(source: str, text: str) -> str | None:
    """Why the spec's check refuses an SLO; None where it does not."""
    try:
        load_text(spec_text({source: "http://localhost:9090"}, [text], ()))
    except SpecErrors as errors:
        first = errors.errors[0]
        return f"{first.path.rpartition(']')[2].lstrip('.')}: {first.message}"
    return None


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 2, name
    while free in taken:
        suffix = f"-{number}"
        number, free = number + 1, slug(name[: 100 - len(suffix)]) + suffix
    return free


def _kind(sli: Mapping[str, Any]) -> str:
    return next((kind for kind in ("latency", "bool", "ratio", "slices") if kind in sli), "counters")


__all__ = ["FORMATS", "Conversion", "Input", "Options", "convert"]
