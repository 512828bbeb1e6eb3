"""The files of `/live`, as they are served: read and compressed once, under a path that names their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from isal import igzip

_FOREVER = "public, max-age=31536000, immutable"
_ASK = "no-cache"  # keep it, and ask each time whether it is still the same
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
}
_ENTRIES = {"live": "live.html", "live/manifest.webmanifest": "manifest.webmanifest", "live/sw.js": "sw.js"}
"""Files at addresses that stay, because browsers remember them; they name all others."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, plain and gzipped, and the headers that it is served with."""

    body: bytes
    zipped: bytes
    headers: Mapping[str, str]


def assets() -> dict[str, Asset]:
    """Every file by its path below the server's root, for instance ``live`` and ``live/assets/1f…/app.js``."""
    found = {
        each.name: each.read_bytes() for each in files("exporter.live").joinpath("static").iterdir() if each.is_file()
    }
    digest = sha256(b"".join(name.encode() + body for name, body in sorted(found.items()))).hexdigest()[:16]
    folder = f"assets/{digest}".encode()
    served = {
        path: _asset(name, found.pop(name).replace(b"{{assets}}", folder), _ASK) for path, name in _ENTRIES.items()
    }
    served |= {f"live/{folder.decode()}/{name}": _asset(name, body, _FOREVER) for name, body in found.items()}
    return served


def _asset(name: str, body: bytes, keep: str) -> Asset:
    headers = {
        "Content-Type": _TYPES[name.rpartition(".")[2]],
        "Cache-Control": keep,
        "ETag": f'"{sha256(body).hexdigest()[:16]}"',
        "Vary": "Accept-Encoding",
    }
    if name == "sw.js":
        headers["Service-Worker-Allowed"] = "../live"  # the page is its folder's neighbour, not in it
    return Asset(body, igzip.compress(body, compresslevel=3, mtime=0), headers)
