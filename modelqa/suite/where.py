"""The one condition language: ``tenure < 3 and (region in ('EU', 'US') or age is null)``.

    condition  = all {"or" all}
    all        = part {"and" part}
    part       = "not" part | "(" condition ")" | comparison
    comparison = name ("=" | "==" | "!=" | "<" | "<=" | ">" | ">=") (literal | name)
               | name ["not"] "in" "(" literal {"," literal} ")"
               | name "is" ["not"] "null"
    name       = word | "`" anything "`"
    literal    = number | 'text' | "text" | "true" | "false"

Dates are written as texts (``signup >= '2026-01-31'``), a quote inside a text is doubled, and
words such as ``and`` may be in capitals. Null matches nothing but ``is null``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

from modelqa.core.ports import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Value = bool | int | float | str

MAX_LENGTH = 4_000
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""
    (?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?!\w))
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<quoted>`[^`]+`)
    | (?P<word>[^\W\d]\w*)
    | (?P<operator><=|>=|!=|==|=|<|>)
    | (?P<mark>[(),])
    """,
    re.VERBOSE,
)
_KEYWORDS = ("and", "or", "not", "in", "is", "null", "true", "false")
_KNOWN = "where knows comparisons, in, is null, and, or, not and parentheses"


class WhereError(ValueError):
    """A condition that cannot be read; ``offset`` counts characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A column against a literal or another column."""

    left: Name
    operator: Operator
    right: "Name | Value"


@dataclass(frozen=True, slots=True)
class In:
    """A column whose value is one of some literals."""

    left: Name
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """A column without a value."""

    left: Name


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; what is unknown stays unknown."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - typing has the name without the underscore
    """At least one part holds."""

    parts: "tuple[Tree, ...]"


Tree = Compare | In | IsNull | Not | All | Any_


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read once: its text, its tree and the columns it reads."""

    text: str
    tree: Tree = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The columns that the condition reads."""
        return frozenset(_names(self.tree))

    def mask(self, table: Table) -> "NDArray[np.bool_]":
        """Which rows of a table match: a truth value per row.

        Raises ``SubjectError`` where a column is missing, or holds another type than it is
        compared with.
        """
        from modelqa.suite.masks import mask

        return mask(self.tree, table, self.text)


def parse(text: str) -> Condition:
    """Read a condition. Raises ``WhereError`` with the offset of what cannot be read.

    >>> sorted(parse("tenure < 3 and `pay day` is not null").names)
    ['pay day', 'tenure']
    >>> parse("tenure << 3")
    Traceback (most recent call last):
        ...
    modelqa.suite.where.WhereError: expected a number, a text in quotes, true, false or a column, found '<'
    """
    if len(text) > MAX_LENGTH:
        raise WhereError(f"longer than {MAX_LENGTH:,} characters", 0)
    parser = _Parser(list(_tokens(text)), len(text))
    tree = parser.condition(0)
    parser.end()
    return Condition(text, tree)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int

    @property
    def word(self) -> str:
        """The keyword that the token is, or a mark; empty for any other."""
        text = self.text.lower()
        if self.kind == "word":
            return text if text in _KEYWORDS else ""
        return text if self.kind in ("mark", "operator") else ""


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise WhereError(_unknown(text, position), position)
        yield _Token(cast("str", match.lastgroup), match[0], position)
        position = match.end()


def _unknown(text: str, position: int) -> str:
    if text[position] in "'\"`":
        return f"the quote {text[position]} is not closed"
    return f"unexpected {text[position]!r}: {_KNOWN}"


class _Parser:
    """Recursive descent; ``depth`` counts open parentheses and nots."""

    def __init__(self, tokens: list[_Token], length: int) -> None:
        self.tokens = tokens
        self.next = 0
        self.length = length

    @property
    def token(self) -> _Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def fail(self, expected: str) -> NoReturn:
        token = self.token
        found = repr(token.text[:40]) if token else "the end"
        raise WhereError(f"expected {expected}, found {found}", token.offset if token else self.length)

    def take(self, *words: str) -> str | None:
        """The next token where it is one of these keywords or marks."""
        token = self.token
        if token is None or token.word not in words:
            return None
        self.next += 1
        return token.word

    def need(self, word: str) -> None:
        if self.take(word) is None:
            self.fail(repr(word))

    def end(self) -> None:
        if self.token is not None:
            self.fail("and, or, or the end")

    def condition(self, depth: int) -> Tree:
        parts = [self.conjunction(depth)]
        while self.take("or"):
            parts.append(self.conjunction(depth))
        return parts[0] if len(parts) == 1 else Any_(tuple(parts))

    def conjunction(self, depth: int) -> Tree:
        parts = [self.part(depth)]
        while self.take("and"):
            parts.append(self.part(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def part(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            self.fail(f"at most {MAX_DEPTH} levels")
        if self.take("not"):
            return Not(self.part(depth + 1))
        if self.take("("):
            inner = self.condition(depth + 1)
            self.need(")")
            return inner
        return self.comparison()

    def comparison(self) -> Tree:
        left = self.name()
        if left is None:
            self.fail("a column")
        if self.take("is"):
            negated = self.take("not")
            self.need("null")
            return Not(IsNull(left)) if negated else IsNull(left)
        if self.take("not"):
            self.need("in")
            return Not(self.membership(left))
        if self.take("in"):
            return self.membership(left)
        operator = self.take("=", "==", "!=", "<", "<=", ">", ">=")
        if operator is None:
            self.fail("a comparison such as =, <, in or is null")
        return Compare(left, cast("Operator", "=" if operator == "==" else operator), self.operand())

    def membership(self, left: Name) -> In:
        self.need("(")
        values = [self.literal()]
        while self.take(","):
            values.append(self.literal())
        self.need(")")
        return In(left, tuple(values))

    def operand(self) -> Name | Value:
        name = self.name()
        if name is not None:
            return name
        return self.literal(" or a column")

    def name(self) -> Name | None:
        token = self.token
        if token is None or token.kind not in ("word", "quoted") or token.word:
            return None
        self.next += 1
        return Name(token.text.strip("`"))

    def literal(self, also: str = "") -> Value:
        token = self.token
        value = None if token is None else _literal(token)
        if value is None:
            if token is not None and token.word == "null":
                self.fail("a value (a null is found by: is null)")
            self.fail(f"a number, a text in quotes, true{',' if also else ' or'} false{also}")
        self.next += 1
        return value


def _literal(token: _Token) -> Value | None:
    if token.kind == "number":
        number = float(token.text)
        if abs(number) == float("inf"):
            raise WhereError("expected a finite number", token.offset)
        whole = token.text.lstrip("+-").isdigit()
        return int(token.text) if whole else number
    if token.kind == "text":
        quote = token.text[0]
        return token.text[1:-1].replace(quote * 2, quote)
    return {"true": True, "false": False}.get(token.word)


def _names(tree: Tree) -> Iterator[str]:
    match tree:
        case Not(part):
            yield from _names(part)
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _names(part)
        case Compare(Name(name), _, Name(other)):
            yield from (name, other)
        case Compare(Name(name)) | In(Name(name)) | IsNull(Name(name)):
            yield name


def kind_of(value: Any) -> str:
    """What a literal is, in words.

    >>> kind_of(True), kind_of(3), kind_of("EU")
    ('a truth value', 'a number', 'a text')
    """
    if isinstance(value, bool):
        return "a truth value"
    return "a text" if isinstance(value, str) else "a number"
