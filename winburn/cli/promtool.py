"""promtool's word on expressions that we copy into rules without being able to read them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from alert_rules import RULES_FILE, rules_text
from exporter.spec import Spec, is_native
from winburn.cli.spec_argument import fail

_SECONDS = 60


def check_queries(spec: Spec) -> None:
    """End with promtool's message where a ``ratio`` that stands in a recording rule is no PromQL.

    Prometheus would refuse the whole file, and with it every alert. ``winburn check`` sees no more of such a query than
    its quotes and brackets. Where there is no promtool on PATH, a line on stderr says that nobody has looked.
    """
    names = [slo.name for slo in spec.slos if slo.sli.ratio is not None and is_native(slo, spec)]
    if not names:
        return
    program = shutil.which("promtool")
    if program is None:
        said = f"rules: the ratio of {', '.join(names)} stands in the rules unread, as there is no promtool on PATH"
        click.echo(f"{said}; run `promtool check rules {RULES_FILE}` before Prometheus loads it", err=True)
        return
    with tempfile.TemporaryDirectory(prefix="winburn-") as folder:
        path = Path(folder) / RULES_FILE
        path.write_text(rules_text(spec), encoding="utf-8")
        try:
            words = [program, "check", "rules", str(path)]
            done = subprocess.run(  # noqa: S603 - the program that PATH names, on a file of ours
                words, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            fail(f"rules: {program} could not be asked: {error}")
    if done.returncode:
        fail(
            "rules: promtool refuses the rules\n" + (done.stderr or done.stdout).replace(str(path), RULES_FILE).strip()
        )
