"""Names of SLOs and experiments on the command line: checked, with what was perhaps meant, and completed by shells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click


def check_names(option: str, what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """UsageError for the first name that the spec has not: ``--slo: there is no SLO 'chekout', did you mean ...``."""
    from exporter.spec.tree import shown  # here, as completing must be quick  # noqa: PLC0415
    from winburn.lifecycle import proposal  # noqa: PLC0415

    names = sorted(known)
    for name in given:
        if name not in names:
            raise click.UsageError(f"{option}: there is no {what} {shown(name)}{proposal(name, names)}")


Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def completing(section: str, inner: str = "name") -> Complete:
    """For ``shell_complete=``: the names in a section of the spec that the command line names, mistakes or not.

    ``inner`` is ``variants`` for those of the experiment whose name is given already.
    """

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        # click gives up on arguments behind an option that still waits for its value, and leaves them in args.
        items = _items(ctx.params.get("spec") or next(iter(ctx.args), None), section)
        if inner == "variants":
            found = [
                variant
                for item in items
                if item.get("name") == ctx.params.get("name") and isinstance(item.get("variants"), dict)
                for variant in map(str, item["variants"])
            ]
        else:
            found = [str(item["name"]) for item in items if "name" in item]
        return sorted(name for name in found if name.startswith(incomplete))

    return complete


def _items(spec: Any, section: str) -> Sequence[dict[str, Any]]:
    """The section's items; none where nothing can be read: a shell asks at every key, and wants no sentences."""
    if spec is None or str(spec) == "-":
        return []
    from exporter.spec.files import read_files  # here, as help must be quick  # noqa: PLC0415
    from exporter.spec.join import join  # noqa: PLC0415

    with suppress(Exception):  # whatever a half-written file makes of the reader
        items = join(read_files(Path(spec))[0], whole=False).value.get(section)
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return []
