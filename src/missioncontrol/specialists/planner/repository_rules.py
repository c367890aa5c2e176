"""Reads what a repository's own documents say about how it is to be changed: decisions, rules."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import gives_orders, item_id
from missioncontrol.specialists.tree import Tree

DOCUMENTS_MAX = 120
DOCUMENT_LENGTH_MAX = 200_000
STATEMENTS_MAX = 100
RULES_MAX = 12
"""Rules that one document gives."""

SENTENCE_MIN, SENTENCE_MAX = 40, 320
TEXT_MAX = 1_200
FILES_MAX = 10

_RECORD = re.compile(r"(?i)(?:^|/)(?:adrs?|decisions|decision-records?|rfcs?)/[^/]+\.(?:md|rst)$")
_GUIDE = re.compile(
    r"(?i)^(?:(?:docs?/|\.github/)?(?:contributing|development|developing|hacking|architecture|"
    r"styleguide|conventions|releasing)|agents|claude)\.(?:md|rst|txt)$"
)
_NO_RECORD = re.compile(r"(?i)(?:^|/)(?:readme|index|template|0000-template|adr-template)\.\w+$")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^([=\-~^\"*+])\1{3,}\s*$")
_STATUS = re.compile(r"(?im)^\W{0,4}status\W{0,4}\s*[:|]\s*\W{0,3}(\w+)")
_NUMBER = re.compile(r"^(?:ADR[- ]?)?\d+[.:)\- ]+\s*", re.IGNORECASE)
_DECIDED = ("decision outcome", "decision", "outcome")
_RULE = re.compile(
    r"\b(?:must(?: not)?|never|always|do not|don't|(?:should|shall)(?: not)? "
    r"(?:be|have|use|include|follow|keep|run|add|go|come|contain|match|pass|update|target)|"
    r"(?:are|is) required)\b"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
_CODE_FENCE = re.compile(r"^\s*(?:```|~~~)")
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+|\b[\w-]+\.(?:py|js|ts|go|rs|toml|cfg|yml|yaml|sql)\b")
_DROPPED = frozenset({"superseded", "rejected", "deprecated", "withdrawn", "draft", "proposed"})


class DocumentStatement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a document says; `lore.json` is a list of these."""

    kind: Literal["decision", "fact"]
    title: str
    text: str
    path: str
    line: int  # 1-based
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def recalled(self, repository: str, commit: str) -> Recalled:
        """Return it in the form that a planner receives, under the id of its memory."""
        known = item_id(self.kind, repository, f"{self.path} {self.title}")
        at = f" at commit {commit[:12]}" if commit else ""
        source = f"{self.path}:{self.line}{at}"
        return Recalled(known, self.kind, self.title, self.text, source, self.files, self.tags)


def document_statements(tree: Tree) -> tuple[DocumentStatement, ...]:
    """Return the decisions that are in force and the rules for contributors, by their documents.

    Text that gives orders to its reader's instructions is left out.
    """
    found: list[DocumentStatement] = []
    paths = [file.path for file in tree.files if _RECORD.search(file.path)]
    guides = [file.path for file in tree.files if _GUIDE.match(file.path)]
    for path in [*paths, *guides][:DOCUMENTS_MAX]:
        text = tree.text(path)
        if text is None or _NO_RECORD.search(path):
            continue
        lines = text[:DOCUMENT_LENGTH_MAX].splitlines()
        is_record = _RECORD.search(path) is not None
        found += _decision(path, lines, tree) if is_record else _rules(path, lines, tree)
    sound = (each for each in found if not gives_orders(f"{each.title}\n{each.text}"))
    return tuple(islice(sound, STATEMENTS_MAX))


class _Section(msgspec.Struct):
    title: str
    line: int  # of its title
    begins: int  # its first line after that
    lines: list[str]


def _sections(lines: list[str]) -> list[_Section]:
    """Return the sections of a Markdown or reStructuredText document; the first has no title."""
    found = [_Section("", 1, 1, [])]
    fenced = False
    for number, line in enumerate(lines, 1):
        fenced ^= _CODE_FENCE.match(line) is not None
        heading = None if fenced else _HEADING.match(line)
        if heading:
            found.append(_Section(heading[2].strip("* `"), number, number + 1, []))
        elif not fenced and _UNDERLINE.match(line) and number > 1 and lines[number - 2].strip():
            title = lines[number - 2].strip()
            if found[-1].lines:
                found[-1].lines.pop()
            found.append(_Section(title, number - 1, number + 1, []))
        else:
            found[-1].lines.append(line)
    return found


def _decision(path: str, lines: list[str], tree: Tree) -> Iterator[DocumentStatement]:
    sections = _sections(lines)
    titled = next((each for each in sections if each.title), None)
    whole = "\n".join(lines)
    if titled is None or _status(whole, sections) in _DROPPED:
        return
    decided = next(
        (each for name in _DECIDED for each in sections if each.title.lower().startswith(name)),
        titled,
    )
    text = _prose(decided.lines)[:TEXT_MAX]
    if text:
        title = _NUMBER.sub("", titled.title)
        files = _files_in(whole, tree)
        yield DocumentStatement("decision", title, text, path, decided.line, files, ("document",))


def _status(text: str, sections: list[_Section]) -> str:
    stated = _STATUS.search(text)
    if stated:
        return stated[1].lower()
    section = next((each for each in sections if each.title.lower() == "status"), None)
    words = _prose(section.lines).split() if section else []
    return words[0].strip(".,*").lower() if words else ""


def _rules(path: str, lines: list[str], tree: Tree) -> Iterator[DocumentStatement]:
    count = 0
    for section in _sections(lines):
        for line, sentence in _sentences(section):
            if count < RULES_MAX and _RULE.search(sentence):
                count += 1
                title = f"{section.title}: {sentence}" if section.title else sentence
                files = _files_in(sentence, tree)
                yield DocumentStatement(
                    "fact", title[:200], sentence, path, line, files, ("document",)
                )


def _sentences(section: _Section) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a section's paragraphs, each with the line its paragraph begins at."""
    begun, paragraph, fenced = 0, [""], False
    for number, line in enumerate([*section.lines, ""], section.begins):
        fence = _CODE_FENCE.match(line) is not None
        fenced ^= fence
        bullet = re.match(r"\s*(?:[-*+]|\d+[.)]|#\.)\s+", line)
        if fenced or fence or not line.strip() or bullet:
            text = " ".join(" ".join(paragraph).split())
            for sentence in _SENTENCE.split(text):
                if SENTENCE_MIN <= len(sentence) <= SENTENCE_MAX:
                    yield begun, sentence
            paragraph, begun = [], 0
        if not fenced and not fence and line.strip() and not line.startswith(("|", "..", "<", ">")):
            begun = begun or number
            paragraph.append(line[bullet.end() :] if bullet else line)


def _prose(lines: list[str]) -> str:
    """Return the text of a section's first paragraphs in one line, without lists of headings."""
    chosen, fenced = [], False
    for line in lines:
        fence = _CODE_FENCE.match(line) is not None
        fenced ^= fence
        if not (fenced or fence or line.startswith(("|", "..", "<", "---"))):
            chosen.append(line)
    return " ".join(" ".join(chosen).split())


def _files_in(text: str, tree: Tree) -> tuple[str, ...]:
    """Return the files of the repository that a text names."""
    named = dict.fromkeys(word.strip("./") for word in _PATH.findall(text))
    return tuple(path for path in named if tree.file(path) is not None)[:FILES_MAX]
