"""The definitions of one source file, each with its first and last line and what encloses it."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from missioncontrol.specialists.symbols import Symbol, symbols

DEPTH_MAX = 2  # a class and its methods; what stands inside a function is its own business
BRACE_LINES_MAX = 400
_ESCAPED = re.compile(r"\\.")
"""`\\"` ends no string, and `\\/\\/` in a pattern begins no comment."""


class Part(msgspec.Struct, frozen=True):
    """One definition."""

    path: str
    name: str
    word: str  # class, def, function …
    start: int  # 1-based, decorators included
    end: int
    owner: str = ""  # the class it belongs to

    @property
    def title(self) -> str:
        """Its name as one would say it: `SessionInterface.open_session`."""
        if self.word == "lines":
            return f"{self.owner}: {self.name}" if self.owner else self.name
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def place(self) -> str:
        """Where it stands, as `path:first-last`."""
        return f"{self.path}:{self.start}-{self.end}"

    @property
    def is_type(self) -> bool:
        """Whether it is a class or the like."""
        return self.word in {"class", "interface", "struct", "trait", "protocol"}


def lines_of(text: str | None) -> list[str]:
    """Return the lines of a text as editors count them: by line feeds alone."""
    return text.removesuffix("\n").split("\n") if text else []


def parts_of(path: str, text: str, language: str) -> list[Part]:
    """Return the definitions in `text`, top to bottom; exact for Python, close for the rest."""
    if language == "Python":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Odd escapes in that code are not ours.
                return list(_python(path, ast.parse(text).body, ""))
        except (SyntaxError, ValueError, RecursionError):
            pass
    return _by_layout(path, text)


def _python(path: str, body: Sequence[ast.stmt], owner: str, depth: int = 1) -> Iterator[Part]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _python(path, _inner(node), owner, depth)
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        word = "class" if isinstance(node, ast.ClassDef) else "def"
        yield Part(path, node.name, word, start, node.end_lineno or start, owner)
        if word == "class" and depth < DEPTH_MAX:
            yield from _python(path, node.body, node.name, depth + 1)


def _inner(node: ast.If | ast.Try) -> list[ast.stmt]:
    rest = [each for handler in getattr(node, "handlers", []) for each in handler.body]
    return [*node.body, *rest, *node.orelse]


def _by_layout(path: str, text: str) -> list[Part]:
    lines = lines_of(text)
    found = symbols(text)
    return [
        Part(path, each.name, each.word, each.line, _end(each, follower, lines))
        for each, follower in pairwise([*found, None])
        if each is not None
    ]


def _end(symbol: Symbol, follower: Symbol | None, lines: Sequence[str]) -> int:
    """Return the line where braces close, else the last one before something as far left."""
    closing = _bracket_below(symbol, lines) or _brace_end(symbol.line, lines)
    if closing:
        return closing
    last = symbol.line
    for number in range(symbol.line + 1, min(len(lines), symbol.line + BRACE_LINES_MAX) + 1):
        line = lines[number - 1]
        indent = len(line) - len(line.lstrip())
        at_border = follower is not None and number == follower.line
        if at_border or (line.strip() and indent <= symbol.indent):
            # A closing word such as `end` belongs to what it closes.
            return number if line.strip() in {"end", "end;", "fi", "esac"} else last
        last = number if line.strip() else last
    return last


def _bracket_below(symbol: Symbol, lines: Sequence[str]) -> int:
    """Return the line of the `}` that stands as far left as a definition whose line ends in `{`.

    That is how formatters write it, and no string, comment or pattern between can mislead it.
    """
    if not lines[symbol.line - 1].rstrip().endswith("{"):
        return 0
    for number in range(symbol.line + 1, min(len(lines), symbol.line + BRACE_LINES_MAX) + 1):
        line = lines[number - 1].expandtabs(4)
        if line.strip() and len(line) - len(line.lstrip()) <= symbol.indent:
            return number if line.lstrip().startswith("}") else 0
    return 0


def _brace_end(start: int, lines: Sequence[str]) -> int:
    """Return the line of the matching `}`; 0 where none opens on this line or the next."""
    depth, opened = 0, False
    for number in range(start, min(len(lines), start + BRACE_LINES_MAX) + 1):
        plain = _without_strings(lines[number - 1])
        depth += plain.count("{") - plain.count("}")
        opened = opened or "{" in plain
        if opened and depth <= 0:
            return number
        if not opened and number > start:
            return 0
    return 0


def _without_strings(line: str) -> str:
    letters, quote = [], ""
    for letter in _ESCAPED.sub("", line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'`":
            quote = letter
        else:
            letters.append(letter)
    return "".join(letters).split("//", 1)[0]
