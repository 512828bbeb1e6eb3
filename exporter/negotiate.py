"""Which body of ``/metrics`` a request gets: content type and encoding from its headers.

Rules: RFC 9110 sections 12.4.2, 12.5.1 and 12.5.3, and prometheus.io/docs/instrumenting/content_negotiation. Unlike
client_python's ``choose_encoder`` it honours q-values, and refuses gzip where a client says ``gzip;q=0``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

TEXT = "text/plain; version=0.0.4; charset=utf-8"

# What our bodies are true under. Every name of ours is legal in the oldest format, which these schemes leave as it is;
# "dots" would double each underscore, so a client that asks for it is told that it gets underscores.
_ESCAPINGS = ("allow-utf-8", "underscores", "values")
_HEADERS_KEPT = 32  # scrapers send the same header every time


@dataclass(frozen=True, slots=True)
class Format:
    """A body and the Content-Type that says what it is."""

    openmetrics: bool
    content_type: str


_DEFAULT = Format(openmetrics=False, content_type=TEXT)


@lru_cache(maxsize=_HEADERS_KEPT)
def choose_format(accept: str) -> Format:
    """The format with the highest q among OpenMetrics 1.0.0 and 0.0.1 and text 0.0.4.

    Ties go to the narrower range (a type before ``text/*`` before ``*/*``), then to the one named first. Text 1.0.0 is
    answered with 0.0.4, which every reader of it takes; so is a header that names nothing we have.
    """
    best, best_rank = _DEFAULT, (0.0, 0)
    for media, parameters in _elements(accept):
        found = _format(media, parameters)
        rank = (_quality(parameters), 2 - media.count("*"))
        if found is not None and rank[0] > 0 and rank > best_rank:
            best, best_rank = found, rank
    return best


@lru_cache(maxsize=_HEADERS_KEPT)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is welcome, and not less so than no encoding at all."""
    quality = {coding: _quality(parameters) for coding, parameters in _elements(accept_encoding)}
    gzip = quality.get("gzip", quality.get("x-gzip", quality.get("*", 0.0)))
    return gzip > 0 and gzip >= quality.get("identity", 0.0)


def _format(media: str, parameters: dict[str, str]) -> Format | None:
    version = parameters.get("version", "")
    if media in ("*/*", "text/*") or (media == "text/plain" and version in ("", "0.0.4", "1.0.0")):
        return _DEFAULT
    if media in ("application/openmetrics-text", "application/*") and version in ("", "1.0.0", "0.0.1"):
        return Format(openmetrics=True, content_type=_openmetrics_type(version, parameters.get("escaping")))
    return None


def _openmetrics_type(version: str, escaping: str | None) -> str:
    content_type = f"application/openmetrics-text; version={version or '1.0.0'}; charset=utf-8"
    if version != "1.0.0" or escaping is None:
        return content_type
    return f"{content_type}; escaping={escaping if escaping in _ESCAPINGS else 'underscores'}"


def _elements(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The header's elements in lower case, each with its parameters."""
    for element in header.lower().split(","):
        value, *parameters = (part.strip() for part in element.split(";"))
        if value:
            pairs = (parameter.partition("=") for parameter in parameters)
            yield value, {name.strip(): text.strip().strip('"') for name, _, text in pairs}


def _quality(parameters: dict[str, str]) -> float:
    """The q parameter, 1 where there is none; 0 where it is not a number from 0 to 1."""
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
