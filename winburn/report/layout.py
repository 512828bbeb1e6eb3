"""A document as a page: what is to be seen first stands first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from winburn.report import words
from winburn.report.blocks import Block, Bullets, Page, Section, Table, Text, Tiles, Tone
from winburn.report.document import Document
from winburn.report.experiment_review import ExperimentReview
from winburn.report.layout_content import content_section
from winburn.report.layout_experiments import experiment_sections
from winburn.report.layout_slos import slo_sections
from winburn.report.slo_review import SloReview
from winburn.report.values import Decision, Missing

_ACT = {"ship", "kill", "stop", "fix_split", "investigate"}


def page(document: Document) -> Page:
    """The page."""
    sections = [_summary(document)]
    sections += [slo_sections(document.slos, document.period)] if document.slos else []
    sections += [experiment_sections(document.experiments, document.period)] if document.experiments else []
    if not isinstance(document.content, Missing):
        sections.append(content_section(document.content, document.period))
    sections += [_decisions(document), _how_to_read(document)]
    return Page("winburn report", words.sentence(words.period(document.period)), tuple(sections))


def _summary(document: Document) -> Section:
    blocks: list[Block] = [Tiles(tuple(_tiles(document)))]
    if todo := tuple(attention(document)):
        blocks += [Text("What needs attention, the most urgent first:"), Bullets(todo)]
    else:
        blocks.append(Text("Nothing needs attention."))
    if missing := (*document.failures, *document.notes):
        blocks += [Text("What could not be had:"), Bullets(missing)]
    return Section("In short", "in-short", 2, tuple(blocks))


def _tiles(document: Document) -> Iterator[tuple[str, str, Tone]]:
    if document.slos:
        met = [slo.met for slo in document.slos if not isinstance(slo.met, Missing)]
        missed = met.count(False)
        yield f"{met.count(True)} of {len(document.slos)}", "SLOs met in the period", "bad" if missed else "good"
        pagings = [slo.paging for slo in document.slos if not isinstance(slo.paging, Missing)]
        pages = [page for paging in pagings for page in paging.pages]
        yield (
            (str(len(pages)) if pagings else words.DASH),
            "pages" if pagings else "pages: not known",
            "warn" if pages else "",
        )
        judged = [page.burnt for page in pages if not isinstance(page.burnt, Missing)]
        if judged:
            yield words.share(sum(judged) / len(judged)), "of them while budget burnt", ""
        spent = [slo.remaining for slo in document.slos if not isinstance(slo.remaining, Missing)]
        gone = sum(one <= 0 for one in spent)
        yield str(gone), "budget with nothing left" if gone == 1 else "budgets with nothing left", "bad" if gone else ""
    if document.experiments:
        running = sum(e.status == "running" for e in document.experiments)
        yield str(running), f"of {words.plural(len(document.experiments), 'experiment')} running", ""
        decided = [
            r
            for e in document.experiments
            for r in e.results
            if r.role == "primary" and r.verdict in ("better", "worse")
        ]
        yield str(len(decided)), "variants decided", ""
    if not isinstance(document.content, Missing):
        kills = len(document.content.kills)
        yield str(kills), "content variant killed" if kills == 1 else "content variants killed", "warn" if kills else ""


def attention(document: Document) -> Iterator[str]:
    """What somebody should do, as sentences."""
    for slo in document.slos:
        yield from _of_slo(slo)
    for experiment in document.experiments:
        yield from _of_experiment(experiment)


def _of_slo(slo: SloReview) -> Iterator[str]:
    if not isinstance(slo.remaining, Missing) and slo.remaining <= 0:
        yield f"{slo.title}: no error budget left ({words.share(slo.remaining)} over {slo.period})."
    elif not isinstance(slo.forecast.probability, Missing) and slo.forecast.probability >= 0.5:
        yield (
            f"{slo.title}: the budget will be gone within {slo.period} with a probability of "
            f"{words.share(slo.forecast.probability)}."
        )
    elif slo.met is False:
        left = "" if isinstance(slo.remaining, Missing) else f"; {words.share(slo.remaining)} of the budget is left"
        yield f"{slo.title}: {words.exact_share(slo.achieved)} good against an objective of {slo.objective} %{left}."
    if not isinstance(slo.before, Missing) and slo.before.verdict == "worse":
        yield f"{slo.title}: worse since the release, beyond what chance explains."
    if isinstance(slo.events, Missing):
        yield f"{slo.title}: nothing can be said ({slo.events.reason})."
    elif not isinstance(slo.coverage, Missing) and slo.coverage < 0.9:
        yield f"{slo.title}: only {words.share(slo.coverage)} of the period was measured."


def _of_experiment(experiment: ExperimentReview) -> Iterator[str]:
    if any(advice.action in _ACT for advice in experiment.advice):
        yield f"{experiment.name}: {experiment.next_steps}"


def _decisions(document: Document) -> Section:
    zone = document.period.timezone
    if not document.decisions:
        return Section("What was decided, and by whom", "decisions", 2, (Text("Nothing was changed in the period."),))
    heads = ("when", "what", "of", "by", "why")
    rows = tuple((words.moment(d.at, zone, seconds=True), d.action, _of(d), d.who, d.why) for d in document.decisions)
    return Section("What was decided, and by whom", "decisions", 2, (Table("Changes in order of time", heads, rows),))


def _of(decision: Decision) -> str:
    return " ".join(part for part in (decision.kind, decision.entity, decision.member) if part)


def _how_to_read(document: Document) -> Section:
    origins: dict[str, list[str]] = {}
    for slo in document.slos:
        origins.setdefault(slo.origin, []).append(slo.title)
    sources = [f"Counts of {_some(names)} come from {origin}." for origin, names in origins.items()]
    return Section("How to read it", "how-to-read", 2, (Bullets((*_NOTES, *sources)),))


def _some(names: Sequence[str]) -> str:
    """The first few, and how many others."""
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {words.plural(more, 'other')}" if more > 0 else "")


_NOTES = (
    "Spent: the share of one SLO period's error budget that the bad events are, at that period's traffic.",
    "Incident: a time in which the budget burnt faster than it lasts, beyond what chance explains.",
    (
        "Precision: the share of pages in which the error ratio, from an hour before the page until it cleared, was "
        "above the budget."
    ),
    (
        "Intervals, e-values and p-values of experiments hold however often they are looked at. Win rates do not: they "
        "are a reading aid."
    ),
    f"{words.DASH} stands for what is not defined, with the reason beside it; it is never 0.",
)
