"""``python -m fuzz TARGET [--minutes N] [--seed N]``: exit code 1 where an input broke a promise; it is kept as a file.

With ``--atheris`` (``pip install atheris``) the search is guided by the branches that inputs reach.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
import traceback
from pathlib import Path

from fuzz.corpus import SEEDS, corpus
from fuzz.mutate import mutated

_SLOW_SECONDS = 5.0


def main() -> int:
    """Parse the command line and search."""
    parser = argparse.ArgumentParser(prog="python -m fuzz")
    parser.add_argument("target")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true", help="guided by coverage")
    given = parser.parse_args()
    return (_guided if given.atheris else _blind)(given.target, given.minutes, given.seed)


def _blind(target: str, minutes: float, seed: int) -> int:
    from fuzz.targets import TARGETS, once  # noqa: PLC0415 - atheris must see this import

    if target not in TARGETS:
        print(f"there is no target {target!r}; there are {', '.join(TARGETS)}")
        return 2
    chance, texts = random.Random(seed), list(corpus(target))
    end, tried, bad = time.monotonic() + 60 * minutes, 0, set[str]()
    while time.monotonic() < end:
        data = mutated(chance.choice(texts), texts, chance)
        begin = time.process_time()
        try:
            once(target, data)
            reason = "slow" if time.process_time() - begin > _SLOW_SECONDS else ""
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the find
            frame = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__} at {frame.name}:{frame.lineno}"
        if reason and reason not in bad:
            bad.add(reason)
            print(f"{reason}: {_kept(target, data)}", flush=True)
        tried += 1
    print(f"{target}: {tried} inputs in {minutes:g} minutes, {len(bad)} kinds of harm")
    return 1 if bad else 0


def _kept(target: str, data: bytes) -> Path:
    path = SEEDS / target / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _guided(target: str, minutes: float, seed: int) -> int:
    import atheris  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415 - optional

    with atheris.instrument_imports(include=["exporter", "winburn"]):
        from fuzz.targets import once  # noqa: PLC0415 - as above
    texts = corpus(target)

    def mutator(data: bytes, most: int, number: int) -> bytes:
        return mutated(data, texts, random.Random(number))[:most]

    (SEEDS / target).mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={60 * minutes:.0f}", f"-seed={seed + 1}", "-timeout=20", "-max_len=20000"]
    options += [f"-artifact_prefix={SEEDS / target}/"]
    atheris.Setup([sys.argv[0], *options], lambda data: once(target, data), custom_mutator=mutator)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
