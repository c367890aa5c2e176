"""Reads the text format of protocol buffers without their schemas, as far as test data use it."""

import re
from typing import Any

# A message is a list of (field, value) in order; a string is bytes, a word is a Word.
Message = list[tuple[str, Any]]

_TOKEN = re.compile(
    r"""
    (?P<space> (?:\s | \#[^\n]*)+ )
  | (?P<string> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
  | (?P<number> -?(?:0[xX][0-9a-fA-F]+ | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) )
  | (?P<word> -?[A-Za-z_][A-Za-z0-9_.]* )
  | (?P<sign> [{}<>\[\]:,;/] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    rb"\\(?:[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.DOTALL
)
_PLAIN = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_FLOATS = {"inf", "-inf", "nan", "-nan", "infinity", "-infinity"}


class Word(str):
    """A name without quotes: `true`, `NULL_VALUE`."""

    __slots__ = ()


def read(text: str) -> Message:
    """Return the message that a file holds; ValueError with the place where it can't be read."""
    return _Reader(text).message("")


def all_of(message: Message, field: str) -> list[Any]:
    return [value for name, value in message if name == field]


def one_of(message: Message, field: str, default: Any = None) -> Any:
    return next((value for name, value in message if name == field), default)


def text_of(message: Message, field: str) -> str:
    value = one_of(message, field, b"")
    assert isinstance(value, bytes)
    return value.decode()


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.place = 0
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"can't read {text[at : at + 30]!r}")
            if found.lastgroup != "space":
                self.tokens.append((found.lastgroup or "", found[0]))
            at = found.end()
        self.tokens.append(("end", ""))

    def message(self, end: str) -> Message:
        fields: Message = []
        while self.peek() != end:
            name = self.name()
            if self.peek() == ":":
                self.take()
            fields.extend((name, value) for value in self.values())
            if self.peek() in {",", ";"}:
                self.take()
        self.take()
        return fields

    def name(self) -> str:
        if self.peek() != "[":
            return self.take()[1]
        self.take()
        name = ""
        while self.peek() != "]":
            name += self.take()[1]
        self.take()
        return name

    def values(self) -> list[Any]:
        """Return the value of a field, or several where they stand in brackets."""
        if self.peek() != "[":
            return [self.value()]
        self.take()
        values = []
        while self.peek() != "]":
            values.append(self.value())
            if self.peek() == ",":
                self.take()
        self.take()
        return values

    def value(self) -> Any:
        kind, text = self.take()
        if text in {"{", "<"}:
            return self.message({"{": "}", "<": ">"}[text])
        if kind == "string":
            return self.string(text)
        if kind == "number":
            return int(text, 0) if re.fullmatch(r"-?(0[xX].*|\d+)", text) else float(text)
        if kind != "word":
            raise ValueError(f"{text!r} is no value")
        return float(text) if text.lower() in _FLOATS else Word(text)

    def string(self, first: str) -> bytes:
        """Return a string with those that follow it at once."""
        content = _unescaped(first)
        while self.tokens[self.place][0] == "string":
            content += _unescaped(self.take()[1])
        return content

    def peek(self) -> str:
        return self.tokens[self.place][1]

    def take(self) -> tuple[str, str]:
        token = self.tokens[self.place]
        if token[0] == "end" and self.place == len(self.tokens):
            raise ValueError("the text ends within a message")
        self.place += 1
        return token


def _unescaped(literal: str) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 16)])
        if found[2] or found[3]:
            return chr(int(found[2] or found[3], 16)).encode("utf-8", "surrogatepass")
        if found[4]:
            return bytes([int(found[4], 8) & 0xFF])
        return _PLAIN.get(found[5], found[5])

    return _ESCAPE.sub(plain, literal[1:-1].encode())
