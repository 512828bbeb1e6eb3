"""Headline tests of the Upworthy Research Archive (exploratory part): what would be called of their final totals.

Packages of one test are its arms, the first one the control. Only totals are known, so nothing is watched here: the
rule that may be watched pays for that, and a plain z test does not. Tests created from 2013-06-25 to 2014-01-10 are
left out: their randomisation was faulty.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exporter.collectors.experiment_analysis import Result, analyse
from exporter.collectors.experiment_cases import Case

FAULTY = ("2013-06-25", "2014-01-11")
ALPHA = 0.05
AA_TEST = ((3052, 150), (3033, 122), (3092, 110), (3018, 132))
"""Impressions and clicks of the archive's test 546d88fb84ad38b2ce000024, whose four packages were the same."""


@dataclass(frozen=True, slots=True)
class HeadlineTest:
    """One test: (impressions, clicks) of each package; ``chosen`` is the place of the one its editors took, if any."""

    name: str
    totals: tuple[tuple[int, int], ...]
    chosen: int | None = None

    @property
    def leader(self) -> int:
        """Place of the package with the largest share of clicks."""
        return int(np.argmax([clicks / max(shown, 1) for shown, clicks in self.totals]))


def tests(folder: Path) -> list[HeadlineTest]:
    """The valid tests with at least two packages that were shown."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(folder / "packages.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            if not FAULTY[0] <= row["test_created_at_oid"] < FAULTY[1] and int(row["impressions"]) > 0:
                rows[row["clickability_test_id"]].append(row)
    return [_test(name, packages) for name, packages in sorted(rows.items()) if len(packages) > 1]


def _test(name: str, packages: Sequence[Mapping[str, str]]) -> HeadlineTest:
    ordered = sorted(packages, key=lambda row: (int(row["package_no"]), int(row["archive_row"])))
    chosen = [i for i, row in enumerate(ordered) if row["winner"] == "True"]
    totals = tuple((int(row["impressions"]), int(row["clicks"])) for row in ordered)
    return HeadlineTest(name, totals, chosen[0] if chosen else None)


def results(found: Sequence[HeadlineTest]) -> list[Result]:
    """The exporter's analysis of the totals, each test a family of its own."""
    return analyse(
        [
            Case(
                kind="proportion",
                epochs=(tuple((float(shown), float(clicks)) for shown, clicks in test.totals),),
                planned=(1 / len(test.totals),) * len(test.totals),
                alpha=ALPHA,
                family=test.name,
            )
            for test in found
        ]
    )


def winner(test: HeadlineTest, result: Result) -> int | None:
    """The package that is called: the best of those that are better than the control; the control itself where every
    other one is worse; None where nothing is decided so far."""
    better = [i + 1 for i, verdict in enumerate(result.verdict) if verdict == 1]
    if better:
        return max(better, key=lambda i: test.totals[i][1] / test.totals[i][0])
    return 0 if (result.verdict == -1).all() else None


def table(found: Sequence[HeadlineTest]) -> list[list[str]]:
    """How many tests each rule calls, and whom it calls the winner."""
    said = results(found)
    z = [np.abs(result.z) for result in said]
    called = [bool(np.isin(result.verdict, (-1, 1)).any()) for result in said]
    winners = [(test, winner(test, result)) for test, result in zip(found, said, strict=True)]
    ours = [(test, place) for test, place in winners if place is not None]
    better = [(test, place) for test, place in ours if place > 0]
    plain = [bool((each > 1.96).any()) for each in z]
    corrected = [bool((each > _bonferroni(len(each))).any()) for each in z]
    rows = [
        ["tests", len(found)],
        ["variants compared with their control", sum(len(each) for each in z)],
        ["tests called by winburn (any verdict)", sum(called)],
        ["tests called by a plain z test, any z beyond 1.96", sum(plain)],
        ["tests called by a z test, Bonferroni within the test", sum(corrected)],
        ["called by winburn, not by the plain z test", sum(a and not b for a, b in zip(called, plain, strict=True))],
        [
            "called by winburn, not by the corrected z test",
            sum(a and not b for a, b in zip(called, corrected, strict=True)),
        ],
        ["tests with a winner called by winburn", len(ours)],
        ["... of which another package than the first", len(better)],
        [
            "... winner has the most clicks per impression of the archive",
            sum(test.leader == place for test, place in ours),
        ],
        ["... and the editors chose one", sum(test.chosen is not None for test, _ in ours)],
        ["... and it was this one", sum(test.chosen == place for test, place in ours)],
        ["tests in which the editors chose one", sum(test.chosen is not None for test in found)],
        [
            "... which winburn calls worse than the first package",
            sum(_chose_worse(*each) for each in zip(found, said, strict=True)),
        ],
    ]
    return [["what", "count"], *([what, f"{count:,}"] for what, count in rows)]


def _bonferroni(pairs: int) -> float:
    from scipy.special import ndtri  # noqa: PLC0415 - one number

    return float(-ndtri(ALPHA / pairs / 2))


def _chose_worse(test: HeadlineTest, result: Result) -> bool:
    return bool(test.chosen) and result.verdict[(test.chosen or 0) - 1] == -1
