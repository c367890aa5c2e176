"""Chooses the lines of a file to show for a task: what the task names, whole where it is short."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

ReadSource = Callable[[str], str | None]
"""Returns the text of a file of the repository; None where there is no such text file."""

WHOLE_LINES_MAX, WHOLE_CHARACTERS_MAX = 120, 8_000
WINDOW_LINES = 40
LINE_LENGTH_MAX = 200
WORD_LENGTH_MIN = 3
_NEWS = re.compile(r"(?:change(?:s|log)?|history|news|releases?)\b", re.IGNORECASE)
"""What grows at its beginning."""
_QUOTED = re.compile(r"`([^`\n]+)`")
_DEFINES = (
    r"^(?P<indent>[ \t]*)(?:(?:export|default|public|private|protected|static|abstract|final|async"
    r"|pub(?:\([a-z]+\))?)\s+)*(?:def|class|func|fn|function\*?|interface|struct|trait|type|enum"
    r"|const|let|var|module|sub)\s+(?:\([^)]*\)\s*)?(?:{names})\b"
)


class Chosen(msgspec.Struct, frozen=True):
    """Consecutive lines of a file, counted from 1, and what they show."""

    start: int
    end: int
    total: int  # lines of the whole file
    title: str
    text: str


def chosen(path: str, text: str, texts: Iterable[str]) -> Chosen:
    """Return what to show of a file for a task whose texts are `texts`."""
    lines = text.removesuffix("\n").split("\n")
    names = _names(texts)
    if len(lines) <= WHOLE_LINES_MAX and len(text) <= WHOLE_CHARACTERS_MAX:
        return _lines(lines, 1, len(lines), "the whole file")
    for name in names:
        found = re.search(_DEFINES.format(names=re.escape(name)), text, re.MULTILINE)
        if found:
            start = text.count("\n", 0, found.start()) + 1
            return _lines(lines, start, _end(lines, start), name)
    start = 1 if _NEWS.match(PurePosixPath(path).name) else _densest(lines, names)
    end = min(len(lines), start + WINDOW_LINES - 1)
    return _lines(lines, start, end, f"lines {start} to {end}")


def _names(texts: Iterable[str]) -> list[str]:
    """Return the last names of what is quoted, such as `load` of `Store.load`."""
    quoted = (name for text in texts for name in _QUOTED.findall(text))
    last = (re.split(r"[.:#/]", name.removesuffix("()"))[-1] for name in quoted)
    return [name for name in dict.fromkeys(last) if re.fullmatch(r"[\w$]{3,}", name)]


def _end(lines: Sequence[str], start: int) -> int:
    """Return the last line of a definition: before something stands as far left as it does."""
    indent = _indent(lines[start - 1])
    last, size = start, 0
    is_inside = False  # a signature may close on a line as far left as it began
    for number in range(start + 1, min(len(lines), start + WHOLE_LINES_MAX - 1) + 1):
        line = lines[number - 1]
        size += len(line) + 1
        if size > WHOLE_CHARACTERS_MAX:
            break
        if line.strip() and _indent(line) <= indent:
            if not line.lstrip().startswith((")", "}", "]", "{", "end")):
                break
            last = number
            if is_inside and not line.lstrip().startswith((")", "]", "{")):
                break
            continue
        is_inside = is_inside or bool(line.strip())
        last = number if line.strip() else last
    return last


def _indent(line: str) -> int:
    plain = line.expandtabs(4)
    return len(plain) - len(plain.lstrip())


def _densest(lines: Sequence[str], names: Sequence[str]) -> int:
    """Return the first line of the window that says most of `names`; 1 where none does."""
    named = [{name for name in names if name in line} for line in lines]
    best, start = 0, 1
    for number in range(len(lines)):
        if not named[number]:
            continue
        found = set().union(*named[number : number + WINDOW_LINES])
        if len(found) > best:
            best, start = len(found), max(1, number)
    return start


def _lines(lines: Sequence[str], start: int, end: int, title: str) -> Chosen:
    shown = [
        line if len(line) <= LINE_LENGTH_MAX else line[: LINE_LENGTH_MAX - 1] + "…"
        for line in lines[start - 1 : end]
    ]
    return Chosen(start, end, len(lines), title, "\n".join(shown))
