"""Options that are labels of Kubernetes objects."""

from __future__ import annotations

import click


def label_pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Callback of an option like ``--label release=prometheus``."""
    pairs = dict(value.partition("=")[::2] for value in values)
    if not all("=" in value for value in values) or not all(pairs):
        raise click.BadParameter("write it like release=prometheus")
    return pairs
