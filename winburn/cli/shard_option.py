"""``--shard`` of the commands that evaluate."""

from __future__ import annotations

import click

from winburn.shard import Shard, parse_shard


def _shard(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Shard | None:
    try:
        return None if value is None else parse_shard(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


SHARD = click.option(
    "--shard",
    callback=_shard,
    metavar="I/N",
    help="Evaluate the I-th of N parts of the spec, 1/3 for instance; another exporter has each of the others.",
)
