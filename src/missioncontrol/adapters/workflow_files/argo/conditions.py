"""Converts Argo's conditions, `when` and `depends`, to CEL if both certainly mean the same."""

import re
from collections.abc import Callable, Sequence

import msgspec

from missioncontrol.adapters.workflow_files.argo.texts import Parts, text_of
from missioncontrol.adapters.workflow_files.foreign.cel import (
    Unclear,
    Value,
    all_of,
    any_of,
    negated,
    quoted,
)
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling

TOKENS_MAX = 200
DEPTH_MAX = 30
_SIGN = re.compile(
    r"\s+|(\|\||&&|==|!=|<=|>=|=~|!~|[<>!()])|('[^']*'|\"[^\"]*\")|([^\s|&=!<>()'\"]+)"
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class _Operand(msgspec.Struct):
    """What stands between two signs: texts and values right beside each other."""

    parts: Parts
    is_quoted: bool = False


_Token = str | _Operand


def when_in(parts: Sequence[str | Filling]) -> str:
    """Return the condition that a `when` states.

    Raises:
        Unclear: it says why.
    """
    return _Reader(_tokens(parts)).read(_compared)


def depends_in(text: str, meaning: Callable[[str, str], str]) -> str:
    """Return the condition that a `depends` states; `meaning` gives that of a task and its result.

    Raises:
        Unclear: it says why.
    """

    def describe_state(reader: "_Reader") -> str:
        operand = reader.take()
        if not isinstance(operand, _Operand):
            raise Unclear(f"{operand!r} is not expected there.")
        name, _, result = "".join(map(str, operand.parts)).partition(".")
        return meaning(name, result)

    return _Reader(_tokens([text])).read(describe_state)


def _tokens(parts: Sequence[str | Filling]) -> list[_Token]:
    # Values are marks while the text is cut up, as they may stand within quotes.
    fillings = [part for part in parts if isinstance(part, Filling)]
    text = "".join(part.replace("\0", "") if isinstance(part, str) else "\0" for part in parts)
    tokens: list[_Token] = []
    at, number = 0, 0
    while at < len(text):
        found = _SIGN.match(text, at)
        if found is None:
            raise Unclear(f"{text[at : at + 20]!r} is no part of a condition.")
        at = found.end()
        word = found[2][1:-1] if found[2] is not None else found[3]
        if found[1]:
            tokens.append(found[1])
        elif word is not None:
            used = word.count("\0")
            tokens.append(_operand(word, fillings[number : number + used], found[2] is not None))
            number += used
    if len(tokens) > TOKENS_MAX:
        raise Unclear(f"It has more than {TOKENS_MAX} words.")
    return tokens


def _operand(word: str, fillings: list[Filling], is_quoted: bool) -> _Operand:
    texts = word.split("\0")
    parts: Parts = [texts[0]]
    for filling, text in zip(fillings, texts[1:], strict=True):
        parts += [filling, text]
    return _Operand([part for part in parts if part != ""], is_quoted)


class _Reader:
    """Recursive descent over `||`, `&&`, `!` and brackets."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> _Token:
        token = self.peek()
        self._at += 1
        return token

    def read(self, operand: Callable[["_Reader"], str]) -> str:
        condition = self._any(operand)
        if self._at < len(self._tokens):
            raise Unclear("It goes on where it should end.")
        return condition

    def _any(self, operand: Callable[["_Reader"], str]) -> str:
        found = [self._all(operand)]
        while self.peek() == "||":
            self.take()
            found.append(self._all(operand))
        return any_of(found)

    def _all(self, operand: Callable[["_Reader"], str]) -> str:
        found = [self._one(operand)]
        while self.peek() == "&&":
            self.take()
            found.append(self._one(operand))
        return all_of(found)

    def _one(self, operand: Callable[["_Reader"], str]) -> str:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Unclear(f"It is nested more than {DEPTH_MAX} deep.")
        try:
            if self.peek() == "!":
                self.take()
                return negated(self._one(operand))
            if self.peek() != "(":
                return operand(self)
            self.take()
            inner = self._any(operand)
            if self.take() != ")":
                raise Unclear("A bracket is not closed.")
            return inner
        finally:
            self._depth -= 1


def _compared(reader: _Reader) -> str:
    left = reader.take()
    if not isinstance(left, _Operand):
        raise Unclear(f"{left!r} is not expected there." if left else "It breaks off.")
    operator = reader.peek()
    if not isinstance(operator, str) or operator in ("", "&&", "||", ")"):
        return _equal(left, _Operand(["true"]))
    reader.take()
    right = reader.take()
    if not isinstance(right, _Operand):
        raise Unclear("It breaks off.")
    match operator:
        case "==":
            return _equal(left, right)
        case "!=":
            return negated(_equal(left, right))
        case "<" | "<=" | ">" | ">=":
            return _ordered(operator, left, right)
        case _:
            raise Unclear(f"{operator!r} has no counterpart here.")


def _equal(left: _Operand, right: _Operand) -> str:
    one, other = text_of(left.parts), text_of(right.parts)
    if _literal(one) is not None and _literal(other) is None:
        left, right, one, other = right, left, other, one
    literal = _literal(other)
    if literal is None:
        raise Unclear("It compares two values, which Argo takes for numbers where both look so.")
    known = _literal(one)
    if known is not None:
        return "true" if _same(known, literal) else "false"
    if literal in one.cases:
        return one.cases[literal]
    if _NUMBER.fullmatch(literal) and not (left.is_quoted or right.is_quoted):
        return f"double({one.source}) == {_double(literal)}"
    source = one.guarded if one.kind == "string" else f"string({one.source})"
    return f"{source} == {quoted(literal)}"


def _same(one: str, other: str) -> bool:
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other):
        return float(one) == float(other)
    return one == other


def _ordered(operator: str, left: _Operand, right: _Operand) -> str:
    one, other = text_of(left.parts), text_of(right.parts)
    if _literal(one) is not None:
        one, other, operator = other, one, _FLIPPED[operator]
    literal = _literal(other)
    if literal is None or not _NUMBER.fullmatch(literal) or _literal(one) is not None:
        raise Unclear("It orders values of which none is a number in the file.")
    return f"double({one.source}) {operator} {_double(literal)}"


def _literal(value: Value) -> str | None:
    is_literal = value.options is not None and value.source[:1] in "'\""
    return value.options[0] if is_literal and value.options else None


def _double(literal: str) -> str:
    return literal if "." in literal else f"{literal}.0"
