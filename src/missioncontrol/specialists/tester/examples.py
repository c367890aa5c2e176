"""Code that a goal holds as an example, and the errors that the goal tells of."""

import doctest
import re
from collections.abc import Iterator

import msgspec

EXAMPLES_MAX = 2
LENGTH_MAX = 20_000
PYTHON = frozenset({"python", "py", "py3", "python3", "pycon", "python-console"})
_FENCED = re.compile(
    r"(?ms)^[ \t]*(?P<fence>```+|~~~+)[ \t]*(?P<word>[\w+-]*)[^\n]*\n(?P<text>.*?)^[ \t]*(?P=fence)"
)
_INDENTED = re.compile(r"(?m)(?:(?<=\n\n)|\A)(?:(?: {4}|\t)[^\n]*(?:\n|\Z)|[ \t]*\n(?= {4}|\t))+")
_BEGINS = re.compile(r"(?m)^\s*(?:>>> |import \w|from \w[\w.]* import )")
_ANY_RAISED = re.compile(r"(?m)^(?P<name>(?:\w+\.)*[A-Z]\w+)(?:: (?P<words>.*))?$")
_TO_RAISE = re.compile(
    r"(?i)\b(?:should|must|shall|ought to|expected to|to)\s+(?:raise|throw)\w*\s+(?:an?\s+)?"
    r"`?(?:\w+\.)*(?P<name>(?-i:[A-Z])\w+)"
)
WORDS_MIN = 8
"""Characters of an error's message that say which error it is."""


class Example(msgspec.Struct, frozen=True):
    """A program that a goal holds."""

    source: str


class Raised(msgspec.Struct, frozen=True):
    """The error that a program ended with."""

    name: str
    words: str = ""

    @property
    def line(self) -> str:
        """As Python tells it."""
        return f"{self.name}: {self.words}" if self.words else self.name


def examples(text: str) -> list[Example]:
    """Return the Python programs in `text` that can be read, in its order."""
    found: list[Example] = []
    for block in _blocks(text[:LENGTH_MAX]):
        source = _source(block)
        try:
            compile(source, "example", "exec")
        except (SyntaxError, ValueError, RecursionError):
            continue
        if source.strip():
            found.append(Example(source.strip("\n") + "\n"))
    return found[:EXAMPLES_MAX]


def raised(output: str) -> Raised | None:
    """Return the error behind the last traceback of what a program printed."""
    _, mark, last = output.rpartition("Traceback (most recent call last)")
    found = list(_ANY_RAISED.finditer(last)) if mark else []
    if not found:
        return None
    return Raised(found[0]["name"].rpartition(".")[2], (found[0]["words"] or "").strip())


def is_mentioned(text: str, error: Raised) -> bool:
    """Whether `text` tells of an error, by its class or by its message."""
    named = re.search(rf"(?<![\w]){re.escape(error.name)}(?!\w)", _without_code(text))
    _, mark, trace = text.partition("Traceback (most recent call last)")
    in_trace = mark and re.search(rf"(?m)^\s*(?:\w+\.)*{re.escape(error.name)}(?::|$)", trace)
    return bool(named) or bool(in_trace) or (len(error.words) >= WORDS_MIN and error.words in text)


def to_be_raised(text: str) -> str:
    """Return the class of the error that `text` wants to be raised; "" where it wants none."""
    found = _TO_RAISE.search(_without_code(text))
    return found["name"] if found else ""


def _without_code(text: str) -> str:
    return _INDENTED.sub("\n", _FENCED.sub("\n", text))


def _blocks(text: str) -> Iterator[str]:
    for match in _FENCED.finditer(text):
        word = match["word"].lower()
        if word in PYTHON or (not word and _BEGINS.search(match["text"])):
            yield _dedented(match["text"])
    for match in _INDENTED.finditer(_FENCED.sub("\n", text)):
        if _BEGINS.search(match[0]):
            yield _dedented(match[0])


def _dedented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text.replace("\t", "    "))


def _source(block: str) -> str:
    """Return the program of a block: what was typed, where it is a session."""
    if not re.search(r"(?m)^>>> ", block):
        return block
    try:
        return "".join(each.source for each in doctest.DocTestParser().get_examples(block))
    except ValueError:
        return ""
