"""Reads decision records: MADR 2, 3 and 4, Nygard's form, and what was written from a log."""

import re
from collections.abc import Iterable
from typing import Any

from missioncontrol.documents.madr.lines import OUTCOME, unescaped
from missioncontrol.documents.madr.sections import (
    Front,
    Section,
    argued_in,
    front_of,
    items_in,
    key_of,
    sections_of,
)
from missioncontrol.documents.madr.status import (
    Form,
    NoDecision,
    NotUnderstood,
    ReadDecision,
    Standing,
    standing_of,
)
from missioncontrol.domain.decision_text import (
    DecisionOption,
    DecisionText,
    canonical_text,
    line_of,
)

CHARACTERS_MAX = 400_000
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_CHOSEN = re.compile(r'(?i)chosen option:\s*"((?:[^"\\]|\\.)*)"(?:\s*,?\s*because:?\s+(.*))?\.?')
_LOOSELY_CHOSEN = re.compile(
    r"(?i)chosen option:\s*[\"“”'*_`]*(.+?)[\"“”'*_`]*(?:\s*[,.]?\s*because:?\s+(.*))?"
)
_NUMBER = re.compile(r"(?:adr[-_ ]?)?(\d{1,6})(?=\D|$)", re.IGNORECASE)

TEXTS = {
    "context and problem statement": "context",
    "context": "context",
    "problem statement": "context",
    "problem": "context",
    "issue": "context",
    "more information": "more",
    "links": "more",
    "references": "more",
    "notes": "more",
    "related decisions": "more",
    "validation": "confirmation",
    "confirmation": "confirmation",
    "compliance": "confirmation",
    "implications": "consequences",
}
OUTCOMES = frozenset({"decision outcome", "decision", "solution", "resolution"})
OPTIONS = frozenset(
    {
        "considered options",
        "options considered",
        "options",
        "alternatives",
        "considered alternatives",
        "alternatives considered",
    }
)
PROS = frozenset(
    {"pros and cons of the options", "pros and cons", "pros and cons of the alternatives"}
)
SIDES = {
    "positive consequences": "good",
    "negative consequences": "bad",
    "positive": "good",
    "negative": "bad",
    "neutral": "neutral",
}
PEOPLE = {
    "decision-makers": "decision_makers",
    "deciders": "decision_makers",
    "decision makers": "decision_makers",
    "authors": "decision_makers",
    "author": "decision_makers",
    "consulted": "consulted",
    "informed": "informed",
}
OWN = ("id", "mission", "run", "repository", "source")
LINKS = ("supersedes", "tasks", "files")


def read_decision(file: str, content: str) -> ReadDecision | NoDecision:
    """Return what a file says, with all in it that was not understood; or why it is no decision."""
    if len(content) > CHARACTERS_MAX:
        return NoDecision(file, f"it has {len(content):,} characters; {CHARACTERS_MAX:,} are read")
    lines = content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    front = front_of(lines)
    sections = sections_of(lines[front.lines :], front.lines + 1)
    return _Reader(file, front, sections).read()


class _Reader:
    """One file, being read."""

    def __init__(self, file: str, front: Front, sections: list[Section]) -> None:
        self._file = file
        self._front = front
        self._sections = sections
        self._is_ours = "id" in front.values
        self._found: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {}
        self._options: dict[str, DecisionOption] = {}
        self._odd = [NotUnderstood(1, what, kept=False) for what in front.odd]
        self._standing = Standing()
        self._knew: set[str] = set()

    def read(self) -> ReadDecision | NoDecision:
        title, number = self._title()
        if not title:
            return NoDecision(self._file, "it has no title: no heading of the first level")
        self._read_front()
        self._read_sections()
        form = self._form()
        if form == "unknown":
            return NoDecision(
                self._file,
                "none of its sections is one of a decision record: it has neither "
                "“Decision Outcome” nor “Decision”",
            )
        self._found["title"] = title
        self._found |= {name: "\n\n".join(parts) for name, parts in self._texts.items()}
        self._found["options"] = tuple(self._options.values())
        text = canonical_text(DecisionText(**self._found))
        fields: dict[str, Any] = {name: self._text_value(name) for name in OWN}
        links: dict[str, Any] = {name: tuple(self._list_value(name)) for name in LINKS}
        links["supersedes"] = tuple(
            dict.fromkeys((*links["supersedes"], *self._standing.supersedes))
        )
        return ReadDecision(
            self._file,
            form,
            text,
            self._standing.status,
            self._standing.date,
            number,
            superseded_by=self._standing.superseded_by,
            not_understood=tuple(sorted(self._odd, key=lambda each: each.line)),
            **fields,
            **links,
        )

    def _title(self) -> tuple[str, int]:
        name = self._file.rpartition("/")[2]
        stated = _NUMBER.match(name)
        number = int(stated[1]) if stated else 0
        heading = next((each for each in self._sections if each.level == 1), None)
        title = heading.title if heading else self._text_value("title")
        if not self._is_ours:
            title = _COMMENT.sub("", title).rstrip(" #")
            title = re.sub(r"(?i)^(?:adr[-_ ]?)?\d+\s*[.:)\u2013\u2014-]\s*(?=\S)", "", title)
            title = re.sub(r"(?i)^adr\s*:\s*(?=\S)", "", title)
        return line_of(title), number

    def _text_value(self, key: str) -> str:
        value = self._front.values.get(key, "")
        return value if isinstance(value, str) else ", ".join(value)

    def _list_value(self, key: str) -> list[str]:
        value = self._front.values.get(key, [])
        if isinstance(value, list):
            return value
        return [part.strip() for part in value.split(",") if part.strip()]

    def _read_front(self) -> None:
        known = {"status", "date", "title", *PEOPLE, *LINKS, *(OWN if self._is_ours else ())}
        for key in self._front.values:
            if key not in known:
                value = self._text_value(key)
                self._keep(1, f"{key!r} of the front matter", f"{key}: {value}" if value else "")
        if "status" in self._front.values:
            self._take_standing(1, self._text_value("status"))
        if "date" in self._front.values:
            self._take_date(1, self._text_value("date"))
        for key, name in PEOPLE.items():
            if self._list_value(key):
                self._add_people(name, self._list_value(key))

    def _add_people(self, name: str, people: Iterable[str]) -> None:
        self._found[name] = (*self._found.get(name, ()), *people)

    def _read_sections(self) -> None:
        above: list[Section] = []
        heading = next((n for n, each in enumerate(self._sections) if each.level == 1), -1)
        for number, section in enumerate(self._sections):
            above = [each for each in above if each.level < section.level]
            if number == heading or (section.level == 0 and section.body.strip()):
                self._read_head(section)
            elif section.level:
                self._read_section(section, above)
                above.append(section)

    def _read_head(self, section: Section) -> None:
        """Read what stands below the title: in older forms status, deciders and date."""
        left: list[str] = []
        for line in section.lines:
            plain = re.sub(r"[*_]{2}", "", line)
            found = re.match(r"\s*[*+-]?\s*([A-Za-z][A-Za-z -]{2,30}?)\s*:\s*(.+)", plain)
            key = found[1].lower().strip() if found else ""
            if key == "status" and found:
                self._take_standing(section.line, found[2])
            elif key in ("date", "last updated") and found:
                self._take_date(section.line, _strip_template(found[2]))
            elif key in PEOPLE and found:
                people = [part.strip(" []") for part in _strip_template(found[2]).split(",")]
                self._add_people(PEOPLE[key], people)
            else:
                left.append(line)
        body = self._plain("\n".join(left))
        if re.match(r"(?is)\s*technical story\s*:", body):
            body = re.sub(r"\[?description \| ticket/issue URL\]?", "", body)
        if body.strip():
            self._texts.setdefault("context", []).append(body)

    def _read_section(self, section: Section, above: list[Section]) -> None:
        parent = next((each.key for each in reversed(above) if each.level >= 2), "")
        if parent in PROS:
            return self._read_option(section)
        if parent in {*OUTCOMES, "consequences", ""} and self._read_side(section):
            return None
        if parent and not self._is_known(parent):
            return self._keep_section(section)
        if parent in OPTIONS:
            return self._read_option(section)
        return self._read_known(section)

    def _is_known(self, key: str) -> bool:
        return key in TEXTS or key in OUTCOMES | OPTIONS | PROS or key in self._plain_keys

    _plain_keys = frozenset({"status", "date", "deciders", "decision drivers", "consequences"})

    def _read_side(self, section: Section) -> bool:
        side = SIDES.get(section.key)
        if side is None:
            return False
        rest, items = items_in(self._plain(section.body))
        self._add(side, items)
        if rest.strip():
            self._texts.setdefault("consequences", []).append(self._text(rest))
        return True

    def _read_known(self, section: Section) -> None:
        key = section.key
        self._knew.add(key)
        body = self._plain(section.body)
        if key in TEXTS:
            if body.strip():
                self._texts.setdefault(TEXTS[key], []).append(self._text(body))
        elif key == "consequences":
            self._read_consequences(body)
        elif key in ("decision drivers", "drivers"):
            loose, items = items_in(body)
            self._add("drivers", [*([self._text(loose)] if loose.strip() else ()), *items])
        elif key in OUTCOMES:
            self._read_outcome(body)
        elif key in OPTIONS:
            self._read_options(section, body)
        elif key in PROS:
            if body.strip():
                self._keep(section.line, f"text below {section.title!r}", body)
        else:
            self._read_rest(section, body)

    def _read_consequences(self, body: str) -> None:
        rest, good, neutral, bad = argued_in(body, is_ours=self._is_ours)
        for side, items in (("good", good), ("neutral", neutral), ("bad", bad)):
            self._add(side, items)
        if rest.strip():
            self._texts.setdefault("consequences", []).append(self._text(rest))

    def _read_rest(self, section: Section, body: str) -> None:
        match section.key:
            case "status":
                left = self._take_standing(section.line, body)
                if left:
                    self._keep(section.line, "a part of the status", left)
            case "date":
                self._take_date(section.line, body.strip())
            case "deciders" | "decision makers":
                self._add_people("decision_makers", items_in(body).items or [body])
            case _:
                self._knew.discard(section.key)
                self._keep_section(section)

    def _read_outcome(self, body: str) -> None:
        body = body.strip("\n")
        if body.startswith(OUTCOME) and self._is_ours:
            self._texts.setdefault("outcome", []).append(
                self._text(body[len(OUTCOME) :].strip("\n"))
            )
            return
        first, _, rest = body.partition("\n\n")
        plain = line_of(first)
        chosen = _CHOSEN.fullmatch(plain) or _LOOSELY_CHOSEN.fullmatch(plain)
        because = re.match(r"Because:? (.*)", plain) if self._is_ours and not chosen else None
        if chosen:
            self._found["choice"] = re.sub(r'\\(["\\])', r"\1", chosen[1])
            self._found["reason"] = chosen[2] or ""
        elif because:
            self._found["reason"] = because[1]
        else:
            rest = body
        rest, good, neutral, bad = argued_in(rest) if not self._is_ours else (rest, (), (), ())
        for side, items in (("good", good), ("neutral", neutral), ("bad", bad)):
            self._add(side, items)
        if rest.strip():
            self._texts.setdefault("outcome", []).append(self._text(rest))

    def _read_options(self, section: Section, body: str) -> None:
        rest, items = items_in(body)
        if not items:
            rest, items = "", re.findall(r"(?m)^\s*\d+[.)]\s+(.+)$", body)
            rest = re.sub(r"(?m)^\s*\d+[.)]\s+.+$", "", body).strip()
        for item in items:
            title, _, description = item.partition("\n")
            linked = re.fullmatch(r"\[([^\]]+)\]\(#[^)]*\)", title.strip())
            self._option(linked[1] if linked and not self._is_ours else title, description)
        if rest.strip():
            self._keep(section.line, f"text below {section.title!r}", rest)

    def _read_option(self, section: Section) -> None:
        rest, good, neutral, bad = argued_in(self._plain(section.body), is_ours=self._is_ours)
        title = section.title if self._is_ours else _COMMENT.sub("", section.title)
        option = self._option(title)
        description = "\n\n".join(part for part in (option.description, self._text(rest)) if part)
        self._options[option.title] = DecisionOption(
            option.title,
            description,
            (*option.good, *good),
            (*option.neutral, *neutral),
            (*option.bad, *bad),
        )

    def _option(self, title: str, description: str = "") -> DecisionOption:
        title = line_of(title)
        near = next(
            (each for each in self._options if not self._is_ours and _alike(each, title)), title
        )
        return self._options.setdefault(near, DecisionOption(title, description.strip()))

    def _add(self, name: str, items: Iterable[str]) -> None:
        self._found[name] = (*self._found.get(name, ()), *items)

    def _take_standing(self, line: int, text: str) -> str:
        before = self._standing
        self._standing, left = standing_of(text, before)
        if not self._standing.is_known and text.strip():
            self._odd.append(
                NotUnderstood(
                    line, f"the status {line_of(text)[:80]!r}; it counts as proposed", False
                )
            )
        return left

    def _take_date(self, line: int, text: str) -> None:
        found = re.search(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b", text)
        if found and 1 <= int(found[2]) <= 12 and 1 <= int(found[3]) <= 31:
            year, month, day = map(int, found.groups())
            date = f"{year:04}-{month:02}-{day:02}"
            self._standing = self._standing.on(date)
        elif text.strip():
            self._odd.append(NotUnderstood(line, f"the date {line_of(text)[:60]!r}", False))

    def _keep_section(self, section: Section) -> None:
        body = self._plain(section.body)
        marks = "#" * max(section.level, 3)
        what = f"the section {section.title[:80]!r}"
        self._keep(section.line, what, f"{marks} {section.title}\n\n{body}".strip())

    def _keep(self, line: int, what: str, text: str) -> None:
        self._odd.append(NotUnderstood(line, what, kept=bool(text)))
        if text:
            self._texts.setdefault("more", []).append(text)

    def _text(self, body: str) -> str:
        return unescaped(body.strip("\n")) if self._is_ours else body

    def _plain(self, body: str) -> str:
        return body if self._is_ours else _COMMENT.sub("", body)

    def _form(self) -> Form:
        if "decision outcome" in self._knew or self._is_ours:
            return "madr"
        if self._knew & OUTCOMES:
            return "nygard"
        return "madr" if self._knew & (OPTIONS | PROS) else "unknown"


def _strip_template(text: str) -> str:
    """Return a text without the brackets and comments of a template."""
    return _COMMENT.sub("", text).strip()


def _alike(one: str, other: str) -> bool:
    return key_of(one) == key_of(other)
