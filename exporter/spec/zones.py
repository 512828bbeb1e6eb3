"""Names of time zones."""

from __future__ import annotations

import difflib
from zoneinfo import ZoneInfo, available_timezones

from exporter.spec.tree import shown

_OF_THIS_MACHINE = frozenset({"Factory", "localtime", "posixrules"})


def known_zone(name: str) -> str:
    """The name itself; ValueError, with the name that was perhaps meant, where the IANA database has no such zone.

    Names that stand for whatever this machine is set to are refused: two exporters must not disagree.
    """
    try:
        if name not in _OF_THIS_MACHINE:
            ZoneInfo(name)
            return name
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name gives an OSError
        pass
    hint = None if name in _OF_THIS_MACHINE else _near(name)
    raise ValueError(f"there is no time zone {shown(name)}" + (f", did you mean {shown(hint)}?" if hint else _EXAMPLE))


_EXAMPLE = "; write its IANA name, like UTC, Europe/Berlin or America/New_York"


def _near(name: str) -> str | None:
    """By the whole name, or by the city alone, in whatever case and with blanks."""
    zones = [zone for zone in available_timezones() if "/" in zone]
    wanted = name.strip().replace(" ", "_").lower()
    spelt = {zone.lower(): zone for zone in sorted(zones)}
    cities = {zone.lower().rpartition("/")[2]: zone for zone in sorted(zones, reverse=True)}
    for known in (spelt, cities):
        if hint := difflib.get_close_matches(wanted, known, n=1, cutoff=0.75):
            return known[hint[0]]
    return None
