"""JMESPath expressions in the spec: https://jmespath.org/specification.html

jmespath is imported where an expression is met: who has no JSON source does not pay for it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from exporter.spec.tree import shown

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

_LONGEST = 1000


@lru_cache(maxsize=4096)
def compiled(text: str) -> ParsedResult:
    """The expression, ready to ``search``. ValueError, one sentence with the place, where it is none."""
    from jmespath import compile as parse  # noqa: PLC0415 - see above
    from jmespath.exceptions import JMESPathError, ParseError  # noqa: PLC0415
    from jmespath.functions import Functions  # noqa: PLC0415

    if len(text) > _LONGEST:  # its parser calls itself for each bracket
        raise ValueError(f"longer than {_LONGEST} characters; shorten it")
    try:
        expression = parse(text)
        unknown = sorted(_functions(expression.parsed) - Functions.FUNCTION_TABLE.keys())
    except ParseError as error:
        place = f" at character {error.lex_position + 1}" if error.lex_position < len(text) else ", it ends too early"
        raise ValueError(f"{shown(text)} is not a JMESPath expression{place}; {_ADVICE}") from None
    except (JMESPathError, RecursionError):
        raise ValueError(f"{shown(text)} is not a JMESPath expression; {_ADVICE}") from None
    if unknown:
        raise ValueError(f"{shown(text)} calls {unknown[0]}(), which JMESPath does not have")
    return expression


def _functions(node: Any) -> set[str]:
    """The names of the functions that a parsed expression calls; jmespath itself would say so only when it runs."""
    if not isinstance(node, dict):
        return set()
    own = {node["value"]} if node.get("type") == "function_expression" else set()
    return own.union(*map(_functions, node.get("children", ())))


_ADVICE = "write one like results[0].metrics, and keys with odd characters in double quotes"


def _checked(text: str) -> str:
    compiled(text)
    return text


Expression = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
"""A JMESPath expression, as it is written."""
