"""Certificates for tests, made by the `openssl` command: an authority, and what it has signed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as PEM files."""

    cert: Path
    key: Path


def authority(folder: Path, name: str = "authority") -> Pair:
    """A certificate authority."""
    pair = _pair(folder, name)
    _make(pair, name, "-x509", "-addext", "keyUsage=critical,keyCertSign")
    return pair


def issued(folder: Path, by: Pair, name: str, sans: str = "DNS:localhost,IP:127.0.0.1,IP:::1") -> Pair:
    """A certificate for servers and clients, signed by an authority; `sans` as openssl writes them."""
    pair = _pair(folder, name)
    _make(
        pair,
        name,
        "-x509",
        "-CA",
        str(by.cert),
        "-CAkey",
        str(by.key),
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        f"subjectAltName={sans}",
    )
    return pair


def _pair(folder: Path, name: str) -> Pair:
    return Pair(folder / f"{name}.crt", folder / f"{name}.key")


def _make(pair: Pair, name: str, *options: str) -> None:
    command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    command += ["-days", "2", "-subj", f"/CN={name}", "-out", str(pair.cert), "-keyout", str(pair.key), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
