"""Cuts a Markdown document into sections, and finds a section again in another version of it."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import msgspec

_HEADING = re.compile(r" {0,3}(#{1,6})([ \t].*)?$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
ALIKE = 0.6
"""Sections with so much text in common are one whose heading was changed."""
COMPARED_MAX = 200
"""Sections on each side that are compared by their text."""


class Section(msgspec.Struct, frozen=True):
    """A heading with what stands below it, up to the next heading of any level."""

    title: str  # empty for what stands before the first heading
    key: tuple[str, ...]  # the headings above it and its own; numbered where they repeat
    text: str  # with its heading and its line ends


def sections(text: str) -> list[Section]:
    """Cut a document; what the sections say, put together, is the document.

    Lines inside fenced code are no headings.
    """
    found: list[Section] = []
    above: list[tuple[int, str]] = []
    seen: dict[tuple[str, ...], int] = {}
    title = ""
    key: tuple[str, ...] = ("",)
    begun: list[str] = []
    for line, heading in _lines(text):
        if heading is not None:
            found.append(Section(title, _unique_key(key, seen), "".join(begun)))
            level, title = heading
            above = [each for each in above if each[0] < level] + [(level, title)]
            key, begun = tuple(name.lower() for _, name in above), []
        begun.append(line)
    found.append(Section(title, _unique_key(key, seen), "".join(begun)))
    return [section for section in found if section.text]


def joined(texts: Iterable[str]) -> str:
    """Put sections together, each heading on a line of its own behind an empty one."""
    whole = ""
    for text in filter(None, texts):
        if whole and not whole.endswith("\n"):
            whole += "\n"
        if whole and _HEADING.match(text.splitlines()[0]) and whole.splitlines()[-1].strip():
            whole += "\n"
        whole += text
    return whole


def paired(one: Sequence[Section], other: Sequence[Section]) -> dict[int, int]:
    """Map sections of `one` to those of `other`: by their headings, then by what they say."""
    places = {section.key: number for number, section in enumerate(other)}
    found = {
        number: places[section.key] for number, section in enumerate(one) if section.key in places
    }
    left = [number for number in range(len(one)) if number not in found][:COMPARED_MAX]
    paired = set(found.values())
    free = [number for number in range(len(other)) if number not in paired][:COMPARED_MAX]
    alike = [
        (-share, a, b)
        for a in left
        for b in free
        if (share := _share(_body(one[a]), _body(other[b]))) >= ALIKE
    ]
    for _, a, b in sorted(alike):
        if a not in found and b not in paired:
            found[a] = b
            paired.add(b)
    return found


def _lines(text: str) -> Iterable[tuple[str, tuple[int, str] | None]]:
    fence = ""
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        mark = _FENCE.match(bare)
        heading = None
        if fence:
            if mark and mark[1].startswith(fence) and not bare.strip(" `~\t"):
                fence = ""
        elif mark:
            fence = mark[1]
        elif match := _HEADING.match(bare):
            heading = len(match[1]), _title(match[2] or "")
        yield line, heading


def _title(line: str) -> str:
    """Return a heading without the signs that may close it.

    Not a part of the pattern: with blanks at three places it takes hours for a line of them.
    """
    title = line.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def _unique_key(key: tuple[str, ...], seen: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    seen[key] = seen.get(key, 0) + 1
    return key if seen[key] == 1 else (*key, f"\0{seen[key]}")


def _body(section: Section) -> list[str]:
    lines = [line.strip() for line in section.text.splitlines()]
    return [line for line in lines[bool(section.title) :] if line]


def _share(one: list[str], other: list[str]) -> float:
    """Return how much two texts have in common, 0 to 1; nothing where one of them is empty."""
    if not one or not other:
        return 0.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
