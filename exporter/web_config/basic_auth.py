"""Basic authentication (RFC 7617) against bcrypt hashes, off the event loop, each password once.

A comparison takes 0.1 to 0.4 s of CPU by design. It runs in one thread beside the event loop, and what came of it is
remembered: for a scrape only a keyed hash of its header is looked up.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

_RIGHT, _WRONG = 1_000, 10_000
"""Answers that are remembered. Apart, so that guessing cannot push out what is right."""
_WAITING = 50
_LONGEST = 72
"""Bytes that bcrypt looks at; the library refuses more, where Go's ignores them."""
_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bcrypt")


class BusyError(Exception):
    """So many passwords wait for their comparison that one more would wait for too long."""


class Passwords:
    """Who may enter: bcrypt hash by user, at least one. For the event loop; only the one thread remembers."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self.users = dict(users)
        self._hashes = {user.encode(): hashed.encode() for user, hashed in users.items()}
        self._stand_in = stand_in(users)
        self._secret = secrets.token_bytes(32)
        self._right: dict[bytes, None] = {}
        self._wrong: dict[bytes, None] = {}
        self._waiting = 0

    def known(self, authorization: bytes) -> bool | None:
        """Whether the value of an Authorization header lets in; None where that is yet to be found out."""
        key = self._key(authorization)
        return True if key in self._right else False if key in self._wrong else None

    async def check(self, authorization: bytes) -> bool:
        """The same, found out now; BusyError where too many wait."""
        pair = parse(authorization)
        if pair is None:
            return False
        if self._waiting >= _WAITING:
            raise BusyError
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(_THREAD, self._compare, authorization, *pair)
        finally:
            self._waiting -= 1

    def _compare(self, authorization: bytes, user: bytes, password: bytes) -> bool:
        # Of many that asked with the same password at once, the first has found it out meanwhile.
        if (found := self.known(authorization)) is not None:
            return found
        hashed = self._hashes.get(user)
        # Always compared, so that the time does not tell whether there is such a user.
        right = matches(password, hashed or self._stand_in) and hashed is not None
        # Here, before the next one begins; the event loop only looks.
        memory, most = (self._right, _RIGHT) if right else (self._wrong, _WRONG)
        memory[self._key(authorization)] = None
        if len(memory) > most:
            del memory[next(iter(memory))]
        return right

    def _key(self, authorization: bytes) -> bytes:
        # Keyed, and not the header itself: what is remembered is worth nothing to who reads our memory.
        return hashlib.blake2b(authorization, key=self._secret, digest_size=32).digest()


def parse(authorization: bytes) -> tuple[bytes, bytes] | None:
    """User and password of an Authorization header; None where it is not of basic authentication."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return None
    return (user, password) if colon else None


def matches(password: bytes, hashed: bytes) -> bool:
    """Whether a bcrypt hash is that of the password; as Go's, only its first 72 bytes count."""
    try:
        return bcrypt.checkpw(password[:_LONGEST], hashed)
    except ValueError:  # a salt that is well-formed and yet none
        return False


def stand_in(users: Mapping[str, str]) -> bytes:
    """A hash that nobody has, and that takes as long as the slowest of the users'."""
    cost = max(hashed[4:6] for hashed in users.values())
    return f"$2b${cost}${'.' * 53}".encode()
