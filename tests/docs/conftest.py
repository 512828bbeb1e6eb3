"""The built site, once a session; the tests that use it run in one worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from docs._generate.__main__ import build
from winburn.servers import Servers, ServersUnavailable, cache_folder, fetch


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages; the staged sources are beside it."""
    out = tmp_path_factory.mktemp("documentation") / "site"
    assert build(out) == 0, "the documentation does not build without warnings"
    return out


@pytest.fixture(scope="session")
def prometheus_folder() -> Path:
    """Where the program prometheus is. Where it cannot be had: skip, but an error where CI=true."""
    try:
        servers: Servers = fetch(cache_folder(os.environ), os.environ, lambda line: sys.stderr.write(f"{line}\n"))
        return servers.need("prometheus").parent
    except ServersUnavailable as problem:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(problem))
