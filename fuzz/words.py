"""Words for documents: what means something to somebody further down, and what readers of numbers stumble over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HOSTILE: Sequence[str] = (
    "", " ", " a", "a ", "\t", "\n", "a\nb", "a\n\n b\n\n", "\na", "\r", "a\r\nb", "\x00", "\x07", "\x0b", "\x0c", "\x1b[2J",
    "\x1c", "\x1e", "\x7f", "\x80", "\x85", "a\x85b", "\xa0", "\u2028", "a\u2028b", "\u202e", "\ufeff", "\ufffe", "\uffff", "é", "e\u0301", "ß", "１２", "💥", "\U0010ffff",
    "{{ .x }}", "{{", "}}", "{{ $labels.instance }}", '{{ query "up" }}', '{{ template "winburn.title" . }}', "$value", "$1", "${X}", "$$", "$window", "%", "%s", "%(a)s", "{}", "{0}",
    "<script>alert(1)</script>", "&amp;", "]]>", "=cmd()", "'; DROP TABLE x; --", "'", '"', "`", "\\", "\\\\", "\\n", "\\x", "\\u00e9", "\\E", "a\\",
    "null", "~", "true", "yes", "on", "n", "0x1F", "0o17", "1_000", "1e3", ".inf", ".nan", "-", "--- ", "...", "2026-01-01", "12:30:45", "1:2", "!!x", "!a", "&a", "*a", "<<", "=", "?", "? a", ": ", "a: b", "- a", "#", " #", "a # b", "|", ">", "@", "%YAML",
    "[", "]", "{", "}", ",", "(", ")", ";", "a,b", "a=b", "a|b", ".*", ".+", "^$", "(?i)a", "[b-a]", "a{2,1}", "\\pX", "(?P<n>a)", "x*", "a/b", "../a", "/", "//", "C:\\a", "file:///a", "http://", "http://[", "http://a:b", "https://u:p@h/p?q#f", "http://a b/", "http://a/%zz",
    "a" * 99, "a" * 100, "a" * 101, "a" * 200, "é" * 200, "a" * 5000, "page", "ticket", "variant", "slo", "le", "__name__", "job", "tenant", "winburn", "nobody", "heartbeat", "experiment", "slo_group", "metric", "persona", "control", "status", "objective", "service", "kind", "period",
)  # fmt: skip
"""Texts."""

ODD_VALUES: Sequence[Any] = (
    None, True, False, 0, -0.0, -1, 1, 0.1, 1e-320, 5e-324, 1e308, -1e308, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 10**400,
    float("inf"), float("nan"), "", [], {}, [[]], [None], {"": None}, {"a": 1}, ["a"], [1, 2], "NaN", "Inf", "-Inf", "1e999", "0",
)  # fmt: skip
"""Values of other types."""

_SELECTORS = (
    "a_total", 'a_total{code=~"5.."}', "{__name__='a_total'}", '{"a_total",b="c"}', '{"a.b"}', 'a_total{"x.y"="z",}', "a:b{c!~`d\\d`}",
    'a{b="\\u00e9\\x41\\101"}', "a{b='it\\'s',c=\"\\\"\"}", 'a{b="{}"}', 'a{b="}",c="["}', 'a{b=~"[b-a]"}', 'a{b=~"x{2,1}"}', 'a{b=~"\\\\pX"}', " a {} ",
    'a{b=~"(?P<n>x)(?P<n>y)"}', 'a{b=~"[[:foo:]]"}', 'a{b=~"(x{500}){500}"}', "inf_total", "by", "on", "bool", "offset", "a{b=\"\ufeff\"}", 'a{le="1"}', "sum", "start", "a{b='\n'}", "a\n{\nb=\"c\"\n}", "topk{a='b'}", 'a{b=~"\\\\8"}', 'a{b=~"(?<n>x)"}', 'a{b=~"(?i:x)|[^\\\\W]"}', 'a{b=~"\\\\x{110000}"}', 'a{b=~"x**"}', 'a{b=~"[a-\\\\d]"}', 'a{b="\xed"}', 'a{b=~"a{,2}"}', 'a{b=~"\\\\z\\\\Z"}',
)  # fmt: skip
_HISTOGRAMS = (
    "http_seconds", 'http_seconds{job="web"}', '{__name__="http_seconds"}', '{"http_seconds",job="x"}', "a{b='}'}", "a{ b='c' , }", 'a{b="{"}',
)  # fmt: skip
_URLS = (
    "http://a", "https://a:1/b/", "http://", "https://", "http://[::1]:9", "http://[", "http://a b", "http://a/%zz", "http://u:p@a", "http://a?x=y#z", "http://a:b", "http://a:99999", "http://é", "http://a\\b", "HTTP://a", "http:///x", "https://:1", "http://{{ .x }}",
)  # fmt: skip
_FILES = ("a", "/a b", "../x", "~/x", "é", "a\nb", "a'b", "{{ .x }}", "\\\\x", "/dev/null")
_QUERIES = ("SELECT 1", "SELECT :start, :end, :step", "SELECT '\n' --", "")

OF_KEY: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("total", "bad", "good", "bool", "exposures", "events", "sum", "sum_squares", "spent"), _SELECTORS),
    "histogram": _HISTOGRAMS,
    "good_when": ("a < 1", "max(a) > bool 0", "(a{b='<'} == 1)", "a < 1 # b", "a\n<\n1", "a < 1 and b", "`<` < 1", "a <"),
    "ratio": (
        "1 - avg_over_time(a[$window])", "a[$window]", "sum(rate(a[$window]))/sum(rate(b[$window])) # c", "x[$window] #",
        "avg_over_time(a{b='$window'}[$window])", "vector(0) + $window",
    ),
    **dict.fromkeys(("sql", "query", "segments"), _QUERIES),
    **dict.fromkeys(("url", "webhook", "api_url", "grafana", "runbooks", "alertmanager", "runbook"), _URLS),
    **dict.fromkeys(
        ("path", "url_file", "token_file", "webhook_file", "secret_file", "api_url_file", "routing_key_file", "api_key_file",
         "webhook_url_file", "password_file", "username_file", "ca_file", "cert_file", "key_file"), _FILES,
    ),
    "timezone": ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "localtime", "Factory", "posixrules", "../UTC", "utc", "Etc/GMT+12", "US/Pacific", "right/UTC", "posix/UTC", "CET", "EST5EDT"),
    "rrule": (
        "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=DAILY;COUNT=5", "RRULE:FREQ=DAILY;UNTIL=99991231",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "FREQ=YEARLY;BYYEARDAY=-366", "FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU", "FREQ=WEEKLY;INTERVAL=9999",
        "FREQ=DAILY;UNTIL=00010101", "freq=daily", "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2",
    ),
    "start": ("02:00", "24:00", "00:00", "2026-11-01T02:00", "9999-12-31T23:59", "2000-01-01T00:00", "0001-01-01T00:00", "02:30:59", "T02", "2026-W01-1T00:00"),
    "from": ("2026-11-01T22:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1970-01-01T00:00:00Z", "2026-11-01T22:00:00,123456789+01:00", "22:00", "00:00", "24:00", "a@b"),
    "to": ("2026-11-01T23:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "24:00", "23:59", "a@b"),
    "smarthost": ("a:25", "[::1]:25", "a:99999", "[::::]:1", "é:1", "a:0", "[]:1", "{{:1"),
    "channel": ("#a", "{{ .x }}", "{{", "@a", ""),
    "username": ("a", "{{ .x }}", "a:b", "\n", "é"),
    "currency": ("EUR", "eur", "XXX", "ÄÖÜ"),
    **dict.fromkeys(("period", "long", "short", "every", "window", "slice", "refresh", "lag", "max_age", "duration", "horizon", "keep_ended", "stalled_after", "timeout", "conversion_lag"), (
        "30d", "1h", "7d", "5m", "1ms", "0s", "90m", "292y", "1y", "3d", "30s", "15s", "1h1ms", "28d", "1w", "106751d", "61s",
    )),
    "objective": ("99.9", "0.000000000001", "99.999999999999", "50", "1e2", "00.1"),
    "rows": ("rows", "@", "a[*].b", "rows[?n > `1`]", "sort_by(@, &n)", "length(@)", "keys(@)", "to_number(@)", "`1e999`", "@.a.b.c", "[0]", "[:-1:0]", "avg(rows[].n)"),
    "variant": ("variant", "v", "é", "\n"),
    "name": ("a", "b", "checkout", "a.b-c_d", "0", "page", "1e3", "null", "yes", "a" * 100, "A", "é"),
    "slo": ("a", "b", "checkout"),
    "source": ("p", "shop", "prod", "metrics", "file", "a"),
    "control": ("a", "b", "control"),
    "alertmanager_version": ("0.28", "0.25", "0.0", "999.999.999"),
    "service": ("a", "b.c"),
}  # fmt: skip
"""Key -> texts of which some are right and some are nearly right."""
