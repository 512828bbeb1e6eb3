"""Secrets that stand in files beside the spec: read when they are needed, never kept in it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

_LARGEST = 100_000


class SecretError(OSError):
    """A secret's file cannot be used; the message is one sentence that names the file and nothing of its content."""


class HasUrl(Protocol):
    """A source or the state store: a URL, or a file that holds it."""

    @property
    def url(self) -> str | None: ...

    @property
    def url_file(self) -> str | None: ...


def read_secret(path: str) -> str:
    """The only line of a file, without white space around it. SecretError where there is none, or more than one."""
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise SecretError(f"the secret's file {path} is not UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise SecretError(f"the secret's file {path} cannot be read: {reason.lower()}") from None
    if not text:
        raise SecretError(f"the secret's file {path} is empty")
    if len(data) > _LARGEST or not text.isprintable():
        raise SecretError(f"the secret's file {path} holds more than one line of text")
    return text


def source_url(source: HasUrl) -> str:
    """The address of a source or of the state store: ``url``, or what stands in ``url_file``."""
    if source.url is not None:
        return source.url
    if source.url_file is not None:
        return read_secret(source.url_file)
    raise SecretError("neither url nor url_file is given")
