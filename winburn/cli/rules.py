"""``winburn rules``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from alert_rules import TESTS_FILE, Tested, generate
from alert_rules.compat import KINDS, Kind
from alert_rules.mimir import mimir_files
from alert_rules.operator import UnsupportedError, operator_files
from exporter.spec import Spec
from winburn.cli.labels import label_pairs
from winburn.cli.output import write_or_check
from winburn.cli.promtool import check_queries
from winburn.cli.spec_argument import SPEC, fail, load_or_exit
from winburn.cli.voice import note, voice

_LARGE = 10_000_000
"""Characters of unit tests from which on a smaller file is offered."""


@click.command()
@SPEC
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR", help="Where to write to."
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["prometheus", "operator", "mimir"]),
    default="prometheus",
    show_default=True,
    help="For whom: servers of one's own, the Prometheus operator, or Grafana Mimir.",
)
@click.option(
    "--namespace",
    default="monitoring",
    show_default=True,
    metavar="NAME",
    help="Namespace of the operator's objects, and the alerts' label namespace.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=label_pairs,
    metavar="NAME=VALUE",
    help="Label of the operator's objects, such as release=prometheus; may be given several times.",
)
@click.option(
    "--compat",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Also record the series names of Sloth or Pyrra, so that their dashboards go on working; give it twice for "
    "both.",
)
@click.option(
    "--tests",
    "tested",
    type=click.Choice(["all", "sample", "none"]),
    default="all",
    show_default=True,
    help="Whose unit tests to write: of all SLOs and experiments; of the first of each kind, if the rules of a kind "
    "differ by names only; or of none.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what differs and end with 1 if anything does. For CI.")
@voice
def rules(
    spec: Path,
    out: Path,
    layout: str,
    namespace: str,
    labels: Mapping[str, str],
    compat: tuple[Kind, ...],
    tested: Tested,
    check: bool,
) -> None:
    """Write the Prometheus rules of a spec, their unit tests, and an Alertmanager configuration.

    \b
    winburn.rules.yml       alerts: put it under rule_files of Prometheus
    winburn.rules.test.yml  run by `promtool test rules winburn.rules.test.yml`
    alertmanager.yml        routes, inhibition and receivers: a start, or all
    winburn.tmpl            the texts of its messages; belongs beside it

    \b
    With --compat, recording rules for dashboards of others, for rule_files too:
    winburn.compat-sloth.rules.yml  slo:sli_error:ratio_rate5m, sloth_slo_info ...
    winburn.compat-pyrra.rules.yml  pyrra_objective, pyrra_availability ...

    \b
    With --format operator, instead of these:
    winburn.prometheusrule.yml      a PrometheusRule
    winburn.alertmanagerconfig.yml  an AlertmanagerConfig (v1alpha1); secrets are
                                    read from a Secret that it names

    \b
    With --format mimir, instead of these:
    rules/winburn.yml  mimirtool rules load rules/winburn.yml
    alertmanager.yml   mimirtool alertmanager load alertmanager.yml winburn.tmpl
    winburn.tmpl       the texts of its messages
    The head of alertmanager.yml says how to add secrets.

    The tests of a thousand SLOs are a hundred megabytes: --tests sample is
    enough to know that this Prometheus understands the rules as they are meant.

    The files are the same bytes for the same spec, so they can live in Git. Where a query of the spec's own (ratio)
    stands in them, promtool is asked whether it is one, if it is on PATH.

    \b
    Examples:
      winburn rules winburn.yml --out rules/
      winburn rules winburn.yml --out rules/ --check
      winburn rules winburn.yml --out rules/ --compat sloth
      winburn rules winburn.yml --out rules/ --tests sample
      winburn rules winburn.yml --out k8s/ --format operator \\
          --namespace monitoring --label release=prometheus

    Exit codes: 0 written, or with --check nothing differs; 1 the spec or the output is not right, or something differs;
    2 the command line is not right.
    """

    loaded = load_or_exit(spec)
    check_queries(loaded)
    files = _files(loaded, layout, namespace, labels, compat, tested)
    write_or_check(out, files, check=check, what="rules")
    if (size := len(files.get(TESTS_FILE, ""))) > _LARGE:
        note(f"{TESTS_FILE} has {size / 1e6:.0f} MB: --tests sample writes far less, which shows as much", err=True)


def _files(
    spec: Spec, layout: str, namespace: str, labels: Mapping[str, str], compat: tuple[Kind, ...], tested: Tested
) -> Mapping[str, str]:
    if layout == "prometheus":
        return generate(spec, compat, tested)
    if compat:
        raise click.UsageError("--compat writes plain Prometheus files; leave it out, or use --format prometheus.")
    if tested == "sample":
        raise click.UsageError("--tests sample is for --format prometheus; the others have no unit tests.")
    if layout == "mimir":
        return mimir_files(spec)
    try:
        return operator_files(spec, namespace, labels)
    except UnsupportedError as error:
        fail(str(error))
