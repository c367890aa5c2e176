"""The sections of a Markdown document: cut, found again, and what gates ask of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

import msgspec

from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Outline
from missioncontrol.domain.repository.process import PhaseRule

_HEADING = re.compile(r" {0,3}(#{1,6})([ \t].*)?$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
ALIKE = 0.6
"""Sections with so much text in common are one whose heading was changed."""
COMPARED_MAX = 200
"""Sections on each side that are compared by their text."""
HEADINGS_MAX = 200
UNSETTLED_MAX = 20
WORDS_MAX = 60
_FENCED = re.compile(r"(?ms)^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)")
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CONFLICT = re.compile(r"<!-- generated anew|^(?:<{7}|>{7}) ", re.MULTILINE)
_WORD = re.compile(r"\b(?:TODO|TBD|FIXME|XXX)\b")
_PLACE = re.compile(r"<(?P<text>\s*(?:…|\.\.\.)\s*|[^\W\d][^<>\n]*)>")
_HTML = re.compile(
    r"(?:a|abbr|b|blockquote|br|code|dd|del|details|div|dl|dt|em|figure|hr|i|img|ins|kbd|li|mark|ol|p|"
    r"picture|pre|q|s|samp|small|source|span|strong|sub|summary|sup|svg|table|tbody|td|th|thead|tr|"
    r"u|ul|var|video|wbr)(?:\s+[\w:-]+(?:\s*=.*)?|\s*/)?",
    re.IGNORECASE,
)
_LINK = re.compile(r"[\w.+-]+(?::\S+|@\S+)")
BRIEF = "brief"
NAMES: dict[TaskDocument, str] = {
    "prd": "requirements",
    "tasks": "task list",
    "spec": "spec",
    "plan": "action plan",
}


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


def outline_of(text: str) -> Outline:
    """Return what a text has.

    A heading has text where a line below it, or below one of its own, says something; comments
    don't. Left open is what says TODO, TBD, FIXME or XXX, a place such as <name of the owner>, and
    an unresolved conflict; not in code.
    """
    has_text: dict[str, bool] = {}
    for section in sections(_without(_COMMENT, text)):
        lines = section.text.splitlines()[bool(section.title) :]
        is_filled = any(line.strip() for line in lines)
        for heading in section.key:
            if heading and not heading.startswith("\0"):
                has_text[heading] = has_text.get(heading, False) or is_filled
    headings_found = list(has_text.items())[:HEADINGS_MAX]
    return Outline(
        tuple(heading for heading, is_filled in headings_found if is_filled),
        tuple(heading for heading, is_filled in headings_found if not is_filled),
        tuple(_places(text)),
    )


def _places(text: str) -> Iterator[str]:
    plain = _without(_CODE, _without(_FENCED, text))
    found = [(match.start(), "a conflict") for match in _CONFLICT.finditer(plain)]
    plain = _without(_COMMENT, plain)
    found += [(match.start(), match[0]) for match in _WORD.finditer(plain)]
    found += [
        (match.start(), match[0])
        for match in _PLACE.finditer(plain)
        if not _HTML.fullmatch(match["text"]) and not _LINK.fullmatch(match["text"])
    ]
    for at, words in sorted(found)[:UNSETTLED_MAX]:
        yield f"{words[:WORDS_MAX]} (line {plain.count(chr(10), 0, at) + 1})"


def intended_document(title: str) -> str:
    """Return a title with what would count as left open set as code: its words are final."""
    for pattern in (_PLACE, _WORD):  # The second does not look into what the first has set.
        for match in reversed([*pattern.finditer(_without(_CODE, title))]):
            title = f"{title[: match.start()]}`{match[0]}`{title[match.end() :]}"
    return title


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Return `text` with blanks for what the pattern finds, so that each line keeps its number."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def beginning(kind: TaskDocument, title: str, brief: str, rule: PhaseRule) -> str:
    """Return a document with its headings; the brief stands below the heading of that name."""
    parts = [f"# {intended_document(title)}: {NAMES[kind]}"]
    has_place = any(heading.lower() == BRIEF for heading in rule.headings)
    text = brief.strip() if kind == "prd" else ""
    if text and not has_place:
        parts.append(text)
    for heading in rule.headings:
        parts.append(f"## {heading}")
        if text and heading.lower() == BRIEF:
            parts.append(text)
    return "\n\n".join(parts) + "\n"
