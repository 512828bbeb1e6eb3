"""Acknowledging an alert: a silence in every Alertmanager, and never one that silences everything."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporter.alerts import ALERTS
from exporter.re2 import check_regex
from exporter.sources.alertmanager import Matcher, Silence
from exporter.sources.base import SourceError

NEVER = "WinburnWatchdog"
_MATCHER = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)(.*)", re.DOTALL)
_GOSSIP_TRIES, _GOSSIP_SECONDS = 5, 0.3


class SilenceError(ValueError):
    """A silence that cannot be meant; the message says what would be right."""


class Alertmanager(Protocol):
    """One Alertmanager that can be told; every method raises SourceError where it fails."""

    name: str

    def silences(self) -> list[Silence]: ...

    def silence(self, matchers: Sequence[Matcher], starts: float, ends: float, by: str, comment: str) -> str: ...

    def expire(self, silence: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one Alertmanager said: ``text`` for people, and whether it did what was asked."""

    name: str
    text: str
    well: bool


def parse_matcher(text: str) -> Matcher:
    """``slo=checkout``, ``slo=~a|b``, ``tier!=fast`` or ``tier!~a|b``; SilenceError where it is none of them."""
    match = _MATCHER.fullmatch(text)
    if not match:
        raise SilenceError(f"{text!r} is no matcher; write one like slo=checkout or slo=~'checkout|search'")
    name, sign, value = match.groups()
    if "~" in sign and (problem := check_regex(value)):
        raise SilenceError(f"{text!r}: {problem}")
    return Matcher(name, value, regex="~" in sign, equal=not sign.startswith("!"))


def matchers_for(alert: str, given: Sequence[Matcher], *, everything: bool = False) -> tuple[Matcher, ...]:
    """The silence's matchers: the alert's name and what is given.

    An alert that is about one of many things (its identity is not empty) needs at least one matcher that chooses among
    them, or ``everything``. SilenceError otherwise, for alerts that do not exist, and for the watchdog.
    """
    if alert not in ALERTS:
        raise SilenceError(f"there is no alert {alert!r}; there are {', '.join(ALERTS)}")
    if alert == NEVER:
        raise SilenceError(f"{NEVER} shows that alerting works; silenced it looks like a broken chain")
    if any(each.name == "alertname" for each in given):
        raise SilenceError("alertname is given already, by the alert")
    identity = ALERTS[alert].identity
    if identity and not everything and not any(_chooses(each) for each in given):
        raise SilenceError(
            f"this would silence every {alert}; name one by --matcher {identity[0]}=NAME, or say --all if you mean it"
        )
    return (Matcher("alertname", alert), *given)


def _chooses(matcher: Matcher) -> bool:
    """Whether a matcher leaves out the most: it must be positive, and no pattern that fits any text."""
    if not matcher.equal or not matcher.value:
        return False
    pieces = [piece.strip("()^$?:") for piece in matcher.value.split("|")]
    return not matcher.regex or not any(piece in ("", ".*", ".+") for piece in pieces)


def silence_all(
    alertmanagers: Sequence[Alertmanager],
    matchers: Sequence[Matcher],
    *,
    now: float,
    seconds: float,
    by: str,
    comment: str,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Make the silence in every Alertmanager, in order.

    Members of a cluster tell each other within moments: where a silence that was just made is known already, no second
    one is made.
    """
    outcomes: list[Outcome] = []
    made: list[str] = []
    for alertmanager in alertmanagers:
        try:
            if made and (known := _known(alertmanager, made, sleep)):
                outcomes.append(Outcome(alertmanager.name, f"{known} (told by the cluster)", well=True))
                continue
            made.append(alertmanager.silence(matchers, now, now + seconds, by, comment))
            outcomes.append(Outcome(alertmanager.name, made[-1], well=True))
        except SourceError as error:
            outcomes.append(Outcome(alertmanager.name, str(error), well=False))
    return outcomes


def _known(alertmanager: Alertmanager, made: Sequence[str], sleep: Callable[[float], None]) -> str | None:
    for attempt in range(_GOSSIP_TRIES):
        if attempt:
            sleep(_GOSSIP_SECONDS)
        known = next((each.id for each in alertmanager.silences() if each.id in made and each.state != "expired"), None)
        if known:
            return known
    return None


def expire_all(alertmanagers: Sequence[Alertmanager], silence: str) -> list[Outcome]:
    """End a silence in every Alertmanager that has it. Where none has it, that is a failure of all."""
    outcomes, found = [], False
    for alertmanager in alertmanagers:
        try:
            state = next((each.state for each in alertmanager.silences() if each.id == silence), None)
            found = found or state is not None
            if state in ("active", "pending"):
                alertmanager.expire(silence)
            text = {None: "does not have it", "expired": "has ended already"}.get(state, "ended")
            outcomes.append(Outcome(alertmanager.name, text, well=True))
        except SourceError as error:
            outcomes.append(Outcome(alertmanager.name, str(error), well=False))
    if found:
        return outcomes
    return [Outcome(each.name, each.text, well=False) for each in outcomes]


def list_all(alertmanagers: Sequence[Alertmanager]) -> tuple[Mapping[str, tuple[Silence, list[str]]], list[Outcome]]:
    """Silences in force or to come by id, with the Alertmanagers that have them; and those that failed."""
    found: dict[str, tuple[Silence, list[str]]] = {}
    failed = []
    for alertmanager in alertmanagers:
        try:
            for silence in alertmanager.silences():
                if silence.state != "expired":
                    found.setdefault(silence.id, (silence, []))[1].append(alertmanager.name)
        except SourceError as error:
            failed.append(Outcome(alertmanager.name, str(error), well=False))
    order = sorted(found, key=lambda each: (found[each][0].ends, each))
    return {each: found[each] for each in order}, failed
