"""What options of ``winburn serve`` may say."""

from __future__ import annotations

import re

import click

from exporter.outside import Outside, outside
from exporter.server import Address, parse_listen_address

RESERVED = (
    "/config",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/live",
    "/live/stream",
    "/api/v1/snapshot",
    "/api/v1/report",
)
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


def reached(external_url: str | None, route_prefix: str | None) -> Outside:
    """How browsers reach the pages, or click's error."""
    try:
        return outside(external_url, route_prefix)
    except ValueError as error:
        raise click.UsageError(f"--web.external-url or --web.route-prefix: {error}") from None


class SpecAsOption(click.Command):
    """A command whose spec is an option, as the configuration of Prometheus' exporters is; all others take it plain."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """click's, and a hint for a spec that is given as to the other commands."""
        if args and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"The spec is an option here: {ctx.command_path} --config.file {args[0]}")
        return super().parse_args(ctx, args)
