"""Run every benchmark and print one table; exit code 1 where a bar is missed."""

import sys

from benchmarks import experiments, live, rules, scrape, slos
from benchmarks.result import Result, table

BENCHMARKS = (scrape.run, slos.run, rules.run, live.run, experiments.run)


def main() -> int:
    """All benchmarks, one after the other: side by side they would take the CPU from each other."""
    results: list[Result] = [result for benchmark in BENCHMARKS for result in benchmark()]
    print(table(results))
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
