"""Attributes statements that a person edited to them, with the sources they were edited from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from missioncontrol.documents.markup import plain
from missioncontrol.documents.studio.markdown import notes_in

BY = "by:"
"""How the key of a footnote begins that names a person: `by:ada`, or `by:ada:R1;D2`."""

KEY_LENGTH_MAX = 200
_MARKS = r"(?:\[\^[^\]\s]{1,200}\](?!:))+"
_STATEMENT = re.compile(rf"(?P<text>.*?)(?P<marks>{_MARKS})|(?P<rest>.+)")
_UNFIT = re.compile(r"[\s\[\]^`|<>\\:;]+")
_NO_STATEMENT = re.compile(r"\s*(?:#|\||<!--|\[\^[^\]\s]+\]: |[-=*_|: ]+$|$)")
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")


class _Statement(NamedTuple):
    text: str
    marks: tuple[str, ...]
    whole: str  # with its footnotes, as in its line


def attributed(text: str, before: str, generated: str, person: str) -> str:
    """Return a person's text with a footnote that names them at each statement of theirs.

    `before` is the text that they edited, `generated` the text without any edit. A statement of
    either keeps its sources, wherever it was moved to.
    """
    known: dict[str, tuple[str, ...]] = {}
    for old in (before, generated):
        known |= {
            each.text.strip(): each.marks for line in _lines(old) for each in _statements(line)
        }
    nearest = _Nearest(before)
    found = []
    for line, is_code in _with_code(text):
        is_statement = not is_code and (line.startswith("|") or not _NO_STATEMENT.match(line))
        found.append(_attributed(line, known, nearest, person) if is_statement else line)
    return "\n".join(found)


def definitions(keys: Iterable[str], defined: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the footnotes among `keys` that name a person.

    A footnote with an undefined source is left out: what it was edited from is unknown.
    """
    found = {}
    for key in keys:
        if not key.startswith(BY):
            continue
        name, _, rest = key.removeprefix(BY).partition(":")
        origins = [each for each in rest.split(";") if each]
        sources = [defined[each] for each in origins if each in defined]
        if len(sources) == len(origins):
            edited = ", in words of their own"
            if sources:
                edited = f", edited from: {'; '.join(sources)}"
            found[key] = plain(name) + edited
    return found


def _attributed(
    line: str, known: Mapping[str, tuple[str, ...]], nearest: "_Nearest", person: str
) -> str:
    parts = []
    for each in _statements(line):
        marks = known.get(each.text.strip(), each.marks if not each.text.strip(" |") else None)
        if marks is None:
            marks = (_key(person, each.marks or nearest.marks(each.text)),)
        parts.append(each.whole if marks == each.marks else _marked(each.text, marks))
    return "".join(parts)


def _marked(text: str, marks: tuple[str, ...]) -> str:
    notes = "".join(f"[^{key}]" for key in marks)
    if notes and text.startswith("|") and text.rstrip().endswith("|"):
        return f"{text.rstrip().removesuffix('|').rstrip()}{notes} |"
    return f"{text.rstrip()}{notes}" if notes else text


def _key(person: str, origins: Iterable[str]) -> str:
    """Return the key that names a person and, as far as they fit, the sources before them."""
    key = BY + (_UNFIT.sub("_", person).strip("_") or "somebody")
    first = True
    for each in origins:
        rest = each.removeprefix(BY).partition(":")[2] if each.startswith(BY) else each
        for origin in filter(None, rest.split(";")):
            longer = f"{key}{':' if first else ';'}{origin}"
            if len(longer) > KEY_LENGTH_MAX:
                return key
            key, first = longer, False
    return key


class _Nearest:
    """Finds the statement that an edited one came from, where its footnotes were removed."""

    def __init__(self, text: str) -> None:
        self._known: list[tuple[set[str], tuple[str, ...]]] = []
        waiting: list[set[str]] = []  # a passage of a specialist has its footnotes at its end
        for line in _lines(text):
            if line.startswith("#"):
                waiting = []
            for each in _statements(line):
                waiting.append(set(re.findall(r"\w+", each.text.lower())))
                if each.marks:
                    self._known += [(words, each.marks) for words in waiting]
                    waiting = []

    def marks(self, text: str) -> tuple[str, ...]:
        """Return the footnotes of the statement that shares most words, and most of its words."""
        words = set(re.findall(r"\w+", text.lower()))
        shared = [
            (2 * len(words & old) / (len(words) + len(old) or 1), m) for old, m in self._known
        ]
        best = max(shared, default=(0.0, ()), key=lambda each: each[0])
        return best[1] if best[0] >= ALIKE else ()


ALIKE = 0.5
"""The least share of common words at which a statement counts as an edit of another."""


def _statements(line: str) -> Iterator[_Statement]:
    """Cut a line into its statements, each with its footnotes; a row of a table is one."""
    if line.startswith("|"):
        yield _Statement(re.sub(_MARKS, "", line), tuple(notes_in(line)), line)
        return
    for found in _STATEMENT.finditer(line):
        marks = tuple(notes_in(found["marks"] or ""))
        yield _Statement(found["text"] or found["rest"] or "", marks, found[0])


def _lines(text: str) -> Iterator[str]:
    return (line for line, is_code in _with_code(text) if not is_code)


def _with_code(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is code between fences, or one of these."""
    is_inside = False
    for line in text.split("\n"):
        is_fence = bool(_FENCE.match(line))
        yield line, is_inside or is_fence
        is_inside = is_inside != is_fence
