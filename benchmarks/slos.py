"""A thousand SLOs against a real Prometheus with 30 days of counters: what they cost it, us, and the generators.

The peer is what most SLO exporters and generators do: ask for ratios of ``rate(counter[30d])``, so that Prometheus
reads the month again for each answer. CPU is user and system time of the processes, from /proc.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from benchmarks import experiments
from benchmarks.result import Result
from benchmarks.slos_data import DAYS, END, SERVICES, SLOS, make_blocks, selectors, sloth_text, spec_text
from exporter.collectors.slo import SloCollector
from exporter.loop import Loop
from exporter.sources.base import CounterSource, SourceError
from exporter.sources.build import open_source
from exporter.sources.prometheus import PrometheusSource
from exporter.spec import PrometheusSource as PrometheusModel
from exporter.spec import Spec, load
from exporter.state import State
from winburn.assemble import Assembly, assemble, open_state
from winburn.memory import collect_seldom
from winburn.processes import LOOPBACK, Group, Process, free_port, start_prometheus, wait_http
from winburn.servers import Servers, ServersUnavailable, cache_folder, fetch

ROOT = Path(__file__).resolve().parents[1]
UPDATE_BAR = 200.0
"""How many times less of Prometheus' CPU an update must take than a direct query over 30 days."""

REFRESH_SECONDS = 1.0
GENERATE_SECONDS = 10.0

_UPDATED = 96
"""SLOs that are updated together: four full batches."""

_ROUNDS = 3
_CPU_SECONDS = 0.5  # a round: enough for 2 % at ticks of 10 ms
_REFRESHES = 12
_WINDOWS = 8
_SLO_GENERATOR = "slo-generator[prometheus]==2.6.0"
_PEERS = 10


def run() -> Iterator[Result]:
    """One result for each bar; none, and one line, where no Prometheus can be had."""
    try:
        servers = fetch(cache_folder(os.environ), os.environ, lambda line: print(line, file=sys.stderr))
    except ServersUnavailable as problem:
        print(f"1,000 SLOs: skipped: {problem}")
        return
    with tempfile.TemporaryDirectory(prefix="winburn-bench-") as name:
        folder = Path(name)
        make_blocks(servers, folder)
        with Group() as group:
            process, url = _prometheus(servers, folder, group)
            spec_file = folder / "spec.yml"
            spec_file.write_text(spec_text(url, folder / "state.db"), encoding="utf-8")
            direct = yield from _updates(url, process)
            ours = yield from _refreshes(spec_file, process, direct)
            yield from _peer(url, process, ours)
        yield from _generators(spec_file, folder)


def _prometheus(servers: Servers, folder: Path, group: Group) -> tuple[Process, str]:
    config, port = "global: {scrape_interval: 1h}\n", free_port()
    # Blocks as they are: a compaction would be counted as somebody's query.
    still = ["--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h"]
    process = group.add(start_prometheus(servers, folder, config, port, folder / "log", "10y", still))
    url = f"http://{LOOPBACK}:{port}"
    wait_http(f"{url}/-/ready", 60, process)
    return process, url


def _updates(url: str, process: Process) -> Generator[Result, None, float]:
    """Prometheus' CPU of one SLO of 50 series at 15 s: a live update as we ask for it, and the direct 30 d ratio.

    Returns the seconds of the direct one.
    """
    model = PrometheusModel(type="prometheus", url=url)
    source = cast(PrometheusSource, open_source("prod", model, url=url, series_limit=5000))
    ours = [text for i in range(_UPDATED) for text in selectors("big_requests_total", "big", i)]
    total, bad = selectors("big_requests_total", "big", 0)
    theirs = [f"sum(rate({bad}[{DAYS}d])) / sum(rate({total}[{DAYS}d]))"]
    rounds = [
        (_asked(source, ours, process, 50) / _UPDATED, _asked(source, theirs, process, 1)) for _ in range(_ROUNDS)
    ]
    source.close()
    update, direct = (min(side) for side in zip(*rounds, strict=True))
    what = "update of an SLO of 50 series, 30 d at 15 s, Prometheus CPU; peer: rate[30d]"
    yield Result(what, f"{1000 * update:.2f} ms", f"{1000 * direct:,.0f} ms", direct / update, UPDATE_BAR)
    return direct


def _asked(source: CounterSource, queries: list[str], process: Process, series: int) -> float:
    """Prometheus' seconds for asking all queries at one instant; the least of neighbours is the caller's affair."""
    before, times, used = cpu_seconds(process.popen.pid), 0, 0.0
    while used < _CPU_SECONDS:
        for answer in source.counters(queries, END - 15.0 * times):
            if isinstance(answer, SourceError):
                raise answer
            if len(answer) not in (series, series // 5):
                raise RuntimeError(f"{len(answer)} series instead of {series}")
        times += 1
        used = cpu_seconds(process.popen.pid) - before
    return used / times


def _refreshes(spec_file: Path, process: Process, direct: float) -> Generator[Result, None, float]:
    """CPU of whole refreshes, from the questions to the compressed snapshot, on our side and on Prometheus'.

    Returns the seconds of both for one SLO.
    """
    spec = load(spec_file)
    first = END - _REFRESHES * spec.refresh
    state = open_state(spec)
    assembly = assemble(spec, state)
    _fill(spec, assembly, first)
    collect_seldom()  # as serve does
    loop = Loop(
        assembly.collectors,
        refresh=3600.0,  # for the deadline only: a slow machine must not cut a refresh in two
        lag=0.0,
        keep_seconds=spec.keep_seconds,
    )
    instants = [first + i * spec.refresh for i in range(1, _REFRESHES + 1)]
    _refresh(loop, instants[0])  # fills caches, and does what is done once an hour
    server, own = cpu_seconds(process.popen.pid), time.process_time()
    for instant in instants[1:]:
        _refresh(loop, instant)
    own, server = (time.process_time() - own) / (_REFRESHES - 1), cpu_seconds(process.popen.pid) - server
    server /= _REFRESHES - 1
    state.close()
    what, peer = f"refresh of {SLOS:,} SLOs x 8 windows", SLOS * direct
    yield Result(f"{what}, exporter CPU; peer: the bar", f"{own:.2f} s", f"{REFRESH_SECONDS:g} s", 1 / own, 1.0)
    both = own + server
    # Not like for like: ours have 20 series each, those of the direct ratio 50.
    what += " of 20 series, both CPUs; peer: rate[30d] of 50 series"
    yield Result(what, f"{both:.2f} s", f"{peer:,.0f} s", peer / both)
    return both / SLOS


def _peer(url: str, process: Process, ours: float) -> Iterator[Result]:
    """The same SLOs and windows by slo-generator, a few of them, CPU of both sides."""
    try:
        python = experiments.peer(cache_folder(os.environ) / "slo-generator", _SLO_GENERATOR)
    except (OSError, ServersUnavailable, subprocess.CalledProcessError) as problem:
        print(f"SLOs against slo-generator: skipped: it could not be installed: {problem}", file=sys.stderr)
        return
    script, before = Path(__file__).with_name("slos_peer.py"), cpu_seconds(process.popen.pid)
    words = [python, "-W", "ignore", script, url, str(END), str(_PEERS)]
    own = float(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
    # One SLO more, to warm up, is in what Prometheus has spent.
    theirs = own / _PEERS + (cpu_seconds(process.popen.pid) - before) / (_PEERS + 1)
    what = f"one SLO of 20 series x 8 windows, both CPUs; peer: {_SLO_GENERATOR.replace('[prometheus]', '')}"
    yield Result(what, f"{1000 * ours:.2f} ms", f"{1000 * theirs:.0f} ms", theirs / ours)


def _refresh(loop: Loop, at: float) -> None:
    snapshot = loop.refresh_once(at)
    burn_rates = sum(sample.name == "slo_burn_rate" for sample in snapshot.samples)
    if burn_rates != SLOS * _WINDOWS:
        raise RuntimeError(f"not a whole refresh: {burn_rates} burn rates")


def _fill(spec: Spec, assembly: Assembly, at: float) -> None:
    """Give every SLO 30 days: read once for each service, as the first run would, and taken over as at a restart.

    The same read for all thousand would be minutes, of which nothing is measured here.
    """
    memory = State("sqlite://")
    readers = assemble(spec.model_copy(update={"slos": spec.slos[:SERVICES]}), memory)
    failed = [report.error for each in readers.collectors for report in each.collect(at) if report.error]
    if failed:
        raise RuntimeError(f"the past could not be read: {failed[0]}")
    past = {ledger.slo: ledger for ledger in memory.ledgers()}
    memory.close()
    (collector,) = cast("tuple[SloCollector]", assembly.collectors)
    for i, track in enumerate(collector.tracks):
        like = past[spec.slos[i % SERVICES].name]
        if not track.restore([replace(like, slo=track.slo.name, definition=track.definition)]):
            raise RuntimeError("the past that was read is not taken over")


def _generators(spec_file: Path, folder: Path) -> Iterator[Result]:
    """CPU of the two commands that write rules and dashboards, with the start of Python and the reading of the spec."""
    native = folder / "native.yml"
    native.write_text(spec_file.read_text().replace("timeout: 60s", "timeout: 60s, rules: true"), encoding="utf-8")
    for file, kind in ((spec_file, ""), (native, ", with the native branch")):
        used = sum(_used(command, file, folder) for command in ("rules", "dashboards"))
        what = f"winburn rules and dashboards of {SLOS:,} SLOs{kind}, CPU; peer: the bar"
        yield Result(what, f"{used:.1f} s", f"{GENERATE_SECONDS:g} s", GENERATE_SECONDS / used, 1.0)
        if not kind:
            ours = used
    sloth = shutil.which("sloth")
    if sloth is None:
        print("rules against Sloth: skipped: there is no sloth on PATH", file=sys.stderr)
        return
    (folder / "sloth.yml").write_text(sloth_text(SLOS), encoding="utf-8")
    before = _children()
    words = [sloth, "generate", "-i", folder / "sloth.yml", "-o", folder / "sloth.rules.yml"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    theirs = _children() - before
    what = f"winburn rules and dashboards of {SLOS:,} SLOs, CPU; peer: sloth generate"
    yield Result(what, f"{ours:.1f} s", f"{theirs:.1f} s", theirs / ours, 1.0)


def _used(command: str, spec_file: Path, folder: Path) -> float:
    before = _children()
    words = [sys.executable, "-m", "winburn", command, spec_file, "--out", folder / command]
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
