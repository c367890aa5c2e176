"""Formulas over the series of a trend: `100 * A / (A + B)`.

They consist of numbers, keys of series, `+ - * /`, parentheses and unary minus, with the usual
precedence. The result is None where a value is None, a divisor is 0, or the result is not finite.
"""

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from missioncontrol.domain.errors import Rejected

LENGTH_MAX = 200
DEPTH_MAX = 20

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*|\.\d+)|([A-Za-z]\w*)|([-+*/()]))", re.ASCII)
NEGATED = "negated"
OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Key(msgspec.Struct, frozen=True):
    """A series, by its key in the formula."""

    name: str


class Formula(msgspec.Struct, frozen=True):
    """A formula in postfix order: each operation follows its operands."""

    steps: tuple[float | Key | str, ...]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the series that it needs."""
        return frozenset(step.name for step in self.steps if isinstance(step, Key))

    def value(self, values: Mapping[str, float | None]) -> float | None:
        """Return the result for these values of the series."""
        stack: list[float] = []
        for step in self.steps:
            if isinstance(step, Key):
                found = values[step.name]
                if found is None:
                    return None
                stack.append(found)
            elif isinstance(step, float):
                stack.append(step)
            elif step == NEGATED:
                stack.append(-stack.pop())
            else:
                after, before = stack.pop(), stack.pop()
                if step == "/" and after == 0:
                    return None
                stack.append(OPERATIONS[step](before, after))
        return stack[0] if math.isfinite(stack[0]) else None


def formula_of(text: str, keys: Collection[str]) -> Formula:
    """Return the parsed formula; `keys` are those of the existing series.

    Raises:
        Rejected: `analytics.bad_formula`.
    """
    if len(text) > LENGTH_MAX:
        raise _bad(text, f"it has {len(text)} characters; at most {LENGTH_MAX} are allowed")
    reader = _Reader(text, keys)
    reader.sum()
    if reader.token is not None:
        raise _bad(text, f"{reader.token!r} is misplaced")
    return Formula(tuple(reader.steps))


class _Reader:
    """A recursive-descent parser that writes the steps in postfix order."""

    def __init__(self, text: str, keys: Collection[str]) -> None:
        self.steps: list[float | Key | str] = []
        self._text = text
        self._keys = keys
        self._tokens = iter(_tokens(text))
        self._depth = 0
        self.token: str | None = next(self._tokens, None)

    def sum(self) -> None:
        self._chain(("+", "-"), self._product)

    def _product(self) -> None:
        self._chain(("*", "/"), self._factor)

    def _chain(self, operations: tuple[str, ...], part: Callable[[], None]) -> None:
        part()
        while self.token in operations:
            operation = self._next()
            part()
            self.steps.append(operation)

    def _factor(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _bad(self._text, f"its parentheses are nested deeper than {DEPTH_MAX}")
        token = self._next()
        if token == "-":  # noqa: S105 - a sign of a formula, no password
            self._factor()
            self.steps.append(NEGATED)
        elif token == "(":  # noqa: S105
            self.sum()
            if self._next() != ")":
                raise _bad(self._text, "a parenthesis is not closed")
        else:
            self.steps.append(self._operand(token))
        self._depth -= 1

    def _operand(self, token: str) -> float | Key:
        if token[0].isalpha():
            if token not in self._keys:
                known = ", ".join(sorted(self._keys))
                raise _bad(self._text, f"no series has the key {token!r}; there are {known}")
            return Key(token)
        if token[0].isdigit() or token[0] == ".":
            return float(token)
        raise _bad(self._text, f"{token!r} is misplaced")

    def _next(self) -> str:
        if self.token is None:
            raise _bad(self._text, "it ends too early")
        token, self.token = self.token, next(self._tokens, None)
        return token


def _tokens(text: str) -> list[str]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        token = TOKEN.match(text, place)
        if token is None:
            raise _bad(text, f"{text[place:].strip()[:20]!r} is not valid")
        found.append(token[token.lastindex or 0])
        place = token.end()
    return found


def _bad(text: str, reason: str) -> Rejected:
    return Rejected(
        "analytics.bad_formula",
        f"The formula {text[:LENGTH_MAX]!r} is not valid: {reason}.",
        hint="Examples are `A / B` and `100 * A / (A + B)`.",
    )
