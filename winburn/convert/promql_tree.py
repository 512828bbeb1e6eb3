"""PromQL as a tree: enough to see what a query counts. Precedence as in Prometheus's documentation of operators
(https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence)."""

from __future__ import annotations

from dataclasses import dataclass

from winburn.convert.promql_tokens import PromqlError, Token, tokens

_DEEPEST = 60
_PRECEDENCE = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", ">", "<", ">=", "<="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_AGGREGATIONS = frozenset(
    ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values")
)
_MATCHER = frozenset({"=", "!=", "=~", "!~"})


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; ``value`` is the string literal as it was written, quotes and all."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A vector selector; ``window`` is its range, ``moved`` that an offset or @ shifts it."""

    metric: str
    matchers: tuple[Matcher, ...]
    window: str | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Subquery:
    """An expression over a range with a step."""

    inner: Expr
    window: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregation; ``labels`` are those of by, or of without, or None where there is neither."""

    operator: str
    arguments: tuple[Expr, ...]
    labels: tuple[str, ...] | None = None
    without: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; ``matching`` that on, ignoring or a group modifier says how labels are matched."""

    operator: str
    left: Expr
    right: Expr
    matching: bool = False
    bool_modifier: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a string, as written."""

    text: str


Expr = Selector | Subquery | Call | Aggregate | Binary | Literal


def parse(query: str) -> Expr:
    """The tree of a query; PromqlError where it is none, or needs more of the language than is known here."""
    parser = _Parser(tokens(query))
    tree = parser.expression(0, 0)
    parser.expect("end", "")
    return tree


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def expect(self, kind: str, text: str) -> None:
        token = self._next()
        if token.kind != kind or token.text != text:
            raise PromqlError(f"{text or 'the end'!r} belongs where {token.text or 'the end'!r} stands")

    def expression(self, lowest: int, depth: int) -> Expr:
        if depth > _DEEPEST:
            raise PromqlError(f"more than {_DEEPEST} levels of nesting")
        left = self._unary(depth)
        while (level := _PRECEDENCE.get(self._peek().text.lower(), 0)) > lowest and self._peek().kind != "string":
            operator = self._next().text.lower()
            is_bool = self._word("bool")
            matching = self._matching()
            # ^ binds to the right: its right operand may hold further ones.
            right = self.expression(level - (operator == "^"), depth + 1)
            left = Binary(operator, left, right, matching, is_bool)
        return left

    def _matching(self) -> bool:
        found = False
        while self._peek().kind == "word" and self._peek().text.lower() in (
            "on",
            "ignoring",
            "group_left",
            "group_right",
        ):
            self._next()
            found = True
            if self._peek().text == "(":
                self._labels()
        return found

    def _unary(self, depth: int) -> Expr:
        if self._peek().text in {"+", "-"} and self._peek().kind == "sign":
            operator = self._next().text
            # A sign binds less tightly than ^ and more than *.
            return Binary(operator, Literal("0"), self.expression(5, depth + 1))
        return self._ranged(self._primary(depth))

    def _primary(self, depth: int) -> Expr:
        token = self._next()
        if token.text == "(" and token.kind == "sign":
            inner = self.expression(0, depth + 1)
            self.expect("sign", ")")
            return inner
        if token.text == "{" and token.kind == "sign":
            return Selector("", self._matchers())
        if token.kind in {"number", "string"}:
            return Literal(token.text)
        if token.kind != "word":
            raise PromqlError(f"an expression belongs where {token.text or 'the end'!r} stands")
        return self._named(token.text, depth)

    def _named(self, name: str, depth: int) -> Expr:
        after = self._peek().text
        if name.lower() in _AGGREGATIONS and after.lower() in {"(", "by", "without"}:
            return self._aggregate(name.lower(), depth)
        if after == "(":
            return Call(name, self._arguments(depth))
        if name.lower() in {"inf", "nan"}:
            return Literal(name)
        if after == "{":
            self._next()
            return Selector(name, self._matchers())
        return Selector(name, ())

    def _aggregate(self, operator: str, depth: int) -> Expr:
        labels, without = self._grouping()
        arguments = self._arguments(depth)
        if labels is None:
            labels, without = self._grouping()
        return Aggregate(operator, arguments, labels, without)

    def _grouping(self) -> tuple[tuple[str, ...] | None, bool]:
        word = self._peek().text.lower()
        if word not in {"by", "without"}:
            return None, False
        self._next()
        return self._labels(), word == "without"

    def _labels(self) -> tuple[str, ...]:
        self.expect("sign", "(")
        labels = []
        while not self._sign(")"):
            token = self._next()
            if token.kind != "word":
                raise PromqlError(f"a label's name belongs where {token.text!r} stands")
            labels.append(token.text)
            if self._peek().text != ")":
                self.expect("sign", ",")
        return tuple(labels)

    def _arguments(self, depth: int) -> tuple[Expr, ...]:
        self.expect("sign", "(")
        arguments: list[Expr] = []
        while not self._sign(")"):
            arguments.append(self.expression(0, depth + 1))
            if self._peek().text != ")":
                self.expect("sign", ",")
        return tuple(arguments)

    def _matchers(self) -> tuple[Matcher, ...]:
        matchers = []
        while not self._sign("}"):
            label, operator, value = self._next(), self._next(), self._next()
            if label.kind != "word" or operator.text not in _MATCHER or value.kind != "string":
                raise PromqlError(f"a matcher belongs where {label.text + operator.text!r} stands")
            matchers.append(Matcher(label.text, operator.text, value.text))
            if self._peek().text != "}":
                self.expect("sign", ",")
        return tuple(matchers)

    def _ranged(self, node: Expr) -> Expr:
        while True:
            if self._sign("["):
                node = self._range(node)
            elif self._word("offset"):
                self._sign("-")
                self._next()
                node = _moved(node)
            elif self._sign("@"):
                self._next()
                if self._peek().text == "(":
                    self._arguments(0)
                node = _moved(node)
            else:
                return node

    def _range(self, node: Expr) -> Expr:
        window = self._next()
        if window.kind not in {"duration", "number"}:
            raise PromqlError(f"a range belongs where {window.text!r} stands")
        if self._sign(":"):
            if self._peek().kind in {"duration", "number"}:
                self._next()
            self.expect("sign", "]")
            return Subquery(node, window.text)
        self.expect("sign", "]")
        if not isinstance(node, Selector) or node.window is not None:
            raise PromqlError("a range belongs behind a selector")
        return Selector(node.metric, node.matchers, window.text)

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _sign(self, text: str) -> bool:
        found = self._peek() == Token("sign", text)
        if found:
            self._next()
        return found

    def _word(self, text: str) -> bool:
        found = self._peek().kind == "word" and self._peek().text.lower() == text
        if found:
            self._next()
        return found


def _moved(node: Expr) -> Expr:
    return Selector(node.metric, node.matchers, node.window, moved=True) if isinstance(node, Selector) else node
