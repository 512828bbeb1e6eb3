"""Thirty days of request counters as Prometheus blocks, and the spec of a thousand SLOs over them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from winburn.servers import Servers

END = 1_760_000_400.0
"""Where the data end; a whole hour, and the same each time so that all runs measure the same."""

DAYS = 30
PODS = 10
"""Instances of a service; each has a counter of good and one of bad requests."""

SERVICES = 10
SLOS = 1000

_BIG_SERIES = 50
_SCRAPE = 15.0
_RECENT = 7 * 3600.0
_BLOCK = 162 * 3600.0
"""Longest block that Prometheus makes of 2 h x 3^k within a tenth of the usual retentions of weeks."""

_ERRORS = 0.0005
Counter = tuple[str, NDArray[np.int64], NDArray[np.int64]]
"""Name with labels, times, values."""


def make_blocks(servers: Servers, folder: Path) -> None:
    """Blocks in ``folder``/data: ``big_requests_total``, 50 counters every 15 s for 30 days (8.6 M samples), and
    ``requests_total`` of the services, every 15 s for the last 7 hours and every 5 minutes before (the exporter reads
    no more of the past than that).

    Written in pieces of one block each, because promtool parses its whole input once for each block.
    """
    counters = list(_counters(np.random.default_rng(20261122)))
    first = (END - (DAYS + 0.5) * 86400) // _BLOCK * _BLOCK
    with ThreadPoolExecutor(1) as beside:  # one block is made while the next piece is written
        made = []
        for start in np.arange(first, END, _BLOCK):
            piece = folder / f"{start:.0f}.om"
            _write(piece, counters, (start, start + _BLOCK))
            made.append(beside.submit(_make_block, servers, piece, folder / "data"))
        for each in made:
            each.result()


def _write(piece: Path, counters: Sequence[Counter], span: tuple[float, float]) -> None:
    with piece.open("w") as out:
        for family, of_family in (("big_requests", counters[:_BIG_SERIES]), ("requests", counters[_BIG_SERIES:])):
            out.write(f"# TYPE {family} counter\n")
            for name, times, values in of_family:
                inside = slice(*np.searchsorted(times, span))
                pairs = zip(values[inside].tolist(), times[inside].tolist(), strict=True)
                out.write("".join([f"{name} {value} {time}\n" for value, time in pairs]))
        out.write("# EOF\n")


def _make_block(servers: Servers, piece: Path, data: Path) -> None:
    command = [servers.need("promtool"), "tsdb", "create-blocks-from", "--quiet"]
    command += [f"--max-block-duration={_BLOCK:.0f}s", "openmetrics", piece, data]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    piece.unlink()


def _counters(rng: np.random.Generator) -> Iterator[Counter]:
    begin = END - (DAYS + 0.25) * 86400
    even = np.arange(begin, END + 1, _SCRAPE).astype(np.int64)
    tiers = np.concatenate((np.arange(begin, END - _RECENT, 300.0), np.arange(END - _RECENT, END + 1, _SCRAPE)))
    for i in range(_BIG_SERIES):
        code = 500 if i % 5 == 4 else 200
        yield _counter(rng, f'big_requests_total{{job="big",instance="{i // 5}",path="{i % 5}",code="{code}"}}', even)
    for i in range(SERVICES * PODS * 2):
        name = f'requests_total{{job="service-{i // PODS // 2}",instance="{i // 2 % PODS}",code="{(200, 500)[i % 2]}"}}'
        yield _counter(rng, name, tiers.astype(np.int64))


def _counter(rng: np.random.Generator, name: str, times: NDArray[np.int64]) -> Counter:
    rate = 10 * (_ERRORS if 'code="500"' in name else 1.0)
    return name, times, np.cumsum(rng.poisson(rate * np.diff(times, prepend=times[0])))


def selectors(metric: str, job: str, number: int) -> tuple[str, str]:
    """Selectors of all and of bad requests; every ``number`` gives other texts for the same series, so that none is
    answered from another's answer."""
    inner = f'job="{job}",slo!="{number}"'
    return f"{metric}{{{inner}}}", f'{metric}{{{inner},code=~"5.."}}'


def spec_text(url: str, state: Path, slos: int = SLOS) -> str:
    """A spec with that many SLOs, spread over the services."""
    lines = ["sources:", f'  prod: {{type: prometheus, url: "{url}", timeout: 60s}}']
    lines += ["state:", f'  url: "sqlite:///{state}"', "slos:"]
    for i in range(slos):
        total, bad = selectors("requests_total", f"service-{i % SERVICES}", i)
        lines += [
            f"  - name: service-{i % SERVICES}-availability-{i:04d}",
            f"    service: service-{i % SERVICES}",
            "    category: availability",
            "    objective: 99.9",
            "    period: 30d",
            "    sli:",
            "      source: prod",
            f"      total: '{total}'",
            f"      bad: '{bad}'",
        ]
    return "\n".join(lines) + "\n"


def sloth_text(slos: int) -> str:
    """The same SLOs as a spec of Sloth."""
    lines = ["version: prometheus/v1", "service: bench", "slos:"]
    for i in range(slos):
        total, bad = selectors("requests_total", f"service-{i % SERVICES}", i)
        lines += [
            f"  - name: availability-{i:04d}",
            "    objective: 99.9",
            "    description: availability",
            "    sli:",
            "      events:",
            f"        error_query: 'sum(rate({bad}[{{{{.window}}}}]))'",
            f"        total_query: 'sum(rate({total}[{{{{.window}}}}]))'",
            f"    alerting: {{name: Burn{i}, page_alert: {{labels: {{a: b}}}}, ticket_alert: {{labels: {{a: b}}}}}}",
        ]
    return "\n".join(lines) + "\n"
