"""Targets that read: specs, files of other tools, answers of sources, queries, times, and the heads of requests."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from exporter.live.stream import _position
from exporter.negotiate import accepts_gzip, choose_format
from exporter.origin import stranger
from exporter.promql import check_expression, check_selector, parse_duration, split_comparison
from exporter.re2 import check_regex
from exporter.sources.base import SourceError
from exporter.sources.count_rows import counts
from exporter.sources.file import FileSource
from exporter.sources.json_rows import definition_of, metric_rows
from exporter.sources.moments import unix
from exporter.sources.prometheus_answers import fill, reading, split
from exporter.sources.prometheus_api import parsed
from exporter.spec import Spec, SpecErrors, lint, load, load_text, tiers_in_force, windows_of
from exporter.spec.corrections import intervals
from exporter.spec.experiment_models import JsonCounts, JsonDefinition, Metric
from exporter.spec.mask import masked
from exporter.spec.slo_models import CsvSlots
from exporter.web_config.read import read
from winburn.convert import Input, convert
from winburn.convert.promql_tokens import PromqlError, tidy, with_window
from winburn.convert.promql_tree import parse

_NOW = 1_700_000_000.0
CUT = b"\n# another file\n"


def spec(data: bytes) -> object:
    """A spec, or the files of a folder with CUT between them: SpecErrors, or one that can be shown and judged."""
    files = data.split(CUT)
    try:
        loaded = load_text(text_of(data), folder=Path("/etc/winburn")) if len(files) == 1 else load(_folder_of(files))
    except SpecErrors as errors:
        return str(errors)
    return masked(loaded), list(lint(loaded)), _once_and_again(loaded)


def _folder_of(files: list[bytes]) -> Path:
    where = folder() / "spec"
    where.mkdir(exist_ok=True)
    for old in where.iterdir():
        old.unlink()
    for i, each in enumerate(files[:4]):
        (where / f"{i}.yml").write_bytes(each)
    return where


def _once_and_again(loaded: Spec) -> list[object]:
    return [
        (tiers_in_force(slo), windows_of(slo), intervals(slo.corrections, _NOW, _NOW + 90 * 86400))
        for slo in loaded.slos
    ]


def converter(data: bytes) -> object:
    """A file of another tool: what comes out is a good spec, or a note says why there is none."""
    found = convert([Input("fuzz.yaml", text_of(data))])
    if found.text:
        assert [slo.name for slo in load_text(found.text).slos] == list(found.kinds)
    else:
        assert found.notes
    return found.text, found.notes


def web_config(data: bytes) -> object:
    """A web config file: SpecErrors, or what it says."""
    path = folder() / "web.yml"
    path.write_bytes(data)
    try:
        return read(path).headers
    except SpecErrors as errors:
        return str(errors)


def prometheus(data: bytes) -> object:
    """The body of an answer: ValueError, or readings and rows."""
    body = parsed(data)
    answer = body.get("data") if isinstance(body, dict) else body
    found = []
    for kind in ("vector", "matrix"):
        for marker, count in ((None, 1), ("n", 3)):
            try:
                series = split(json.loads(json.dumps(answer)), kind, marker, count)  # type: ignore[arg-type]
                found.append(repr([reading(each) for each in series]) if kind == "vector" else _filled(series))
            except ValueError as error:
                found.append(str(error))
    return found


def _filled(series: list[Any]) -> str:
    rows: dict[str, Any] = {}
    for each in series:
        fill(rows, each, np.arange(_NOW, _NOW + 600, 60))
    return repr(rows)


def json_rows(data: bytes) -> object:
    """The body of an API's answer: SourceError, or counts and a definition."""
    page = parsed(data)
    try:
        where = JsonCounts(path="/", rows="rows")
        rows = metric_rows("source s", where, ("variant", "n", "successes"), [page])
        found: object = counts("s", _metric(), rows, ("variant", "n", "successes"))
    except SourceError as error:
        found = str(error)
    try:
        values = {"on": "running", "off": "paused"}
        wanted = JsonDefinition.model_validate({"source": "s", "path": "/", "status": "status", "values": values})
        return repr(found), repr(definition_of("source s", wanted, [page]))
    except SourceError as error:
        return repr(found), str(error)


def csv(data: bytes) -> object:
    """A CSV file: SourceError, or counts and slots."""
    path = folder() / "counts.csv"
    path.write_bytes(data)
    source = FileSource("s", str(path))
    found: list[str] = []
    columns = CsvSlots(time="time", total="n", bad="successes")
    for ask in (lambda: source.counts(_metric(), _NOW), lambda: source.slots(columns, _NOW, _NOW + 600, 60)):
        try:
            found.append(repr(ask()))
        except SourceError as error:
            found.append(str(error))
    return found


def promql(data: bytes) -> object:
    """A query: PromqlError, a sentence, or a tree."""
    text = text_of(data)
    found = [check_selector(text), check_expression(text), check_regex(text), repr(_or_error(split_comparison, text))]
    try:
        return [*found, tidy(text), repr(parse(with_window(text)))]
    except PromqlError as error:
        return [*found, str(error)]


def times(data: bytes) -> object:
    """A duration, a time of a database, and a rule for corrections."""
    text = text_of(data)
    found = [_or_error(parse_duration, text), unix(text, ZoneInfo("Europe/Berlin"))]
    words = [*text.split("|"), "FREQ=DAILY", "02:00", "1h"]
    rule, start, lasts = map(json.dumps, words[:3])
    try:
        loaded = load_text(_CORRECTED.format(rule=rule, start=start, lasts=lasts))
    except SpecErrors as errors:
        return [*found, str(errors)]
    return [*found, intervals(loaded.slos[0].corrections, _NOW, _NOW + 90 * 86400)]


def request(data: bytes) -> object:
    """What any client may send in a request's head."""
    text = data.decode("latin-1")
    host, _, rest = text.partition("|")
    site, _, origin = rest.rpartition("|")
    who = stranger({"origin": origin, "host": host} | ({"sec-fetch-site": site} if site else {}), frozenset())
    return choose_format(text), accepts_gzip(text), who, _position(data)


_CORRECTED = """\
sources: {{p: {{type: prometheus, url: "http://p"}}}}
slos:
  - name: a
    service: a
    objective: 99
    period: 30d
    sli: {{source: p, total: a_total, bad: b_total}}
    corrections: [{{rrule: {rule}, start: {start}, duration: {lasts}, reason: r}}]
"""


def _metric() -> Metric:
    return Metric.model_validate({"name": "m", "kind": "proportion", "source": "s"})


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _or_error(of: Callable[[str], object], text: str) -> object:
    try:
        return of(text)
    except ValueError as error:
        return str(error)


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="winburn-fuzz-"))
