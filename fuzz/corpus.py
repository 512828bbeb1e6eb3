"""Good texts to begin with: the examples that the tests have, a few bodies, and the inputs that once did harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent / "tests"
SEEDS = _TESTS / "fuzz" / "seeds"
"""Folder of each target -> inputs that did harm once, whose tests replay them."""

_VECTOR = (
    b'{"status":"success","data":{"resultType":"vector","result":'
    b'[{"metric":{"n":"0","a":"b"},"value":[1700000000,"1"]}]}}'
)
_MATRIX = (
    b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":'
    b'[[1700000000,"1"],[1700000060,"NaN"]]}]}}'
)
_JSON = (
    b'{"rows":[{"variant":"a","n":10,"successes":1},{"variant":"b","n":9,"successes":2}],"status":"on",'
    b'"shares":{"a":0.5}}'
)
_CSV = (
    b"variant,n,successes\na,10,1\nb,9,2\n",
    b"time,n,successes\n1700000000,10,1\n1700000060,9,2\n",
    b'variant,n,successes,time\n"a, b",1e3,1,1700000000\n',
)
_PROMQL = (
    b'sum(rate(http_requests_total{job="a",code=~"5.."}[$window])) / sum(rate(http_requests_total{job="a"}[5m]))',
    b"a > bool 1 and on (x) group_left (y) b unless c offset 5m @ start()",
    b"1 - (sum by (le) (rate(a_bucket{le='0.5'}[{{.window}}])) or vector(0)) # end",
    b'a{b=~"(?i)[[:alpha:]]+\\\\p{Greek}{2,3}|\\\\Qx\\\\E", c!~`d`}[1h30m:5m]',
)
_TIMES = (
    b"FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20271231T000000Z|2026-11-01T02:00|1h30m",
    b"RRULE:FREQ=MONTHLY;BYDAY=-1SU;COUNT=5|02:30|2d",
    b"1y2w3d4h5m6s7ms",
    b"2026-11-01 02:00:00+01:00",
)
_REQUEST = (
    b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    b"gzip;q=0, br, *;q=0.5",
    b"localhost:10345|http://localhost:10345",
    b"stream=abc&seq=12",
)


def corpus(target: str) -> Sequence[bytes]:
    """What a target begins with, in a fixed order; never empty."""
    return (*_OWN.get(target, ()), *_files(_FILES.get(target, ())), *_files((f"fuzz/seeds/{target}/*",)))


_OWN: Mapping[str, Sequence[bytes]] = {
    "prometheus": (_VECTOR, _MATRIX),
    "json": (_JSON,),
    "csv": _CSV,
    "promql": _PROMQL,
    "times": _TIMES,
    "request": _REQUEST,
    "web-config": (
        b'tls_server_config: {cert_file: a, key_file: b, min_version: TLS12}\nbasic_auth_users:\n  ann: "$2y$10$abc"\n',
        b"http_server_config: {http2: false, headers: {X-Frame-Options: deny}}\nrate_limit: {interval: 1s, burst: 5}",
    ),
}
_FILES: Mapping[str, Sequence[str]] = {
    "spec": ("exporter/spec/good/*.yml", "exporter/spec/broken/*.yml"),
    "convert": ("winburn/convert/cases/*.in.yaml",),
}


def _files(patterns: Sequence[str]) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(_TESTS.glob(pattern))]
