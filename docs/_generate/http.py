"""reference/http.md: what the exporter answers, by the paths that `winburn serve` keeps for itself."""

from __future__ import annotations

from docs._generate.text import code, table
from winburn.cli.serve_options import RESERVED

ANSWERS = {
    "/": ("GET", "Every SLO and experiment at a glance, as HTML without scripts."),
    "/metrics": (
        "GET",
        (
            "The metrics: Prometheus' text format 0.0.4, or OpenMetrics 1.0 where `Accept` prefers it; gzip where "
            "`Accept-Encoding` allows. Another path by `--web.telemetry-path`. 503 before the first refresh; when the"
            " last refresh is too long ago, the health families alone."
        ),
    ),
    "/config": ("GET", "The spec in force as YAML, secrets masked, and what commands have set, by whom and why."),
    "/live": ("GET", "The live page: SLOs, experiments, content variants and kills as they change."),
    "/live/stream": ("GET", "The WebSocket of the live page: the whole document once, then numbered changes."),
    "/api/v1/snapshot": ("GET", "The same document as JSON. CORS by `--web.cors-origin`."),
    "/api/v1/report": ("GET", "The report of a period."),
    "/-/healthy": ("GET", "200 while the process lives."),
    "/-/ready": ("GET", "200 once everything was evaluated once; 503 with the reason before, and when refreshes stop."),
    "/-/reload": ("POST", "Reads the spec again, as SIGHUP does."),
}
"""Path -> method and what is there. Paths that this version does not serve are left out of the page."""

_HEAD = """\
# HTTP endpoints

`winburn serve` listens on `:10345` unless `--web.listen-address` says otherwise. Every path only copies from memory
what the last refresh has made. HEAD works wherever GET does. Errors are one plain sentence; answers are never cached by
browsers and carry strict security headers.

"""


def paths() -> list[str]:
    """What this version serves."""
    return sorted({"/", "/metrics", *RESERVED})


def page() -> str:
    """The page."""
    rows = [(code(path), *ANSWERS.get(path, ("", "see `winburn serve --help`"))) for path in paths()]
    return _HEAD + table(("path", "method", "answer"), rows)
