"""Basic authentication, with hashes of the lowest cost."""

import asyncio
import base64
import threading

import bcrypt
import pytest

from exporter.web_config import basic_auth
from exporter.web_config.basic_auth import BusyError, Passwords, matches, parse, stand_in


def header(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def hashed(password: bytes, cost: int = 4) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(cost)).decode()


USERS = {"alice": hashed(b"s:cret"), "": hashed("pässword".encode()), "long": hashed(b"x" * 72)}


Calls = list[tuple[bytes, bytes, str]]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """(password, hash, thread) of each comparison that bcrypt really made."""
    calls: Calls = []

    def counting(password: bytes, wanted: bytes) -> bool:
        calls.append((password, wanted, threading.current_thread().name))
        return matches(password, wanted)

    monkeypatch.setattr(basic_auth, "matches", counting)
    return calls


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (header("alice", "s:cret"), True),
        (header("alice", "s:cret").replace(b"Basic", b"bAsIc"), True),
        (header("", "pässword"), True),
        (header("long", "x" * 72), True),
        (header("long", "x" * 100), True),  # as in Go: bcrypt looks at 72 bytes
        (header("alice", "secret"), False),
        (header("alice", ""), False),
        (header("Alice", "s:cret"), False),
        (header("nobody", "s:cret"), False),
        (header("nobody", "\0"), False),
        (b"", False),
        (b"Basic", False),
        (b"Basic !!!", False),
        (b"Basic " + base64.b64encode(b"alice"), False),
        (b"Bearer s:cret", False),
        (b"Digest " + base64.b64encode(b"alice:s:cret"), False),
    ],
)
def test_who_may_enter(given: bytes, right: bool) -> None:  # noqa: FBT001
    passwords = Passwords(USERS)
    assert asyncio.run(passwords.check(given)) is right


def test_an_answer_is_found_out_once_in_another_thread_and_then_known(compared: Calls) -> None:
    passwords = Passwords(USERS)
    right, wrong = header("alice", "s:cret"), header("alice", "guess")
    assert passwords.known(right) is passwords.known(wrong) is None

    async def ask() -> list[bool]:
        return await asyncio.gather(*(passwords.check(each) for each in (right, right, wrong, right)))

    assert asyncio.run(ask()) == [True, True, False, True]
    assert passwords.known(right) is True
    assert passwords.known(wrong) is False
    assert [thread.split("_")[0] for _, _, thread in compared] == ["bcrypt", "bcrypt"]


def test_the_memory_holds_neither_header_nor_password() -> None:
    passwords = Passwords(USERS)
    asyncio.run(passwords.check(header("alice", "s:cret")))
    kept = repr(vars(passwords))
    assert "s:cret" not in kept
    assert header("alice", "s:cret").decode()[6:] not in kept


def test_an_unknown_user_costs_as_much_as_the_slowest_known_one(compared: Calls) -> None:
    users = {"quick": hashed(b"a", 4), "slow": hashed(b"a", 5)}
    passwords = Passwords(users)
    assert asyncio.run(passwords.check(header("nobody", "a"))) is False
    ((_, wanted, _),) = compared
    assert wanted.startswith(b"$2b$05$")
    assert stand_in(users) == wanted
    # It is a hash to bcrypt, not an error that would return at once.
    assert bcrypt.checkpw(b"a", stand_in(users)) is False


def test_guesses_cannot_push_out_what_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic_auth, "_WRONG", 3)
    monkeypatch.setattr(basic_auth, "matches", lambda password, _: password == b"right")
    passwords = Passwords(USERS)

    async def ask() -> None:
        await passwords.check(header("alice", "right"))
        for i in range(10):
            await passwords.check(header("alice", f"guess {i}"))

    asyncio.run(ask())
    assert passwords.known(header("alice", "right")) is True
    assert [passwords.known(header("alice", f"guess {i}")) for i in (6, 7, 9)] == [None, False, False]


def test_a_queue_that_is_too_long_turns_away(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(basic_auth, "_WAITING", 2)
    monkeypatch.setattr(basic_auth, "matches", lambda *_: gate.wait(60))
    passwords = Passwords(USERS)

    async def ask() -> None:
        waiting = [asyncio.create_task(passwords.check(header("alice", str(i)))) for i in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await passwords.check(header("alice", "third"))
        gate.set()
        assert await asyncio.gather(*waiting) == [True, True]
        assert await passwords.check(header("alice", "fourth")) is True

    asyncio.run(ask())


def test_a_header_is_user_and_password_or_nothing() -> None:
    assert parse(b"Basic " + base64.b64encode(b"a:b:c")) == (b"a", b"b:c")
    assert parse(b"Basic  " + base64.b64encode(b":") + b" ") == (b"", b"")
    assert parse(b"Basic YTpi\xff") is None
