"""What options of ``winburn serve`` may say."""

from __future__ import annotations

import re

import click

from exporter.server import Address, parse_listen_address

RESERVED = ("/config", "/-/healthy", "/-/ready", "/-/reload", "/live", "/live/stream", "/api/v1/snapshot")
"""Pages that are not the metrics."""


def addresses(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[Address, ...]:
    """Where to listen, or click's error."""
    try:
        return tuple(parse_listen_address(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def origins(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Origins as browsers send them, or click's error."""
    for value in values:
        if value != "*" and not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", value):
            raise click.BadParameter(f"{value!r} is not an origin; write it like https://wall.example, without a path")
    return values


def path(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A path that no other page has, or click's error."""
    if not re.fullmatch(r"/[\w.~/-]*", value, re.ASCII):
        raise click.BadParameter(f"{value!r} is not a path; write it like /metrics")
    if value in RESERVED:
        raise click.BadParameter(f"{value} is a page of its own; choose another path")
    return value
