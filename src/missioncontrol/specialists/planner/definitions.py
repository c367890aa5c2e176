"""Definitions in one file: named by an ask, retired or left open, and its code without prose."""

import re
from collections.abc import Collection, Sequence

from missioncontrol.specialists.symbols import Symbol, deprecated_at
from missioncontrol.specialists.words import is_cjk, parts, pattern, stem

_TOKEN = re.compile(
    r"""(?sx)
    (?P<long>\b[rbfuRBFU]{0,2}(?:\"{3}.*?\"{3}|\'{3}.*?\'{3}))
    |(?P<string>\"(?:\\.|[^\"\\\n])*\"|\'(?:\\.|[^\'\\\n])*\')
    |(?P<comment>\#[^\n]*|(?<![:\w])//[^\n]*|/\*.*?\*/|^[ \t]*--\ [^\n]*)
    """,
    re.MULTILINE,
)
_NOT_NEWLINE = re.compile(r"[^\n]")
INDENT_MAX = 4
"""A refusal deeper than this stands inside a condition: the method is not left open."""
_ABSTRACT = re.compile(
    r"@(?:abc\.)?abstractmethod|raise NotImplementedError|throw new Error\(['\"]not implemented"
)


def by_age(listed: Sequence[Symbol], text: str) -> tuple[list[Symbol], dict[Symbol, int]]:
    """Tell the definitions to build on from those that call themselves deprecated, and where."""
    if "deprecated" not in text.lower():
        return list(listed), {}
    lines = text.split("\n")
    marked = {symbol: deprecated_at(lines, symbol.line) for symbol in listed}
    retired = {symbol: line for symbol, line in marked.items() if line}
    return [symbol for symbol in listed if symbol not in retired], retired


def named_symbols(
    listed: Sequence[Symbol],
    terms: Sequence[str],
    heads: Collection[str] = (),
    literal: Collection[str] = (),
) -> list[Symbol]:
    """Return definitions whose names hold words of the goal: those with most words first.

    A word that names the thing itself counts twice. What is named `literal`ly, letter for letter,
    stands before all that only shares words.
    """
    plain = [term for term in terms if not is_cjk(term)]
    scored: dict[str, tuple[int, Symbol]] = {}
    for symbol in listed:
        hits = sum(1 + (stem(term) in heads) for term in plain if pattern(term).search(symbol.name))
        if hits and not symbol.name.startswith("__"):
            scored.setdefault(symbol.name, (hits, symbol))
    ordered = sorted(
        scored.values(),
        key=lambda item: (
            item[1].name not in literal,
            -item[0],
            item[1].name.startswith("_"),
            -item[0] / len(parts(item[1].name) or [""]),
            item[1].indent > 0,
            not item[1].is_type,
            item[1].line,
        ),
    )
    return [symbol for _, symbol in ordered]


def holding(listed: Sequence[Symbol], text: str, terms: Sequence[str]) -> list[Symbol]:
    """Return the outermost definition in which most of the words stand, where no name has one."""
    outer = [symbol for symbol in listed if symbol.indent == 0]
    counts: dict[int, int] = {}
    for term in terms:
        for match in pattern(term).finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            home = sum(1 for symbol in outer if symbol.line <= line) - 1
            counts[home] = counts.get(home, 0) + 1
    best = sorted((home for home in counts if home >= 0), key=lambda home: (-counts[home], home))
    return [outer[home] for home in best[:1]]


def left_open(symbol: Symbol, text: str) -> list[str]:
    """Return the methods of a class whose bodies are left to those who derive from it."""
    body = _body(symbol, text)
    found: list[str] = []
    current, depth = "", 0
    awaiting = False
    for line in body:
        method = re.match(r"\s+(?:async\s+)?(?:def\s+)?(\w+)\s*\(", line)
        if method and (line.lstrip().startswith(("def ", "async ")) or line.rstrip().endswith("{")):
            current, depth = method[1], len(line) - len(line.lstrip())
            if awaiting:
                found.append(current)
            awaiting = False
        if _ABSTRACT.search(line):
            if line.lstrip().startswith("@"):
                awaiting = True
            elif current and len(line) - len(line.lstrip()) <= depth + INDENT_MAX:
                found.append(current)
    return list(dict.fromkeys(found))[:6]


def public_methods(symbol: Symbol, text: str) -> list[str]:
    """Return the public methods that stand directly in a class of Python."""
    wanted = re.compile(
        rf"\s{{{symbol.indent + 1},{symbol.indent + 4}}}(?:async )?def ([a-z]\w*)\("
    )
    found = [match[1] for line in _body(symbol, text) if (match := wanted.match(line))]
    return list(dict.fromkeys(found))[:6]


def _body(symbol: Symbol, text: str) -> list[str]:
    lines = text.split("\n")[symbol.line :]
    end = next(
        (
            number
            for number, line in enumerate(lines)
            if line.strip()
            and len(line) - len(line.lstrip()) <= symbol.indent
            and line[:1] not in ")]}"
        ),
        len(lines),
    )
    return lines[:end]


def without_prose(text: str, *, strings: bool = True) -> str:
    """Return `text` with blanks in place of its comments, so that lines and columns stay.

    A string in three quotes that begins a line explains, and counts as a comment; other
    strings go with `strings`.
    """

    def blank(match: re.Match[str]) -> str:
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        explains = match["long"] is not None and not before.strip()
        if match["comment"] is None and not (strings or explains):
            return match.group()
        return _NOT_NEWLINE.sub(" ", match.group())

    return _TOKEN.sub(blank, text)
