"""What is asked and what answers: our documents, and facts of other domains and languages."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from missioncontrol.documents.sections import sections
from missioncontrol.knowledge.passages import pieces
from missioncontrol.ports.knowledge_index import Kind, Passage

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


class Asked(msgspec.Struct, frozen=True):
    """A question, and the source that answers it; "" where nothing does."""

    answer: str
    text: str


def passages() -> list[Passage]:
    """Return all passages: decisions, guides by section, entries of the change log, and facts."""
    found = [*_documents("decision", "decisions"), *_documents("guide", "guides")]
    return [*found, *_changes(), *_facts()]


def questions() -> tuple[list[Asked], list[Asked]]:
    """Return the questions for tuning, and those held out: every second one."""
    asked = [Asked(answer.strip("-"), text) for answer, text in _rows("questions.tsv")]
    return asked[::2], asked[1::2]


def _documents(noun: str, folder: str) -> Iterator[Passage]:
    kind: Kind = "decision" if noun == "decision" else "document"
    for file in sorted((ROOT / "docs" / folder).glob("*.md")):
        text = file.read_text("utf-8")
        name = file.name[:4] if noun == "decision" else file.name
        title = text.partition("\n")[0].lstrip("# ")
        for section in sections(text):
            for piece in pieces(section.text.partition("\n")[2]):
                yield Passage(kind, f"{noun}:{name}", title, piece, section.title)


def _changes() -> Iterator[Passage]:
    entries = re.split(r"\n(?=- |#)", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    lines = [entry[2:] for entry in entries if entry.startswith("- ")]
    for number, line in enumerate(lines):
        title, _, text = line.strip("* ").partition("**")
        yield Passage("memory", f"change:{number}", title, text or title)


def _facts() -> Iterator[Passage]:
    for name, domain, title, text in _rows("facts.tsv"):
        yield Passage("memory", f"fact:{name}", title, text, tags=(domain,))


def _rows(file: str) -> Iterator[Sequence[str]]:
    for line in (HERE / file).read_text("utf-8").splitlines():
        yield line.split("\t")
