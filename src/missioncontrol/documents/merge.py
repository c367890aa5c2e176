"""Brings a person's edits of a generated document and its newly generated text together."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from hashlib import blake2b

import msgspec

from missioncontrol.documents.sections import Section, joined, paired, sections

LINES_MAX = 4_000
"""Longer sections that both sides changed are not compared by lines: that takes too long."""
_OPEN, _CLOSE = "<!-- generated anew", "<!-- end of what was generated anew -->"

Lines = list[str]


class Conflict(msgspec.Struct, frozen=True):
    """A section that the person and the generator both changed; the text holds both."""

    section: str  # its heading, or an empty string before the first one
    mine: str  # the person's text; empty where it was removed
    theirs: str  # what is generated there now; empty where it is generated no more


class Merged(msgspec.Struct, frozen=True):
    """The merged document, and its conflicts."""

    text: str
    conflicts: tuple[Conflict, ...]


def merged(base: str, mine: str, theirs: str) -> Merged:
    """Merge by section two versions of `base`: a person's `mine`, and `theirs`, just generated.

    Every line that the person wrote stands in the result. Where both changed the same lines, the
    person's stand, and what is generated now follows them between two marks that Markdown hides.
    A section that the person took out stays out unless its text has changed since.
    """
    if mine in (base, theirs):
        return Merged(theirs, ())
    if theirs == base:
        return Merged(mine, ())
    begun, edited, fresh = sections(base), sections(mine), sections(theirs)
    merger = _Merger(begun, edited, fresh)
    return Merged(joined(merger.texts()), tuple(merger.conflicts))


def stands(text: str, conflict: Conflict) -> bool:
    """Whether a text still holds a conflict with both sides, as `merged` wrote it.

    Empty lines at the end of a side do not count: the list of sources comes after them.
    """
    return (_marked(conflict.theirs) if conflict.theirs else conflict.mine).rstrip("\n") in text


def mark(conflict: Conflict) -> str:
    """Return the digits by which a text marks what is generated in a conflict; "" without any."""
    return _digest(_ended(conflict.theirs)) if conflict.theirs else ""


def settled(text: str, conflict: Conflict, *, theirs: bool) -> str:
    """Return a text in which a conflict is decided: for the person's words, or the generated ones.

    A text in which it does not stand any more is returned as it is.
    """
    if not stands(text, conflict):
        return text
    mark = _marked(conflict.theirs) if conflict.theirs else ""
    if not theirs:
        return text.replace(mark, "", 1) if mark else text
    both = conflict.mine + mark
    if both in text:
        return text.replace(both, _ended(conflict.theirs), 1)
    return text.replace(mark, _ended(conflict.theirs), 1) if mark else text


class _Merger:
    """Goes through the sections of the new text and puts the person's between them."""

    def __init__(
        self, base: Sequence[Section], mine: Sequence[Section], theirs: Sequence[Section]
    ) -> None:
        self._base, self._mine, self._theirs = base, mine, theirs
        self._to_mine = paired(base, mine)
        self._to_theirs = paired(base, theirs)
        mine_new = [n for n in range(len(mine)) if n not in set(self._to_mine.values())]
        theirs_new = [n for n in range(len(theirs)) if n not in set(self._to_theirs.values())]
        self._added_twice = {
            theirs_new[new]: mine_new[one]
            for one, new in paired(
                [mine[number] for number in mine_new], [theirs[number] for number in theirs_new]
            ).items()
        }
        self.conflicts: list[Conflict] = []

    def texts(self) -> list[str]:
        """Return the sections of the result, in order."""
        found: list[str] = []
        for ours, new in self._order():
            found += self._section(ours, new)
        return found

    def _order(self) -> Iterator[tuple[int | None, int | None]]:
        """Pair what the person has with what is generated: a new order of theirs wins.

        What only the person has comes behind the section it stood behind.
        """
        back_mine = {mine: base for base, mine in self._to_mine.items()}
        back_theirs = {theirs: base for base, theirs in self._to_theirs.items()}
        partner = {
            self._to_theirs[base]: mine
            for mine, base in back_mine.items()
            if base in self._to_theirs
        } | self._added_twice
        placed = set(partner.values())
        behind: dict[int | None, list[int]] = {}
        last: int | None = None
        for number in range(len(self._mine)):
            if number in placed:
                last = number
            else:
                behind.setdefault(last, []).append(number)
        yield from ((number, None) for number in behind.pop(None, ()))
        for number in range(len(self._theirs)):
            mine = partner.get(number)
            if mine is None and number in back_theirs:
                yield None, number  # The person took it out.
                continue
            yield mine, number
            yield from ((each, None) for each in behind.get(mine, ()) if mine is not None)

    def _section(self, mine: int | None, theirs: int | None) -> list[str]:
        if mine is None:
            assert theirs is not None
            return self._only_theirs(theirs)
        if theirs is None:
            return self._only_mine(mine)
        return [self._both(mine, theirs)]

    def _only_theirs(self, number: int) -> list[str]:
        """Return a section that is new, and nothing for one that was removed, if unchanged."""
        section = self._theirs[number]
        base = next((one for one, other in self._to_theirs.items() if other == number), None)
        if base is None:
            return [section.text]
        if _normalize(self._base[base].text) == _normalize(section.text):
            return []
        self.conflicts.append(Conflict(section.title, "", section.text))
        return [_marked(section.text)]

    def _only_mine(self, number: int) -> list[str]:
        """Return a section of their own, and one that is generated no more if they changed it."""
        section = self._mine[number]
        base = next((one for one, other in self._to_mine.items() if other == number), None)
        if base is None:
            return [section.text]
        ours = _decided(section.text)
        if _normalize(self._base[base].text) in (_normalize(section.text), _normalize(ours)):
            return []
        self.conflicts.append(Conflict(section.title, ours, ""))
        return [ours]

    def _both(self, mine: int, theirs: int) -> str:
        section, fresh = self._mine[mine], self._theirs[theirs]
        base = next((one for one, other in self._to_mine.items() if other == mine), None)
        before = self._base[base].text if base is not None else ""
        if _normalize(fresh.text) in (_normalize(before), _normalize(section.text)):
            return section.text
        ours = _decided(section.text)
        if _normalize(ours) == _normalize(before):
            return fresh.text
        return self._by_lines(before, ours, fresh)

    def _by_lines(self, before: str, ours: str, fresh: Section) -> str:
        parts = [text.splitlines(keepends=True) for text in (before, _ended(ours), fresh.text)]
        if max(map(len, parts)) > LINES_MAX:
            parts[0] = []  # There is no common base, so both sides stay whole.
        found: Lines = []
        for start, mine, theirs in _hunks(*parts):
            if mine == theirs or theirs == start:
                found += mine
            elif mine == start:
                found += theirs
            else:
                self.conflicts.append(Conflict(fresh.title, "".join(mine), "".join(theirs)))
                found += [*mine, _marked("".join(theirs))] if theirs else mine
        return "".join(found)


def _hunks(base: Lines, mine: Lines, theirs: Lines) -> Iterator[tuple[Lines, Lines, Lines]]:
    """Cut three versions into pieces that belong together, the same or not, in order."""
    to_mine, to_theirs = _unchanged_lines(base, mine), _unchanged_lines(base, theirs)
    at = one = other = 0
    for line in sorted(to_mine.keys() & to_theirs.keys()):
        if to_mine[line] < one or to_theirs[line] < other:
            continue
        yield from _single(
            base[at:line], mine[one : to_mine[line]], theirs[other : to_theirs[line]]
        )
        yield [base[line]], [mine[to_mine[line]]], [theirs[to_theirs[line]]]
        at, one, other = line + 1, to_mine[line] + 1, to_theirs[line] + 1
    yield from _single(base[at:], mine[one:], theirs[other:])


def _single(base: Lines, mine: Lines, theirs: Lines) -> Iterator[tuple[Lines, Lines, Lines]]:
    """Cut a piece into its lines where each side has as many as before: neighbours may differ."""
    if len(base) == len(mine) == len(theirs):
        yield from (([a], [b], [c]) for a, b, c in zip(base, mine, theirs, strict=True))
    else:
        yield base, mine, theirs


def _unchanged_lines(base: Lines, other: Lines) -> dict[int, int]:
    """Map each line of `base` that is still there to where it is."""
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    return {
        block.a + offset: block.b + offset
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    }


def _marked(text: str) -> str:
    """Return generated text between two marks that say what it was, so as to know it again."""
    body = _ended(text)
    return f"{_OPEN}: {_digest(body)} -->\n{body}{_CLOSE}\n"


def _decided(text: str) -> str:
    """Drop a generated side that no person edited and that is generated differently by now."""
    while True:
        start = text.find(_OPEN)
        while start >= 0:
            head = text.find("\n", start) + 1
            end = text.find(_CLOSE + "\n", head)
            if (
                head
                and end >= 0
                and text[start:head] == f"{_OPEN}: {_digest(text[head:end])} -->\n"
            ):
                break
            start = text.find(_OPEN, start + 1)
        if start < 0:
            return text
        text = text[:start] + text[end + len(_CLOSE) + 1 :]


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _normalize(text: str) -> str:
    """Return what two texts are compared by: neither blanks at line ends nor empty lines count."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
