"""Says of each statement that a person edited that it is theirs, and what it was edited from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from missioncontrol.documents.markup import plain
from missioncontrol.documents.studio.markdown import notes_in

BY = "by:"
"""How the key of a footnote begins that names a person: `by:ada`, or `by:ada:R1;D2`."""

KEY_LENGTH_MAX = 200
_MARKS = r"(?:\[\^[^\]\s]{1,200}\](?!:))+"
_STATEMENT = re.compile(rf"(?P<said>.*?)(?P<marks>{_MARKS})|(?P<rest>.+)")
_UNFIT = re.compile(r"[\s\[\]^`|<>\\:;]+")
_NO_STATEMENT = re.compile(r"\s*(?:#|\||<!--|\[\^[^\]\s]+\]: |[-=*_|: ]+$|$)")
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")


class _Said(NamedTuple):
    text: str
    marks: tuple[str, ...]
    whole: str  # as it stands in its line


def attributed(text: str, before: str, generated: str, person: str) -> str:
    """Return a person's text in which each statement that is theirs names them.

    `before` is the text that they edited, `generated` what was written without anybody. A
    statement that stands in either keeps its sources, wherever it was moved to.
    """
    known: dict[str, tuple[str, ...]] = {}
    for old in (before, generated):
        known |= {each.text.strip(): each.marks for line in _lines(old) for each in _said(line)}
    nearest = _Nearest(before)
    found = []
    for line, is_code in _with_code(text):
        is_said = not is_code and (line.startswith("|") or not _NO_STATEMENT.match(line))
        found.append(_attributed(line, known, nearest, person) if is_said else line)
    return "\n".join(found)


def definitions(keys: Iterable[str], defined: Mapping[str, str]) -> dict[str, str]:
    """Return what the footnotes among `keys` say that name a person.

    One whose first source nobody defines is left out: what it was edited from can't be told.
    """
    found = {}
    for key in keys:
        if not key.startswith(BY):
            continue
        name, _, rest = key.removeprefix(BY).partition(":")
        origins = [each for each in rest.split(";") if each]
        said = [defined[each] for each in origins if each in defined]
        if len(said) == len(origins):
            edited = f", edited from: {'; '.join(said)}" if said else ", in words of their own"
            found[key] = plain(name) + edited
    return found


def _attributed(
    line: str, known: Mapping[str, tuple[str, ...]], nearest: "_Nearest", person: str
) -> str:
    parts = []
    for each in _said(line):
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
    """Finds the statement that another one was made of, where its footnotes were taken out."""

    def __init__(self, text: str) -> None:
        self._said: list[tuple[set[str], tuple[str, ...]]] = []
        waiting: list[set[str]] = []  # what a specialist wrote has its footnotes at its end
        for line in _lines(text):
            if line.startswith("#"):
                waiting = []
            for each in _said(line):
                waiting.append(set(re.findall(r"\w+", each.text.lower())))
                if each.marks:
                    self._said += [(words, each.marks) for words in waiting]
                    waiting = []

    def marks(self, text: str) -> tuple[str, ...]:
        """Return the footnotes of the statement that shares most words, and most of its words."""
        words = set(re.findall(r"\w+", text.lower()))
        shared = [(2 * len(words & old) / (len(words) + len(old) or 1), m) for old, m in self._said]
        best = max(shared, default=(0.0, ()), key=lambda each: each[0])
        return best[1] if best[0] >= ALIKE else ()


ALIKE = 0.5
"""The share of words in common from which on one statement is the other, changed."""


def _said(line: str) -> Iterator[_Said]:
    """Cut a line into its statements, each with its footnotes; a row of a table is one."""
    if line.startswith("|"):
        yield _Said(re.sub(_MARKS, "", line), tuple(notes_in(line)), line)
        return
    for found in _STATEMENT.finditer(line):
        marks = tuple(notes_in(found["marks"] or ""))
        yield _Said(found["said"] or found["rest"] or "", marks, found[0])


def _lines(text: str) -> Iterator[str]:
    return (line for line, is_code in _with_code(text) if not is_code)


def _with_code(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is code between fences, or one of these."""
    is_inside = False
    for line in text.split("\n"):
        is_fence = bool(_FENCE.match(line))
        yield line, is_inside or is_fence
        is_inside = is_inside != is_fence
