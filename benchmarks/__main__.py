"""Run every benchmark and print one table; exit code 1 where a bar is missed.

``python -m benchmarks [--json | --markdown] [NAME ...]``: of scrape, busy, slos, rules, experiments, live, memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict

from benchmarks import busy, experiments, live, memory, rules, scrape, slos
from benchmarks.result import Result, markdown, table

BENCHMARKS = {
    "scrape": scrape.run,
    "busy": busy.run,
    "slos": slos.run,
    "rules": rules.run,
    "experiments": experiments.run,
    "live": live.run,
    "memory": memory.run,
}


def main() -> int:
    """The benchmarks, one after the other: side by side they would take the CPU from each other."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    form = asked.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print a Markdown table")
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all of them by default")
    given = asked.parse_args()
    if unknown := set(given.names) - BENCHMARKS.keys():
        asked.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    began, before = time.monotonic(), os.getloadavg()[0]
    results: list[Result] = []
    for name in given.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr)
        results += BENCHMARKS[name]()
    load = f"load average {before:.2f} before, {os.getloadavg()[0]:.2f} after, {os.cpu_count()} processors"
    about = f"{load}, {time.monotonic() - began:.0f} s"
    if given.json:
        rows = [{**asdict(each), "met": each.met} for each in results]
        print(json.dumps({"about": about, "results": rows}, indent=2))
    else:
        print(f"{markdown(results) if given.markdown else table(results)}\n\n{about}")
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
