"""One event is one line, whatever it says."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from winburn.cli.logs import configure


@pytest.fixture(autouse=True)
def _root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)  # an assignment would leave what loggers remember of the old one


def logged(layout: str, level: str = "info") -> list[str]:
    stream = io.StringIO()
    configure(level, layout, stream)
    log = logging.getLogger("winburn.test")
    log.info("plain")
    log.warning('"%s" has\nlines = 2', "ümlaut")
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        log.exception("it failed")
    return stream.getvalue().splitlines()


def test_json() -> None:
    plain, warning, failure = map(json.loads, logged("json"))
    assert plain | {"ts": ""} == {"level": "info", "logger": "winburn.test", "msg": "plain", "ts": ""}
    assert plain["ts"].endswith("Z")
    assert (warning["level"], warning["msg"]) == ("warning", '"ümlaut" has\nlines = 2')
    assert failure["exception"].endswith("ValueError: first\nsecond")


def test_logfmt() -> None:
    plain, warning, failure = logged("logfmt")
    assert plain.split(" ", 1)[1] == "level=info logger=winburn.test msg=plain"
    assert plain.startswith("ts=2")
    assert warning.split(" ", 1)[1] == r'level=warning logger=winburn.test msg="\"ümlaut\" has\nlines = 2"'
    assert "level=error" in failure
    assert "ValueError: first" in failure


@pytest.mark.parametrize(("level", "lines"), [("debug", 3), ("info", 3), ("warn", 2), ("error", 1)])
def test_the_level_is_the_least_that_is_logged(level: str, lines: int) -> None:
    assert len(logged("json", level)) == lines
