"""The formats by name. What a format needs is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from winburn.report.document import Document

FORMATS = ("html", "md", "csv", "json", "pdf")

TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "csv": "application/zip",
    "json": "application/json",
    "pdf": "application/pdf",
}
"""Media type of each, over HTTP; CSV files are sent in an archive."""


def rendered(document: Document, layout: str) -> bytes:
    """The file in a format, but for csv, which are several (:func:`tables`). PdfMissing where a PDF cannot be made."""
    if layout == "json":
        return str(_of("as_json").as_json(document)).encode()
    page = _of("layout").page(document)
    if layout == "pdf":
        made: bytes = _of("as_pdf").pdf(page, document.period.end)
        return made
    text: str = _of("as_html").html(page) if layout == "html" else _of("as_markdown").markdown(page)
    return text.encode()


def tables(document: Document) -> dict[str, str]:
    """File name -> text of the CSV files."""
    found: dict[str, str] = _of("as_csv").csv_files(document)
    return found


def _of(name: str) -> Any:
    return import_module(f"winburn.report.{name}")
