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


_NATIVE = b"""\
sources:
  p: {type: prometheus, url: "http://p", rules: true}
  shop: {type: sql, url: "sqlite:///shop.db"}
slos:
  - {name: a, service: b, objective: 99.9, period: 30d, sli: {source: p, total: a_total, bad: 'a_total{code=~"5.."}'}}
  - name: b
    service: b
    objective: 99
    period: {calendar: month, timezone: Europe/Berlin}
    group_by: [zone, kind]
    labels: {team: payments, note: 'zahlt {{ "bald" }}'}
    runbook: https://wiki.example/b
    no_data: page
    sli: {source: p, latency: {histogram: 'http_seconds{job="web"}', threshold: 0.25}}
    corrections: [{rrule: FREQ=WEEKLY;BYDAY=SU, start: "02:00", duration: 1h, reason: backup}]
  - name: c
    service: c
    objective: 99.5
    period: 7d
    sli: {source: p, bool: 'probe_success{job="x"}'}
    alerting: {tiers: [{name: quick, severity: page, long: 30m, short: 3m, factor: 21.6}], low_traffic_gate: 0.01}
  - {name: d, service: c, objective: 99, period: 30d, sli: {composite: [{slo: a, weight: 2}, {slo: c}]}}
experiments:
  - name: e
    control: blue
    variants: {blue: 0.5, green: 0.5}
    labels: {team: payments}
    guardrails: [{slo: a, by: arm}]
    metrics: [{name: m, kind: proportion, source: shop, query: SELECT 1}]
    value: {metric: m, per_event: 2, currency: EUR}
    cost: {source: shop, query: SELECT 1, currency: EUR, limit: 100}
engagement: {source: shop, fatigue: {window: 14d, max_uses: 5}}
"""
_TOLD = b"""\
sources: {p: {type: prometheus, url: "http://p"}}
slos:
  - {name: a, service: b, objective: 99, period: 30d, labels: {team: x}, sli: {source: p, total: a_total, bad: b_total}}
tenant: acme
links: {grafana: "https://g.example", runbooks: "https://r.example/x", alertmanager: "https://a.example"}
dashboards: [{name: mine, title: Mine, team: x, panels: [{title: A, expr: sum(a_total), unit: s, kind: number}]}]
alerting:
  alertmanager: ["http://am:9093"]
  push: true
  external_labels: {cluster: eu}
  smtp: {smarthost: "mail.example.org:587", from: winburn@example.org, username: w, password_file: /run/mail}
  receivers:
    page: {webhook_file: /run/p, pagerduty: {routing_key_file: /run/pd}, opsgenie: {api_key_file: /run/o, api_url: "https://o.example/"}}
    ticket: {webhook: "http://t.example/x", email: {to: [a@b.c]}, teams: {webhook_url_file: /run/t}}
    experiment: {slack: {channel: "#news", api_url_file: /run/s}}
    heartbeat: {webhook: "http://h.example"}
  routes: [{name: x, match: {team: x}, receivers: {page: {slack: {channel: "#x", api_url_file: /run/s}}}}]
  mute: [{name: nights, roles: [ticket], timezone: Asia/Tokyo, times: [{days: [monday], from: "22:00", to: "06:00"}]}]
"""
_QUERIES = (
    b"format=json&period=7d&timezone=Europe/Berlin",
    b"format=html&from=1699990000&to=2023-11-14T22:00:00%2B01:00",
    b"format=csv&slo=checkout&slo=search&experiment=buttons",
    b"format=md&since-release=2023-11-14T21:00:00Z",
    b"period=this-month",
    b"period=last-week&timezone=Pacific/Kiritimati",
)
_HTTP = (
    b"GET /api/v1/report?format=md&period=1d\nhost: a:1\naccept-encoding: gzip",
    b"POST /-/reload\nhost: a:1\norigin: http://a:1",
    b"GET /metrics\naccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\naccept-encoding: gzip;q=0",
    b'GET /live/app.js\nif-none-match: "x"',
    b"GET /live/stream\nupgrade: websocket",
    b"OPTIONS /api/v1/snapshot\norigin: https://a.example\naccess-control-request-method: GET",
    b"GET /api/v1/snapshot\norigin: https://b.example\nrange: bytes=0-1",
    b"HEAD /",
    b"GET /config",
    b"GET /%2e%2e/%00?%ff",
)

_TLS = (
    b"tls_server_config:\n  cert: x\n  key: y\n  client_ca_file: c\n  client_auth_type: RequireAndVerifyClientCert\n"
    b"  client_allowed_sans: [a]\n  min_version: TLS10\n  max_version: TLS13\n"
    b"  curve_preferences: [X25519, CurveP256]\n"
    b"  cipher_suites: [TLS_AES_128_GCM_SHA256]\n  prefer_server_cipher_suites: true\n"
)

_OWN: Mapping[str, Sequence[bytes]] = {
    "rules": (_NATIVE,),
    "alertmanager": (_TOLD,),
    "dashboards": (_TOLD, _NATIVE),
    "spec": (_NATIVE, _TOLD),
    "exposition": (b"a|b|c", '1e300|é\\|"\n'.encode(), b"-0.0|{}|# EOF", b'5e-324|a" 1|le="+Inf"} 1 # {} 1'),
    "report": _QUERIES,
    "http": _HTTP,
    "documents": (b"", bytes(range(8)), b"\x00\x00\x05x\x01\x00\x05x\x02\x00\x05x"),
    "state": (b"", b"\x80", b"\xff" + bytes(6), b"\x00" + bytes(range(60))),
    "prometheus": (_VECTOR, _MATRIX),
    "json": (_JSON,),
    "csv": _CSV,
    "promql": _PROMQL,
    "times": _TIMES,
    "request": _REQUEST,
    "web-config": (
        b'tls_server_config: {cert_file: a, key_file: b, min_version: TLS12}\nbasic_auth_users:\n  ann: "$2y$10$abc"\n',
        _TLS,
        b"http_server_config: {http2: false, headers: {X-Frame-Options: deny}}\nrate_limit: {interval: 1s, burst: 5}",
    ),
}
_FILES: Mapping[str, Sequence[str]] = {
    "spec": ("exporter/spec/good/*.yml", "exporter/spec/broken/*.yml"),
    "alertmanager": ("exporter/spec/good/alerting.yml",),
    "dashboards": ("exporter/spec/good/dashboards.yml",),
    "convert": ("winburn/convert/cases/*.in.yaml",),
}


def _files(patterns: Sequence[str]) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(_TESTS.glob(pattern))]
