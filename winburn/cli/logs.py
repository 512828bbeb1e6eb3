"""Logs as Prometheus' own programs write them: one line an event on stderr, logfmt or JSON."""

from __future__ import annotations

import logging
from typing import TextIO

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
