"""Reading the web config file: every mistake at once, like a spec's."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exporter.spec.errors import SpecError, SpecErrors
from exporter.spec.sentences import problems_of
from exporter.spec.strict_yaml import UnreadableError, read_yaml
from exporter.spec.tree import Parts, Problem, Tree, unhidden
from exporter.web_config.check import check, warnings_of
from exporter.web_config.files import File, Stamp, read_file
from exporter.web_config.models import TlsServer, WebConfigFile
from exporter.web_config.tls import TlsError, context

_ROUNDS = 5
_STAND_INS: Mapping[Parts, str] = {
    ("tls_server_config", "client_auth_type"): "RequireAndVerifyClientCert",
    ("tls_server_config", "cert"): "mistaken",
    ("tls_server_config", "key"): "mistaken",
}
"""What stands for a mistaken value, where its absence would make others look wrong."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """What a web config file says, ready for use.

    ``tls`` is None where the file has none. ``users`` gives the bcrypt hash of each. ``headers`` are (lower-case name,
    value) as ASGI wants them. ``interval`` in seconds and ``burst`` are the rate limit, ``interval`` 0 where there is
    none. ``warnings`` are sentences; ``files`` are what it was read from, with their stamps at that time.
    """

    tls: ssl.SSLContext | None
    users: Mapping[str, str]
    headers: tuple[tuple[bytes, bytes], ...]
    interval: float
    burst: int
    warnings: tuple[str, ...]
    files: Mapping[Path, Stamp | None]


def read(path: Path) -> WebConfig:
    """The web config file at ``path``. SpecErrors with all mistakes in it, and in the files that it names."""
    own = read_file(path)
    tree = _tree(path, own)
    problems = list(tree.problems)
    file = _shape(tree, problems)
    problems += unhidden(check(file), problems)
    tls, files, found = _tls(file.tls_server_config, path.parent)
    problems += unhidden(found, problems)
    if problems:
        raise SpecErrors(tree.error(problem) for problem in problems if not problem.explained)
    headers = file.http_server_config.headers.model_dump(by_alias=True)
    return WebConfig(
        tls,
        dict(file.basic_auth_users),
        tuple((name.lower().encode(), value.encode()) for name, value in headers.items() if value),
        file.rate_limit.interval,
        file.rate_limit.burst or 0,
        tuple(f"{tree.place(parts)}: {tree.dotted(parts)}: {text}" for parts, text in warnings_of(file)),
        {path: own.stamp, **files},
    )


def _tree(path: Path, file: File) -> Tree:
    if file.problem:
        raise SpecErrors([SpecError(str(path), 0, "", file.problem)])
    try:
        value, marks, problems = read_yaml(str(path), file.data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = 1 + file.data.count(b"\n", 0, error.start)
        message = "not UTF-8: save the file with that encoding"
        raise SpecErrors([SpecError(str(path), line, "", message)]) from None
    except UnreadableError as error:
        raise SpecErrors([SpecError(str(path), error.line, "", str(error))]) from None
    if value is None:
        value = {}  # an empty file is what a distribution ships: nothing is configured
    if not isinstance(value, dict):
        message = "must hold keys and values, such as 'basic_auth_users:', at its top"
        raise SpecErrors([SpecError(str(path), marks[()].value, "", message)])
    return Tree(value, marks, problems)


def _shape(tree: Tree, problems: list[Problem]) -> WebConfigFile:
    """The file without what is mistaken in it, so that the rest can be checked nevertheless: no key must be there."""
    value = copy.deepcopy(tree.value)
    for _ in range(_ROUNDS):
        try:
            return WebConfigFile.model_validate(value)
        except ValidationError as error:
            found = problems_of(error, WebConfigFile)
        problems += unhidden((problem for problem, _ in found), problems)
        # What is missing because its key is misspelt is known already.
        meant = {place.meant for _, place in found if place.meant and place.meant not in tree.marks}
        problems += [Problem(parts, "", explained=True) for parts in sorted(meant, key=str)]
        for _, place in found:
            _drop(value, place.droppable or place.parts)
    return WebConfigFile()


def _drop(value: Any, parts: Parts) -> None:
    holder = value
    for part in parts[:-1]:
        holder = holder.get(part) if isinstance(holder, dict) else None
    if not isinstance(holder, dict):
        return
    if parts in _STAND_INS:
        holder[parts[-1]] = _STAND_INS[parts]
    else:
        holder.pop(parts[-1], None)


def _tls(tls: TlsServer, folder: Path) -> tuple[ssl.SSLContext | None, dict[Path, Stamp | None], list[Problem]]:
    """The context, the files that were read for it, and what is wrong with them."""
    problems: list[Problem] = []
    files: dict[Path, Stamp | None] = {}
    pem: dict[str, bytes] = {}
    for name, path, text in _texts(tls):
        if path is not None:
            file = read_file(folder / path)
            files[folder / path] = file.stamp
            if file.problem:
                problems.append(Problem(("tls_server_config", f"{name}_file"), file.problem))
            pem[name] = file.data
        elif text is not None:
            pem[name] = text.encode()
    if problems or "cert" not in pem or "key" not in pem:
        return None, files, problems
    try:
        return context(tls, pem["cert"], pem["key"], pem.get("client_ca")), files, []
    except TlsError as error:
        name = f"{error.key}_file" if getattr(tls, f"{error.key}_file") is not None else error.key
        return None, files, [Problem(("tls_server_config", name), str(error))]


def _texts(tls: TlsServer) -> Iterator[tuple[str, str | None, str | None]]:
    yield "cert", tls.cert_file, tls.cert
    yield "key", tls.key_file, tls.key
    yield "client_ca", tls.client_ca_file, tls.client_ca
