"""``winburn report``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from exporter.access import access_of
from exporter.one_answer import split_url
from exporter.sources.prometheus_api import PrometheusApi
from exporter.spec import PrometheusSource, SecretError, Spec, source_url
from exporter.state import StateError
from exporter.state.copying import copied
from winburn.assemble import state_url
from winburn.cli.names import check_names, completing
from winburn.cli.once import Time
from winburn.cli.output import write_files
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import note, voice
from winburn.report.as_pdf import PdfMissing
from winburn.report.document import Document
from winburn.report.formats import FORMATS, rendered, tables
from winburn.report.gather import Chosen, gather
from winburn.report.period import NAMES, PeriodError, period
from winburn.report.prometheus import Prometheus
from winburn.report.standing import evaluated, history
from winburn.report.values import Period

_STDOUT = "-"


@click.command()
@SPEC
@click.option(
    "--format", "layout", type=click.Choice(FORMATS), default="md", show_default=True, help="Which kind of file."
)
@click.option(
    "--out", metavar="PATH", default=_STDOUT, show_default=True, help="File to write, - is stdout; for csv a folder."
)
@click.option(
    "--period", "name", metavar="NAME", help=f"{', '.join(NAMES)}, or a duration like 7d or 12h.  [default: 7d]"
)
@click.option("--from", "start", type=Time(), metavar="TIME", help="Instead of a period: Unix seconds or RFC 3339.")
@click.option("--to", "end", type=Time(), metavar="TIME", help="Unix seconds or RFC 3339; now, if not given.")
@click.option(
    "--since-release",
    "release",
    type=Time(),
    metavar="TIME",
    help="From a release on, compared with as long a time before it.",
)
@click.option(
    "--timezone", default="UTC", show_default=True, metavar="ZONE", help="Whose weeks and months, and times told in."
)
@click.option(
    "--slo",
    "slos",
    multiple=True,
    metavar="NAME",
    shell_complete=completing("slos"),
    help="Only this SLO; may be given several times.",
)
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    metavar="NAME",
    shell_complete=completing("experiments"),
    help="Only this experiment; may be given several times.",
)
@click.option(
    "--prometheus",
    metavar="URL|SOURCE",
    help="A server that scrapes winburn and evaluates its rules, or the name of a source of the spec; a source with "
    "rules: true, if not given.",
)
@voice
def report(  # noqa: PLR0913, PLR0917 - one argument an option
    spec: Path,
    layout: str,
    out: str,
    name: str | None,
    start: float | None,
    end: float | None,
    release: float | None,
    timezone: str,
    slos: tuple[str, ...],
    experiments: tuple[str, ...],
    prometheus: str | None,
) -> None:
    """A period in review, for people: what the SLOs achieved and what spent their budgets, what the experiments say and
    what to do next, the content variants, and what was decided by whom.

    No exporter need run. Counts come from the state store, brought up to date from the sources; where the store does
    not reach back far enough, from the sources' own history. Nothing is written but the report, and nothing is done to
    the outside.

    With a Prometheus that scrapes winburn (--prometheus) it also has the pages that really fired, with their
    precision, the evidence of experiments over time, and how things stood at the end of a period that is over. Without
    one, alerts are replayed from the counts, and experiments are told as they stand now.

    \b
    Formats:
      html  one file that needs nothing else, with charts; for a browser,
            a mail, and print
      pdf   the same for archives; needs pip install 'winburn[pdf]'
      md    for wikis, tickets and pull requests; to read in a terminal too
      csv   one tidy file a table into the folder --out; shares 0..1,
            undefined is empty, missing.csv says why
      json  everything, for programs; undefined is null, and "missing" beside
            it says why

    The same data and the same --to give the same bytes. What is not defined is a dash with its reason, and never 0.
    Exit codes: 0 written; 1 the spec, the store or the output is not well, or a source did not answer (the report is
    written all the same, and says so); 2 the command line is not.

    \b
    Examples:
      winburn report winburn.yml
      winburn report winburn.yml --period last-week --timezone Europe/Berlin \\
          --format html --out week.html
      winburn report winburn.yml --period last-month --format pdf \\
          --out month.pdf --prometheus http://localhost:9090
      winburn report winburn.yml --since-release 2026-11-20T10:00:00Z \\
          --to 2026-11-20T14:00:00Z --slo checkout
      winburn report winburn.yml --period 30d --format csv --out tables/
      winburn report winburn.yml --experiment checkout-button \\
          --format json | jq '.experiments[0].next_steps'
    """
    now = time.time()
    try:
        when = period(name, start, end, now=now, timezone=timezone, release=release)
    except PeriodError as error:
        raise click.UsageError(f"{error}.") from None
    if layout == "csv" and out == _STDOUT:
        raise click.UsageError("--format csv writes one file a table: name a folder with --out.")
    if layout == "pdf" and out == _STDOUT and sys.stdout.isatty():
        raise click.UsageError("a PDF is not for a terminal: name a file with --out.")
    loaded = load_or_exit(spec)
    chosen = _chosen(loaded, slos, experiments)
    document = _document(loaded, when, chosen, _prometheus(loaded, prometheus), now)
    _write(document, layout, out)
    sys.exit(_complain(document))


def _chosen(spec: Spec, slos: Sequence[str], experiments: Sequence[str]) -> Chosen:
    check_names("--slo", "SLO", slos, [slo.name for slo in spec.slos])
    check_names("--experiment", "experiment", experiments, [experiment.name for experiment in spec.experiments])
    if not slos and not experiments:
        return Chosen()
    return Chosen(frozenset(slos), frozenset(experiments))


def _prometheus(spec: Spec, given: str | None) -> Prometheus | None:
    """The server to ask: a source of the spec, an address, or the first source whose server evaluates the rules."""
    sources = {name: s for name, s in sorted(spec.sources.items()) if isinstance(s, PrometheusSource)}
    name = given if given is not None else next((name for name, s in sources.items() if s.rules), None)
    if name is None:
        return None
    if name in sources:
        model = sources[name]
        try:
            url = source_url(model)
        except SecretError as error:
            fail(str(error))
        return Prometheus(PrometheusApi(name, url or "", access=access_of(model), timeout=model.timeout), spec.tenant)
    if not split_url(name).scheme:
        have = f"; sources of type prometheus: {', '.join(sources)}" if sources else ""
        raise click.UsageError(
            f"--prometheus: {name!r} is neither an address like http://localhost:9090 nor a source{have}."
        )
    return Prometheus(PrometheusApi("prometheus", name, timeout=30.0), spec.tenant)


def _document(spec: Spec, when: Period, chosen: Chosen, prometheus: Prometheus | None, now: float) -> Document:
    wanted = spec.model_copy(update=_only(spec, chosen))
    try:
        state = copied(state_url(spec), [slo.name for slo in spec.slos])
        standing, sources = evaluated(wanted, state, when, now)
        past = history(wanted, sources, now, lambda _name, _share: None)
        over = when.end < now - max(300.0, 4 * spec.refresh + spec.lag)
        return gather(wanted, state, when, standing, chosen=chosen, history=past, prometheus=prometheus, as_of_now=over)
    except (StateError, SecretError) as error:
        fail(f"report: {error}")


def _only(spec: Spec, chosen: Chosen) -> dict[str, object]:
    """What of the spec need not be evaluated: other experiments, and content variants."""
    if chosen.everything:
        return {}
    wanted = tuple(e for e in spec.experiments if e.name in (chosen.experiments or ()))
    return {"experiments": wanted, "engagement": None}


def _write(document: Document, layout: str, out: str) -> None:
    try:
        if layout == "csv":
            files = tables(document)
            changed = write_files(Path(out), files)
            note(f"{out}: {len(files)} files, {len(changed)} of them new or changed", err=True)
            return
        body = rendered(document, layout)
        if out == _STDOUT:
            sys.stdout.buffer.write(body)
            return
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_bytes(body)
    except PdfMissing as error:
        fail(f"report: {error}")
    except OSError as error:
        _unwritable(out, error)
    note(out, err=True)


def _unwritable(out: str, error: OSError) -> NoReturn:
    fail(f"report: cannot write {error.filename or out}: {(error.strerror or str(error)).lower()}")


def _complain(document: Document) -> int:
    """Say on stderr what the report could not have; the exit code."""
    for failure in document.failures:
        click.echo(failure, err=True)
    return 1 if document.failures else 0
