"""The SLOs of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from winburn.report import words
from winburn.report.blocks import Block, Section, Table, Text, Tiles
from winburn.report.charts import budget_chart
from winburn.report.slo_review import Paging, SloReview
from winburn.report.values import Missing, Period

DETAILS = 60
"""SLOs that have a section of their own, the worst first; all of them are in the table."""

INCIDENTS, PAGES = 8, 12


def slo_sections(slos: Sequence[SloReview], period: Period) -> Section:
    """All of them in a table, and the worst one by one."""
    heads = ("SLO", "objective", "achieved", "met", "spent", "left at the end", "pages", "events", "bad", "measured")
    rows = tuple(words.once(_row(slo)) for slo in slos)
    numbers = frozenset(range(1, len(heads))) - {3}
    blocks: list[Block] = [Table("All SLOs, those that spent most first", heads, rows, numbers)]
    if period.release:
        blocks.append(_release(slos, period))
    if len(slos) > DETAILS:
        blocks.append(Text(f"The {DETAILS} that spent most follow one by one.", soft=True))
    blocks += [_section(slo, period, i) for i, slo in enumerate(slos[:DETAILS])]
    return Section("Service level objectives", "slos", 2, tuple(blocks))


def _release(slos: Sequence[SloReview], period: Period) -> Table:
    heads = ("SLO", "good before", "good since", "bad before", "bad since", "since the release")
    rows = [
        (
            slo.title,
            words.exact_share(slo.before.achieved),
            words.exact_share(slo.achieved),
            words.count(slo.before.bad),
            words.count(slo.bad),
            words.gap(slo.before.verdict) if isinstance(slo.before.verdict, Missing) else slo.before.verdict,
        )
        for slo in slos
        if not isinstance(slo.before, Missing)
    ]
    title = f"The release against the {words.duration(period.seconds)} before it, at significance 0.01"
    return Table(title, heads, tuple(map(words.once, rows)), frozenset({1, 2, 3, 4}))


def _row(slo: SloReview) -> tuple[str, ...]:
    return (
        slo.title,
        f"{slo.objective} %",
        words.exact_share(slo.achieved),
        _met(slo),
        words.share(slo.spent),
        words.share(slo.remaining),
        words.gap(Missing("not known")) if isinstance(slo.paging, Missing) else str(len(slo.paging.pages)),
        words.count(slo.events),
        words.count(slo.bad),
        words.share(slo.coverage),
    )


def _met(slo: SloReview) -> str:
    return words.gap(slo.met) if isinstance(slo.met, Missing) else "yes" if slo.met else "no"


def _section(slo: SloReview, period: Period, i: int) -> Section:
    labels = "".join(f", {name} {value}" for name, value in slo.labels)
    note = f"{slo.service}, {slo.category}{labels}; {slo.objective} % over {slo.period}"
    if isinstance(slo.events, Missing):
        return Section(slo.title, f"slo-{i + 1}", 3, (Text(f"{words.gap(slo.events)}."),), note)
    chart = budget_chart(slo, period)
    blocks = [_tiles(slo), *([chart] if chart else []), *_incidents(slo, period), *_pages(slo, period)]
    blocks += [*_corrections(slo, period), Text(_forecast(slo, period))]
    return Section(slo.title, f"slo-{i + 1}", 3, tuple(blocks), note)


def _tiles(slo: SloReview) -> Tiles:
    met, left = slo.met, slo.remaining
    low = not isinstance(left, Missing) and left <= 0
    poor = not isinstance(slo.coverage, Missing) and slo.coverage < 0.9
    return Tiles(
        (
            (words.exact_share(slo.achieved), f"good, objective {slo.objective} %", "bad" if met is False else "good"),
            (words.share(slo.spent), "of a period's budget spent", ""),
            (words.share(left), "left at the end", "bad" if low else ""),
            (words.count(slo.bad), f"bad of {words.count(slo.events)} events", ""),
            (words.share(slo.coverage), "of the time measured", "warn" if poor else ""),
        )
    )


def _incidents(slo: SloReview, period: Period) -> Iterator[Block]:
    if not slo.incidents:
        yield Text("No incident: the budget was not spent faster than it lasts.")
        return
    heads = ("when", "lasted", "spent", "share of all spent", "peak burn", "bad", "events")
    whole = slo.spent if isinstance(slo.spent, float) and slo.spent > 0 else 0.0
    rows = tuple(
        (
            words.clock(one.since, one.until, period.timezone) + (" (going on)" if one.going else ""),
            words.duration(one.until - one.since),
            words.share(one.spent),
            words.share(one.spent / whole if whole else Missing("nothing was spent")),
            f"{words.number(round(one.peak, 1))}x",
            words.number(one.bad),
            words.number(one.total),
        )
        for one in slo.incidents[:INCIDENTS]
    )
    yield Table("Incidents, those that spent most first", heads, rows, frozenset(range(1, 7)))
    more = slo.incidents[INCIDENTS:]
    if more:
        rest = words.share(sum(one.spent for one in more))
        yield Text(f"{words.plural(len(more), 'smaller incident')} spent {rest}.", soft=True)
    yield Text(f"Ordinary errors outside of incidents spent {words.share(slo.others)}.", soft=True)


def _pages(slo: SloReview, period: Period) -> Iterator[Block]:
    found = slo.paging
    if isinstance(found, Missing):
        yield Text(f"Pages: {words.gap(found)}.")
        return
    yield Text(_paged(found))
    if found.pages:
        rows = tuple(
            (
                words.clock(page.since, page.until, period.timezone),
                "still fires" if page.going else words.duration(page.until - page.since),
                page.tiers or words.DASH,
                words.gap(page.burnt) if isinstance(page.burnt, Missing) else "yes" if page.burnt else "no",
            )
            for page in found.pages[:PAGES]
        )
        yield Table("Pages", ("when", "lasted", "tiers", "budget burnt"), rows, frozenset({1}))
    if len(found.pages) > PAGES:
        yield Text(f"And {words.plural(len(found.pages) - PAGES, 'page')} more.", soft=True)


def _paged(found: Paging) -> str:
    sent = f"{words.plural(len(found.pages), 'page')}, {words.plural(found.tickets, 'ticket')}"
    if found.origin == "alerts":
        text = f"Alerts that fired: {sent}"
    else:
        text = f"Alerts, replayed from the counts by the generated rules: {sent}"
    precision = "" if isinstance(found.precision, Missing) else f"; precision {words.share(found.precision)}"
    return f"{text}{f', paged for {words.duration(found.seconds)}' if found.pages else ''}{precision}."


def _corrections(slo: SloReview, period: Period) -> Iterator[Block]:
    if not slo.corrections:
        return
    rows = tuple(
        (words.clock(one.since, one.until, period.timezone), words.duration(one.until - one.since), one.reason)
        for one in slo.corrections
    )
    yield Table("Corrections: these events do not count", ("when", "lasted", "reason"), rows, frozenset({1}))


def _forecast(slo: SloReview, period: Period) -> str:
    probability, at = slo.forecast.probability, slo.forecast.exhausted_at
    if isinstance(probability, Missing):
        return f"Forecast: {words.gap(probability)}."
    gone = "" if isinstance(at, Missing) else f", at about {words.moment(at, period.timezone)}"
    return f"Forecast: the budget is gone within {slo.period} with a probability of {words.share(probability)}{gone}."
