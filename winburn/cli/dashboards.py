"""``winburn dashboards``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from dashboards import Addresses, config_maps, generate
from dashboards.provisioning import FOLDER
from exporter.spec import SecretError, read_secret
from winburn.cli.labels import label_pairs
from winburn.cli.output import write_or_check
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import voice
from winburn.grafana import Grafana, GrafanaError, push

_DEFAULT = Addresses()


@click.command()
@SPEC
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where to write to.")
@click.option("--push", "grafana", metavar="URL", help="Put the dashboards into this Grafana; with --token-file.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File with the token of a service account of Grafana, role Editor.",
)
@click.option("--folder", default=FOLDER, show_default=True, metavar="NAME", help="Grafana's folder for --push.")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["grafana", "configmap"]),
    default="grafana",
    show_default=True,
    help="Files for Grafana's provisioning, or ConfigMaps for the sidecar of its Helm chart.",
)
@click.option("--namespace", default="monitoring", show_default=True, metavar="NAME", help="Of the ConfigMaps.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=label_pairs,
    metavar="NAME=VALUE",
    help="Label of the ConfigMaps besides the sidecar's usual ones; may be given several times.",
)
@click.option("--prometheus", default=_DEFAULT.prometheus, show_default=True, metavar="URL", help="As Grafana sees it.")
@click.option(
    "--alertmanager", default=_DEFAULT.alertmanager, show_default=True, metavar="URL", help="As Grafana sees it."
)
@click.option(
    "--check", is_flag=True, help="Change nothing; show what differs and end with 1 if anything does. For CI."
)
@voice
def dashboards(  # noqa: PLR0913, PLR0917 - the options of the command
    spec: Path,
    out: Path | None,
    grafana: str | None,
    token_file: Path | None,
    folder: str,
    layout: str,
    namespace: str,
    labels: Mapping[str, str],
    prometheus: str,
    alertmanager: str,
    check: bool,
) -> None:
    """Write the Grafana dashboards of a spec as JSON, and the provisioning of data sources and dashboards.

    The files are the same bytes for the same spec, so they can live in Git; uids never change.

    With --push the dashboards go into a running Grafana, into a folder that is made where it is missing: each is
    created or replaced, and left alone where nothing has changed. Data sources are not pushed; every dashboard has a
    choice of one. The exit code is 1 where a dashboard could not be pushed; the others are.

    \b
    Examples:
      winburn dashboards winburn.yml --out grafana/
      winburn dashboards winburn.yml --out grafana/ --check
      winburn dashboards winburn.yml --out k8s/ --format configmap
      winburn dashboards winburn.yml --push https://grafana.example.org \\
          --token-file grafana.token

    Exit codes: 0 written, or with --check nothing differs; 1 the spec or the output is not right, or something differs;
    2 the command line is not right.
    """
    if out is None and grafana is None:
        raise click.UsageError("Give --out DIR, --push URL, or both.")
    target = _target(grafana, token_file)
    files = generate(load_or_exit(spec), Addresses(prometheus, alertmanager))
    if out is not None:
        wanted = config_maps(files, namespace, labels) if layout == "configmap" else files
        write_or_check(out, wanted, check=check, what="dashboards")
    if target is not None:
        _push(target, files, folder, write=not check)


def _target(url: str | None, token_file: Path | None) -> Grafana | None:
    if (url is None) is not (token_file is None):
        raise click.UsageError("--push and --token-file belong together.")
    if url is None:
        return None
    try:
        return Grafana(url, read_secret(str(token_file)))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--push") from None
    except SecretError as error:
        fail(str(error))


def _push(grafana: Grafana, files: Mapping[str, str], folder: str, *, write: bool) -> None:
    loaded = [json.loads(text) for name, text in files.items() if name.endswith(".json")]
    try:
        outcomes = push(grafana, {each["uid"]: each for each in loaded}, folder, write=write)
    except GrafanaError as error:
        fail(f"dashboards: {grafana.place} {error}")
    for each in outcomes:
        reason = f": it {each.reason}" if each.reason else ""
        click.echo(f"{grafana.place}/d/{each.uid} {each.state}{reason}", err=each.state == "failed")
    failed = sum(each.state == "failed" for each in outcomes)
    differing = sum(each.state in {"missing", "differs"} for each in outcomes)
    if failed:
        fail(f"dashboards: {failed} of {len(outcomes)} could not be {'pushed' if write else 'compared'}")
    if differing:
        fail(f"dashboards: {differing} of {len(outcomes)} differ from what the spec gives; run without --check")
