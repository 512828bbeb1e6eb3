"""One authority and what it has signed, made once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import Pair, authority, issued


@dataclass(frozen=True, slots=True)
class Pki:
    """A server, its authority and two clients; a stranger whom another authority has signed."""

    folder: Path
    authority: Pair
    server: Pair
    other_server: Pair
    client: Pair
    nameless: Pair
    stranger: Pair


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    own, foreign = authority(folder), authority(folder, "foreign")
    names = "DNS:prom.example,IP:2001:db8::1,IP:192.0.2.7,email:ops@prom.example,URI:spiffe://prom.example/scraper"
    return Pki(
        folder,
        own,
        issued(folder, own, "server"),
        issued(folder, own, "other"),
        issued(folder, own, "client", names),
        issued(folder, own, "nameless", "DNS:elsewhere.example"),
        issued(folder, foreign, "stranger", names),
    )
