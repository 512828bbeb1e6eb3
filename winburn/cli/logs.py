"""Logs as Prometheus' own programs write them: one line an event on stderr, logfmt or JSON."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Inside, importing the module fails as if it were not installed, unless it is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # what the import system itself takes for "there is none"
    try:
        yield
    finally:
        del sys.modules[name]


# Wherever rich is installed, structlog loads it for coloured tracebacks: 4 MB resident that serve never uses.
with _hidden("rich"):
    import structlog


def configure(level: str, layout: str, stream: TextIO) -> None:
    """Send the standard library's logging to ``stream``: ``level`` as in --log.level, ``layout`` logfmt or json."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if layout == "json"
        else structlog.processors.LogfmtRenderer(key_order=["ts", "level", "logger", "msg"])
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("msg"),
                renderer,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", key="ts"),
                structlog.processors.format_exc_info,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel({"warn": "WARNING"}.get(level, level.upper()))
