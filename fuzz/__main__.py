"""``python -m fuzz TARGET [--minutes N] [--seed N]``: exit code 1 where an input broke a promise; it is kept as a file.

With ``--atheris`` (``pip install atheris``) the search is guided by the branches that inputs reach, and those that
reached new ones are kept in ``--corpus`` for the next time.
"""

from __future__ import annotations

import argparse
import atexit
import hashlib
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from fuzz.corpus import SEEDS

_SLOW_SECONDS = 5.0


def main() -> int:
    """Parse the command line and search."""
    parser = argparse.ArgumentParser(prog="python -m fuzz")
    parser.add_argument("target")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true", help="guided by coverage")
    parser.add_argument("--corpus", type=Path, help="folder of inputs to begin with; --atheris adds to it")
    parser.add_argument("--found", type=Path, default=SEEDS, help="folder for what breaks a promise")
    given = parser.parse_args()
    search = _guided if given.atheris else _blind
    return search(given.target, given.minutes, given.seed, given.corpus, given.found)


class _Trial:
    """Tries inputs, counts them, and keeps one of each kind that breaks a promise."""

    def __init__(self, target: str, once: Callable[[str, bytes], None], found: Path) -> None:
        self._target, self._once, self._found = target, once, found
        self.tried, self.bad, self._begin = 0, set[str](), time.monotonic()

    def __call__(self, data: bytes) -> None:
        """Try one."""
        begin = time.process_time()
        try:
            self._once(self._target, data)
            reason = "slow" if time.process_time() - begin > _SLOW_SECONDS else ""
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the find
            frames = traceback.extract_tb(error.__traceback__)
            ours = [each for each in frames if "site-packages" not in each.filename]
            frame = ours[-1]
            reason = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.name}:{frame.lineno}"
            reason += f" {str(error)[-300:]!r}" if isinstance(error, AssertionError) else ""
        kind = reason[:90]
        if reason and kind not in self.bad:
            self.bad.add(kind)
            print(f"{reason}: {_kept(self._found / self._target, data)}", flush=True)
        self.tried += 1

    def told(self) -> None:
        """The sum of it."""
        minutes = (time.monotonic() - self._begin) / 60
        print(
            f"{self._target}: {self.tried} inputs in {minutes:.1f} minutes, {len(self.bad)} kinds of harm", flush=True
        )


def _kept(folder: Path, data: bytes) -> Path:
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _texts(target: str, folder: Path | None) -> list[bytes]:
    from fuzz.corpus import corpus  # noqa: PLC0415 - atheris must see what it imports

    return (
        [*corpus(target), *(path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file())]
        if folder
        else list(corpus(target))
    )


def _blind(target: str, minutes: float, seed: int, folder: Path | None, found: Path) -> int:
    from fuzz.mutate import mutated  # noqa: PLC0415 - atheris must see this import
    from fuzz.targets import TARGETS, once  # noqa: PLC0415 - as above

    if target not in TARGETS:
        print(f"there is no target {target!r}; there are {', '.join(TARGETS)}")
        return 2
    chance, texts = random.Random(seed), _texts(target, folder)
    trial, end = _Trial(target, once, found), time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        trial(mutated(chance.choice(texts), texts, chance, target))
    trial.told()
    return 1 if trial.bad else 0


def _guided(target: str, minutes: float, seed: int, folder: Path | None, found: Path) -> int:
    import atheris  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415 - optional

    with atheris.instrument_imports(include=["exporter", "winburn", "alert_rules", "dashboards"]):
        from fuzz.mutate import mutated  # noqa: PLC0415 - as above
        from fuzz.targets import TARGETS, once  # noqa: PLC0415 - as above

        texts = _texts(target, None)
        TARGETS[target](texts[0])
    folder = folder or found / target
    found.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    for text in texts:
        (folder / hashlib.sha256(text).hexdigest()[:12]).write_bytes(text)

    def mutator(data: bytes, most: int, number: int) -> bytes:
        return mutated(data, texts, random.Random(number), target)[:most]

    trial = _Trial(target, once, found)
    atexit.register(trial.told)
    options = [f"-max_total_time={60 * minutes:.0f}", f"-seed={seed + 1}", "-timeout=60", "-max_len=20000"]
    options += ["-rss_limit_mb=3000", f"-artifact_prefix={found}/", str(folder)]
    atheris.Setup([sys.argv[0], *options], trial, custom_mutator=mutator)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
