"""Names that a source file defines, and whether their definitions say that they are deprecated."""

import re
from collections.abc import Sequence

import msgspec

WITHIN = 15
"""Lines from the start of a definition in which its own deprecation would stand."""
_DEPRECATED = re.compile(r"(?i)^\W*(?:deprecated\b|\.\. deprecated::)")
_DEFINITION_LINE = re.compile(r"\s*(?:async\s+def|def|class|function|func|fn)\s")
SYMBOLS_MAX = 2_000
"""Definitions listed from one file."""
_DEFINITION = re.compile(
    r"""^(?P<indent>[ \t]*)
    (?:
      (?:(?:export|default|public|private|protected|internal|static|abstract|final|async|pub
          |override|sealed|data|unsafe|partial)(?:\([\w:]+\))?\s+)*
      (?P<word>def|class|function\*?|func|fn|interface|struct|trait|enum|protocol|module|type)
      \s+(?:\([^)\n]*\)\s*)?(?P<name>[A-Za-z_$][\w$]*[?!]?)
    | (?:(?:module\.)?exports|[A-Za-z_$][\w$]*\.prototype|[a-z_$][\w$]*)
      \.(?P<attribute>[A-Za-z_$][\w$]*)\s*=
      \s*(?:async\s+)?(?:function\b|\([^)\n]*\)\s*=>)
    | (?:export\s+)?(?:const|let|var)\s+(?P<variable>[A-Za-z_$][\w$]*)\s*=
      \s*(?:async\s+)?(?:function\b|\([^)\n]*\)\s*=>|class\b)
    | (?P<property>[A-Za-z_$][\w$]*)\s*:\s*(?:async\s+)?(?:function\b|\([^)\n]*\)\s*=>)
    | (?=[^\n]*\{[ \t]*$)  # Most lines end otherwise: that is seen sooner than what stands before.
      (?!(?:await|case|do|else|new|return|throw|yield)\b)
      (?:[\w$<>\[\],.?*&]+[ \t]+){0,6}[*&]?
      (?!(?:if|for|foreach|while|until|switch|match|catch|with|using|lock|guard|when|loop|elif
          |function|synchronized|return)\b)
      (?P<method>[A-Za-z_$#][\w$]*)[ \t]*\((?:[^()\n"'`]|=[ \t]*["'`][^"'`\n]*["'`])*\)
      [^(){};=\n]*\{[ \t]*$
    | (?i:create\s+(?:or\s+replace\s+)?(?:unique\s+)?
        (?P<made>function|procedure|table|view|index|trigger|type)\s+
        (?:if\s+not\s+exists\s+)?)(?P<relation>[A-Za-z_][\w.]*)
    )""",
    re.VERBOSE | re.MULTILINE,
)
_NAMED = ("name", "attribute", "variable", "property", "method", "relation")
"""Groups of which one holds the name."""


class Symbol(msgspec.Struct, frozen=True):
    """One definition."""

    name: str
    word: str  # class, def, function, table …
    line: int
    indent: int

    @property
    def is_type(self) -> bool:
        """Whether it is a class or the like rather than something one calls."""
        return self.word in {"class", "interface", "struct", "trait", "protocol"}


def symbols(text: str) -> list[Symbol]:
    """Return the definitions in `text`, top to bottom, at most `SYMBOLS_MAX`."""
    found: list[Symbol] = []
    line, seen = 1, 0
    for match in _DEFINITION.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        found.append(_symbol(match, line))
        if len(found) == SYMBOLS_MAX:
            break
    return found


def _symbol(match: re.Match[str], line: int) -> Symbol:
    got = match.groupdict()
    name = next(got[group] for group in _NAMED if got[group])
    word = got["word"] or (got["made"] or "function").lower()
    return Symbol(name, word, line, len((got["indent"] or "").expandtabs(4)))


def deprecated_at(lines: Sequence[str], start: int) -> int:
    """Return the line on which the definition at line `start` calls itself deprecated; 0 if none.

    Lines count from 1. The word has to begin a line, as in a docstring, a directive or a decorator.
    """
    for number in range(start, min(len(lines), start + WITHIN) + 1):
        text = lines[number - 1]
        if (
            number > start
            and _DEFINITION_LINE.match(text)
            and not lines[start - 1].lstrip().startswith("@")
        ):
            return 0
        if _DEPRECATED.match(text):
            return number
    return 0
