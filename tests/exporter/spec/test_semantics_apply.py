"""What an ``apply`` may say."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.spec.apply_models import Apply
from exporter.spec.semantics_apply import check_apply

SOURCES = {"shop": "sql", "prod": "prometheus", "broken": None}
HOOK = {"url": "https://flags.example/hook", "secret_file": "secret"}


def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    found = check_apply(Apply.model_validate(document), ("apply",), SOURCES)
    return [(".".join(map(str, problem.parts)), problem.message) for problem in found]


def statement(text: str, action: str = "kill", source: str = "shop") -> dict[str, Any]:
    return {action: {"sql": {"source": source, "statement": text}}}


@pytest.mark.parametrize(
    "document",
    [
        statement("UPDATE v SET s = 'killed', why = :reason, at = :at WHERE e = :experiment AND name = :variant"),
        statement("UPDATE v SET s = CAST(:action AS text), x = y::text WHERE name = :variant AND t > '12:30'"),
        statement(r"UPDATE v SET s = '\:nothing'"),
        statement("UPDATE v SET w = :weight WHERE name = :variant", "weights"),
        statement("UPDATE v SET s = 1", source="broken"),
        {"ship": {"webhook": HOOK}},
        {"kill": {"webhook": {"url_file": "url", "secret_file": "secret", "timeout": "3s"}}},
    ],
)
def test_what_is_right(document: dict[str, Any]) -> None:
    assert problems(document) == []


@pytest.mark.parametrize(
    ("document", "path", "sentence"),
    [
        ({}, "apply", "nothing is to be applied; give kill, ship, weights, or remove it"),
        ({"kill": {}}, "apply.kill", "give sql: {source: …, statement: …} or webhook: {url: …, secret_file: …}"),
        (
            {"kill": {**statement("x")["kill"], "webhook": HOOK}},
            "apply.kill",
            "sql and webhook are both given; keep one of them, so that it is done once",
        ),
        (statement("x", source="shp"), "apply.kill.sql.source", "there is no source 'shp', did you mean 'shop'?"),
        (
            statement("x", source="prod"),
            "apply.kill.sql.source",
            (
                "the source 'prod' is of type prometheus, but a statement needs a source of type sql; "
                "sources of that type: shop"
            ),
        ),
        (
            statement("UPDATE v SET s = :action::text"),
            "apply.kill.sql.statement",
            "the statement has :action::text, which cannot be told apart; write CAST(:action AS text)",
        ),
        (
            statement("UPDATE v SET s = 1 WHERE name = :varaint"),
            "apply.kill.sql.statement",
            "the statement names :varaint, which kill does not have, did you mean :variant?",
        ),
        (
            statement("UPDATE v SET s = :share"),
            "apply.kill.sql.statement",
            (
                "the statement names :share, which kill does not have; it may name :experiment, :variant, :action, "
                r":reason and :at; write \:share where no parameter is meant"
            ),
        ),
        (
            statement("UPDATE v SET w = 1", "weights"),
            "apply.weights.sql.statement",
            "the statement must name :variant and :weight: it is run for each variant",
        ),
        (
            {"kill": {"webhook": {"secret_file": "secret"}}},
            "apply.kill.webhook",
            "url is required; give it, or url_file with the path of a file that holds it",
        ),
        (
            {"kill": {"webhook": {**HOOK, "url_file": "url"}}},
            "apply.kill.webhook",
            "url and url_file are both given; keep one of them",
        ),
        (
            {"kill": {"webhook": {**HOOK, "url": "flags.example"}}},
            "apply.kill.webhook.url",
            "must begin with http:// or https://",
        ),
    ],
)
def test_what_is_wrong(document: dict[str, Any], path: str, sentence: str) -> None:
    assert problems(document) == [(path, sentence)]


def test_a_weight_is_not_of_a_kill() -> None:
    ((path, sentence),) = problems(statement("UPDATE v SET w = :weight WHERE name = :variant"))
    assert path == "apply.kill.sql.statement"
    assert "names :weight, which kill does not have" in sentence
