"""promtool's word on expressions that we copy into rules without being able to read them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from alert_rules import RULES_FILE, rules_text
from exporter.spec import Slo, Spec, is_native
from winburn.cli.spec_argument import fail

_SECONDS = 60


def check_queries(spec: Spec) -> None:
    """End with promtool's message where what stands in a recording rule is no PromQL: a ``ratio``, or a regular
    expression.

    Prometheus would refuse the whole file, and with it every alert. ``winburn check`` sees no more of a ratio than its
    quotes and brackets, and of a regular expression the common mistakes. Where there is no promtool on PATH, a line on
    stderr says of ratios that nobody has looked.
    """
    native = [slo for slo in spec.slos if is_native(slo, spec)]
    names = [slo.name for slo in native if slo.sli.ratio is not None]
    program = shutil.which("promtool")
    if not names and (program is None or not any(map(_has_pattern, native))):
        return
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


def _has_pattern(slo: Slo) -> bool:
    sli = slo.sli
    texts = (sli.total, sli.bad, sli.good, sli.bool, sli.latency and sli.latency.histogram)
    return any(isinstance(text, str) and ("=~" in text or "!~" in text) for text in texts)
