"""Warnings that could fill a log."""

import logging

from exporter.seldom import Seldom


def record(words: str, level: int = logging.WARNING, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("uvicorn.error", level, "", 0, words, arguments, None)


def test_the_same_words_are_said_once_a_minute_and_errors_always() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    assert [seldom.filter(record("Invalid %s", logging.WARNING, i)) for i in range(3)] == [True, False, False]
    assert seldom.filter(record("Exceeded"))
    assert all(seldom.filter(record("broken", logging.ERROR)) for _ in range(3))
    now = 59.0
    assert not seldom.filter(record("Exceeded"))
    now = 61.0
    assert [seldom.filter(record("Exceeded")) for _ in range(2)] == [True, False]


def test_errors_of_a_talkative_library_are_warnings_to_us() -> None:
    seldom = Seldom(lambda: 0.0, most=logging.ERROR)
    assert [seldom.filter(record("out of system resource", logging.ERROR)) for _ in range(2)] == [True, False]
    assert all(seldom.filter(record("lost", logging.CRITICAL)) for _ in range(2))
