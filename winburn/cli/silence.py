"""``winburn silence``."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from exporter.access import access_of
from exporter.alerts import ALERTS
from exporter.promql import format_duration, parse_duration
from exporter.sources.alertmanager import AlertmanagerApi, Matcher, Silence
from exporter.spec import Spec
from winburn.cli.names import check_names, completing
from winburn.cli.spec_argument import fail, load_or_exit
from winburn.cli.voice import voice
from winburn.silence import (
    Outcome,
    SilenceError,
    expire_all,
    list_all,
    matchers_for,
    parse_matcher,
    silence_all,
)


def _alerts(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in ALERTS if name.startswith(incomplete)]


def _duration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    try:
        seconds = None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if seconds == 0:
        raise click.BadParameter("0s is no time; write one like 2h")
    return seconds


@click.command()
@click.argument("alert", required=False, shell_complete=_alerts)
@click.option(
    "--spec",
    type=click.Path(path_type=Path, allow_dash=True),
    is_eager=True,  # so that a shell that completes --slo knows it
    default=Path("winburn.yml"),
    show_default=True,
    metavar="FILE",
    help="The spec, which names every Alertmanager in alerting.alertmanager.",
)
@click.option("--for", "seconds", callback=_duration, metavar="TIME", help="How long, like 2h.")
@click.option("--comment", metavar="TEXT", help="Why, and what happens next: the others read it.")
@click.option("--slo", metavar="NAME", shell_complete=completing("slos"), help="Only of this SLO.")
@click.option("--experiment", metavar="NAME", shell_complete=completing("experiments"), help="Only of this experiment.")
@click.option(
    "--matcher", "more", multiple=True, metavar="LABEL=VALUE", help="Only with this label; also !=, =~ and !~."
)
@click.option("--all", "everything", is_flag=True, help="The alert of every SLO, experiment or source.")
@click.option("--by", metavar="WHO", help="Who acknowledges; your user name if not given.")
@click.option("--expire", metavar="ID", help="End this silence instead.")
@click.option("--list", "show", is_flag=True, help="Show the silences in force instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, times as Unix seconds, for programs.")
@voice
def silence(  # noqa: PLR0913, PLR0917 - the options of the command
    alert: str | None,
    spec: Path,
    seconds: float | None,
    comment: str | None,
    slo: str | None,
    experiment: str | None,
    more: tuple[str, ...],
    everything: bool,
    by: str | None,
    expire: str | None,
    show: bool,
    as_json: bool,
) -> None:
    """Acknowledge an alert: make a silence in every Alertmanager of the spec.

    Nobody is told of the alert until it ends; it is still evaluated, and shown as acknowledged
    (alert_acknowledged_until_timestamp_seconds). The exit code is 1 where an Alertmanager could not be told; those that
    could keep the silence.

    \b
    Examples:
      winburn silence SLOErrorBudgetBurn --slo checkout --for 2h \\
          --comment "rolling back"
      winburn silence SLOErrorBudgetBurn --slo checkout --for 1h \\
          --matcher slo_group=zone=eu --comment "drill"
      winburn silence --list --json | jq -r '.[].id'
      winburn silence --expire 7c2f5a3e-33d1-4b5c-9d2e-0a6b1f0d8e11
    """
    if sum((alert is not None, expire is not None, show)) != 1:
        raise click.UsageError("Give one of: the ALERT to silence, --expire ID, or --list.")
    if alert is not None and (seconds is None or not (comment or "").strip()):
        raise click.UsageError("A silence needs --for and --comment: how long, and why.")
    loaded = load_or_exit(spec)
    if not loaded.alerting.alertmanager:
        fail(f'{spec}: no Alertmanager is known; give alerting: {{alertmanager: ["http://localhost:9093"]}}')
    access = access_of(loaded.alerting.alertmanager_http)
    alertmanagers = [AlertmanagerApi(url, access=access) for url in loaded.alerting.alertmanager]
    if show:
        _list(alertmanagers, as_json=as_json)
    elif expire is not None:
        _told(expire_all(alertmanagers, expire), as_json=as_json)
    elif alert is not None and seconds is not None:
        matchers = _matchers(alert, [*_named(loaded, alert, slo, experiment), *_parsed(more)], everything=everything)
        outcomes = silence_all(
            alertmanagers, matchers, now=time.time(), seconds=seconds, by=by or _user(), comment=(comment or "").strip()
        )
        if not as_json:
            click.echo(f"{{{', '.join(map(str, matchers))}}} for {format_duration(seconds)}")
        _told(outcomes, as_json=as_json)


def _named(spec: Spec, alert: str, slo: str | None, experiment: str | None) -> list[Matcher]:
    """The matchers of --slo and --experiment, which the spec must know and the alert must be about."""
    found = []
    names = {"slo": [each.name for each in spec.slos], "experiment": [each.name for each in spec.experiments]}
    words = {"slo": "SLO", "experiment": "experiment"}
    for label, value in (("slo", slo), ("experiment", experiment)):
        if value is None:
            continue
        if alert in ALERTS and label not in ALERTS[alert].identity:
            raise click.UsageError(f"{alert} is not about one {label}; leave --{label} out.")
        check_names(f"--{label}", words[label], [value], names[label])
        found.append(Matcher(label, value))
    return found


def _parsed(texts: Sequence[str]) -> list[Matcher]:
    try:
        return [parse_matcher(text) for text in texts]
    except SilenceError as error:
        raise click.UsageError(str(error)) from None


def _matchers(alert: str, given: Sequence[Matcher], *, everything: bool) -> tuple[Matcher, ...]:
    try:
        return matchers_for(alert, given, everything=everything)
    except SilenceError as error:
        raise click.UsageError(str(error)) from None


def _told(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        said = [{"alertmanager": each.name, "ok": each.well, "message": each.text} for each in outcomes]
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        for each in outcomes:
            click.echo(f"{each.name}: {each.text}", err=not each.well)
    failed = sum(not each.well for each in outcomes)
    if failed:
        fail(f"{failed} of {len(outcomes)} Alertmanagers could not be told")


def _list(alertmanagers: Sequence[AlertmanagerApi], *, as_json: bool) -> None:
    found, failed = list_all(alertmanagers)
    if as_json:
        click.echo(json.dumps([_document(each, names) for each, names in found.values()], indent=2, ensure_ascii=False))
    else:
        _print(found)
    for problem in failed:
        click.echo(f"{problem.name}: {problem.text}", err=True)
    if failed:
        sys.exit(1)
    if not found and not as_json:
        click.echo("no silence is in force")


def _document(each: Silence, names: Sequence[str]) -> dict[str, Any]:
    return {
        "id": each.id,
        "state": each.state,
        "ends": each.ends,
        "by": each.by,
        "comment": each.comment,
        "matchers": list(map(str, each.matchers)),
        "alertmanagers": list(names),
    }


def _print(found: Mapping[str, tuple[Silence, Sequence[str]]]) -> None:
    for each, names in found.values():
        until = datetime.fromtimestamp(each.ends, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        matchers = ", ".join(map(str, each.matchers))
        pending = " (not yet in force)" if each.state == "pending" else ""
        by, comment = _line(each.by), _line(each.comment)
        click.echo(f"{each.id} until {until}{pending} by {by}: {{{matchers}}} {comment} [{', '.join(names)}]")


def _line(text: str) -> str:
    """What somebody else wrote, on one line, and nothing that a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, in a container
        return "winburn"
