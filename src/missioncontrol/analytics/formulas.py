"""Formulas over the series of a trend: `100 * A / (A + B)`.

They have numbers, the keys of series, `+ - * /`, brackets and a minus before any of these, and mean
what they mean at school: times and through before plus and minus, else from left to right. Where a
value is None, a division is by 0 or the result is beyond all numbers, the result is None.
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
    """A series, by what a formula calls it."""

    name: str


class Formula(msgspec.Struct, frozen=True):
    """Numbers, keys and operations, each operation after what it is about."""

    steps: tuple[float | Key | str, ...]

    @property
    def keys(self) -> frozenset[str]:
        """Return which series it needs."""
        return frozenset(step.name for step in self.steps if isinstance(step, Key))

    def value(self, values: Mapping[str, float | None]) -> float | None:
        """Return what comes out where the series have these values."""
        held: list[float] = []
        for step in self.steps:
            if isinstance(step, Key):
                found = values[step.name]
                if found is None:
                    return None
                held.append(found)
            elif isinstance(step, float):
                held.append(step)
            elif step == NEGATED:
                held.append(-held.pop())
            else:
                after, before = held.pop(), held.pop()
                if step == "/" and after == 0:
                    return None
                held.append(OPERATIONS[step](before, after))
        return held[0] if math.isfinite(held[0]) else None


def formula_of(text: str, keys: Collection[str]) -> Formula:
    """Return what a formula says; `keys` are those of the series that there are.

    Raises:
        Rejected: `analytics.bad_formula`.
    """
    if len(text) > LENGTH_MAX:
        raise _bad(text, f"it has {len(text)} characters; at most {LENGTH_MAX} are taken")
    reader = _Reader(text, keys)
    reader.sum()
    if reader.token is not None:
        raise _bad(text, f"{reader.token!r} can't stand where it does")
    return Formula(tuple(reader.steps))


class _Reader:
    """Reads a formula from left to right, writing its steps."""

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
            operation = self._taken()
            part()
            self.steps.append(operation)

    def _factor(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _bad(self._text, f"its brackets are deeper than {DEPTH_MAX}")
        token = self._taken()
        if token == "-":  # noqa: S105 - a sign of a formula, no password
            self._factor()
            self.steps.append(NEGATED)
        elif token == "(":  # noqa: S105
            self.sum()
            if self._taken() != ")":
                raise _bad(self._text, "a bracket is not closed")
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
        raise _bad(self._text, f"{token!r} can't stand where it does")

    def _taken(self) -> str:
        if self.token is None:
            raise _bad(self._text, "it ends too early")
        token, self.token = self.token, next(self._tokens, None)
        return token


def _tokens(text: str) -> list[str]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        token = TOKEN.match(text, place)
        if token is None:
            raise _bad(text, f"{text[place:].strip()[:20]!r} can't be understood")
        found.append(token[token.lastindex or 0])
        place = token.end()
    return found


def _bad(text: str, reason: str) -> Rejected:
    return Rejected(
        "analytics.bad_formula",
        f"The formula {text[:LENGTH_MAX]!r} can't be worked out: {reason}.",
        hint="A formula is such as `A / B` or `100 * A / (A + B)`.",
    )
