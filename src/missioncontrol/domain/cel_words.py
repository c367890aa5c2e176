"""The words of a CEL expression: names, literals, signs, and where they stand."""

import re
from collections.abc import Iterator

import msgspec

KEYWORDS = frozenset({"true", "false", "null", "in"})
SPACES = " \t\n\f\r"


class Token(msgspec.Struct, frozen=True):
    """A word, a space or a comment."""

    kind: str  # space, string, open (a string without its end), number, name, quoted or sign
    text: str
    at: int


_TOKEN = re.compile(
    r"""
    (?P<space> [\t\n\f\r ]+ | //[^\n]* )
  | (?P<string>
        [bB]?[rR](?: \"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n\r]*" | '[^'\n\r]*' )
      | [bB]?(?: \"{3}(?:[^\\]|\\.)*?\"{3} | '{3}(?:[^\\]|\\.)*?'{3}
               | "(?:[^"\\\n\r]|\\[^\n\r])*" | '(?:[^'\\\n\r]|\\[^\n\r])*' ) )
  | (?P<open> [bB]?[rR]?(?: \"{3}.* | '{3}.* | ["'][^\n\r]* ) )
  | (?P<number> 0x[0-9a-fA-F]+[uU]? | [0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?
              | [0-9]+[eE][+-]?[0-9]+ | [0-9]+[uU]? )
  | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<quoted> `[^`\n\r]+` )
  | (?P<sign> \.\? | \[\? | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """Yield all that stands in `text` from `start` on; what is no word of CEL comes as a sign."""
    for found in _TOKEN.finditer(text, start):
        yield Token(found.lastgroup or "", found[0], found.start())


def words_of(source: str) -> Iterator[Token]:
    """Yield the words of an expression, without spaces and comments."""
    return (token for token in tokens(source) if token.kind != "space")


def literal(token: Token) -> str | int | None:
    """Return the text or the whole number that a literal stands for; None for any other word."""
    if token.kind == "number":
        return int(token.text, 0 if "x" in token.text else 10) if _INTEGER(token.text) else None
    if token.kind != "string" or token.text[0] in "bB":
        return None
    raw = token.text[0] in "rR"
    quoted = token.text[raw:]
    width = 3 if len(quoted) >= 6 and quoted[:3] in {"'''", '"""'} else 1
    inner = quoted[width:-width]
    return inner if raw else _ESCAPE.sub(_unescaped, inner)


_INTEGER = re.compile(r"0x[0-9a-fA-F]{1,16}|[0-9]{1,19}").fullmatch
_ESCAPE = re.compile(
    r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"
    r"|([0-3][0-7]{2})|(.))",
    re.DOTALL,
)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        return chr(int(digits, 16))
    return chr(int(found[4], 8)) if found[4] else _ESCAPED.get(found[5], found[5])
