"""axe-core, by npm: for tests only, never shipped (MPL-2.0)."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from winburn.servers import cache_folder

AXE = "axe-core@4.14.1"


def axe_script(folder: Path) -> str:
    """The script, kept in the cache; ``folder`` is for what is downloaded. Skips the test where it cannot be had."""
    kept = cache_folder(os.environ) / f"{AXE.replace('@', '-')}.min.js"
    if not kept.exists():
        if not shutil.which("npm"):
            pytest.skip("needs npm, to fetch axe-core")
        pack = ["npm", "pack", AXE]
        done = subprocess.run(pack, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            pytest.skip(f"axe-core cannot be had: {done.stderr[-200:]}")
        (packed,) = folder.glob("*.tgz")
        with tarfile.open(fileobj=io.BytesIO(packed.read_bytes())) as archive:
            script = archive.extractfile("package/axe.min.js")
            assert script is not None
            kept.parent.mkdir(parents=True, exist_ok=True)
            beside = kept.with_suffix(f".{os.getpid()}.new")
            beside.write_bytes(script.read())
            beside.replace(kept)  # in one step: another worker may look at any moment
    return kept.read_text(encoding="utf-8")
