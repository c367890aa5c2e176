"""Parses the expressions between `${{` and `}}` in GitHub's files into a tree."""

import re
from typing import Literal

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import Unclear

LENGTH_MAX = 4096
DEPTH_MAX = 40
PAIRS_MAX = 100
TEXT_MAX = 200_000
HOLES_MAX = 1_000

_HOLE = re.compile(r"\$\{\{((?:'[^']{0,4096}'|[^'}]|\}(?!\})){0,4096})\}\}")


class Literally(msgspec.Struct, frozen=True):
    """null, true, a number or a text."""

    value: str | float | int | bool | None


class Reference(msgspec.Struct, frozen=True):
    """A value of a context, as `needs.build.outputs.tag`; `*` stands for every entry."""

    path: tuple[str, ...]


class Call(msgspec.Struct, frozen=True):
    """A function and what it is given; names are small letters, as case does not count."""

    name: str
    arguments: tuple["Expression", ...]


class Not(msgspec.Struct, frozen=True):
    """The opposite."""

    operand: "Expression"


class Pair(msgspec.Struct, frozen=True):
    """Two operands and what stands between them."""

    operator: Literal["||", "&&", "==", "!=", "<", "<=", ">", ">="]
    left: "Expression"
    right: "Expression"


Expression = Literally | Reference | Call | Not | Pair


class Hole(msgspec.Struct, frozen=True):
    """A place in a text that an expression fills."""

    source: str  # without the braces
    offset: int  # of the first `$` in the text


_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)"
    r"|(?P<sign>\|\||&&|==|!=|<=|>=|[<>!()\[\],.*])"
    r")"
)
_LEVELS: tuple[tuple[str, ...], ...] = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def pieces_of(text: str) -> list[str | Hole]:
    """Split `text` at its expressions; `}}` within a quoted text does not end one.

    Raises:
        Unclear: there are more than anybody writes.
    """
    if len(text) > TEXT_MAX or text.count("${{") > HOLES_MAX:
        raise Unclear(f"It is longer than {TEXT_MAX:,} characters, or has too many expressions.")
    pieces: list[str | Hole] = []
    at = 0
    for found in _HOLE.finditer(text):
        if found.start() > at:
            pieces.append(text[at : found.start()])
        pieces.append(Hole(found[1].strip(), found.start()))
        at = found.end()
    if at < len(text):
        pieces.append(text[at:])
    return pieces


def parsed(source: str) -> Expression:
    """Read one expression.

    Raises:
        Unclear: it is none, or longer or deeper than anything that people write.
    """
    if len(source) > LENGTH_MAX:
        raise Unclear(f"It has more than {LENGTH_MAX:,} characters.")
    parser = _Parser(_tokens(source))
    expression = parser.level(0)
    if parser.peek():
        raise Unclear(f"{parser.peek()!r} is not expected there.")
    return expression


def _tokens(source: str) -> list[str]:
    tokens, at = [], 0
    source = source.rstrip()
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise Unclear(f"{source[at:].strip()[:20]!r} is no part of an expression.")
        tokens.append(found[0].strip() if not found["text"] else found["text"])
        at = found.end()
    return tokens


class _Parser:
    """Recursive descent over tokens, each level binding tighter than the one before."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._pairs = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise Unclear(f"{token!r} is missing.")

    def level(self, number: int) -> Expression:
        if number == len(_LEVELS):
            return self._unary()
        left = self.level(number + 1)
        while (operator := self.peek()) in _LEVELS[number]:
            self._take()
            self._pairs += 1
            if self._pairs > PAIRS_MAX:
                raise Unclear(f"It has more than {PAIRS_MAX} operators.")
            left = Pair(operator, left, self.level(number + 1))  # type: ignore[arg-type]
        return left

    def _unary(self) -> Expression:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Unclear(f"It is nested more than {DEPTH_MAX} deep.")
        try:
            if self.peek() == "!":
                self._take()
                return Not(self._unary())
            return self._operand()
        finally:
            self._depth -= 1

    def _operand(self) -> Expression:
        word = self._take()
        if word == "(":
            inner = self.level(0)
            self._expect(")")
            if self.peek() in (".", "["):
                raise Unclear("A part of a computed value has no counterpart here.")
            return inner
        if word[:1] == "'":
            return Literally(word[1:-1].replace("''", "'"))
        if re.fullmatch(r"[-+]?[.0-9].*", word):
            return Literally(_number(word))
        if re.match(r"[A-Za-z_]", word):
            return self._named(word)
        raise Unclear(f"{word!r} is not expected there." if word else "It breaks off.")

    def _named(self, name: str) -> Expression:
        if name.lower() in _WORDS and self.peek() not in (".", "["):
            return Literally(_WORDS[name.lower()])
        if self.peek() == "(":
            self._take()
            return Call(name.lower(), self._arguments())
        return Reference((name.lower(), *self._selectors()))

    def _arguments(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while self.peek() != ")":
            if found:
                self._expect(",")
            found.append(self.level(0))
        self._take()
        return tuple(found)

    def _selectors(self) -> list[str]:
        found = []
        while (sign := self.peek()) in (".", "["):
            self._take()
            found.append(self._take())
            if sign == "[":
                self._expect("]")
                if found[-1][:1] != "'":
                    raise Unclear("A computed name has no counterpart here.")
                found[-1] = found[-1][1:-1].replace("''", "'")
        return found


def _number(token: str) -> float | int:
    sign, digits = (-1, token[1:]) if token[0] == "-" else (1, token.lstrip("+"))
    if digits[:2] in ("0x", "0o"):
        return sign * int(digits, 0)
    value = float(digits)
    return sign * (int(value) if value.is_integer() and value < 2**53 else value)
