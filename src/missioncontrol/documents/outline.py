"""Tells what a text has as far as gates ask: headings with text, and places left open."""

import re
from collections.abc import Iterator

from missioncontrol.documents.sections import sections
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Outline
from missioncontrol.domain.repository.process import PhaseRule

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


def meant(title: str) -> str:
    """Return a title with what would count as left open set as code: its words are final."""
    for pattern in (_PLACE, _WORD):  # The second does not look into what the first has set.
        for match in reversed([*pattern.finditer(_without(_CODE, title))]):
            title = f"{title[: match.start()]}`{match[0]}`{title[match.end() :]}"
    return title


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Return `text` with blanks for what the pattern finds, so that each line keeps its number."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


BRIEF = "brief"
NAMES: dict[TaskDocument, str] = {
    "prd": "requirements",
    "tasks": "task list",
    "spec": "spec",
    "plan": "action plan",
}


def beginning(kind: TaskDocument, title: str, brief: str, rule: PhaseRule) -> str:
    """Return a document with its headings; the brief stands below the heading of that name."""
    parts = [f"# {meant(title)}: {NAMES[kind]}"]
    has_place = any(heading.lower() == BRIEF for heading in rule.headings)
    text = brief.strip() if kind == "prd" else ""
    if text and not has_place:
        parts.append(text)
    for heading in rule.headings:
        parts.append(f"## {heading}")
        if text and heading.lower() == BRIEF:
            parts.append(text)
    return "\n\n".join(parts) + "\n"
