"""Shared by readers of other tools' tasks: stored tasks, their status, and texts with a bound."""

import re
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.visible import SELECTORS

STATUSES = {
    "open": "pending todo to-do open backlog draft approved ready ready-for-dev drafted provisional"
    " implementable new proposed",
    "in progress": "in-progress inprogress in_progress doing started active wip partial",
    "in review": "review in-review ready-for-review reviewing",
    "blocked": "blocked on-hold",
    "done": "done complete completed implemented closed merged shipped archived",
    "deferred": "deferred later postponed",
    "cancelled": "cancelled canceled rejected withdrawn replaced dropped wontfix",
}
CLOSED = frozenset({"done", "cancelled"})
"""Standings with which nothing is left to do."""
_BY_WORD = {word: status for status, words in STATUSES.items() for word in words.split()}
_BOX = re.compile(r"(?m)^\s*[-*+] \[(?P<mark>[ xX])\]")
NEEDS_SHOWN_MAX = 50
DOCUMENT_BYTES_MAX = 1024 * 1024
LIST_BYTES_MAX = 64 * 1024 * 1024
"""A list of tasks holds those of a whole project, with all their details."""
FOLDERS_MAX = 1_000
TITLE_MAX = 200
_HEADING = re.compile(r"^# +(?:(?:Feature Specification|Implementation Plan|Tasks|PRD): *)?(\S.*)$")


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """The status, priority and dependencies of a task, in our words."""

    status: str = "open"
    priority: str = ""
    needs: tuple[str, ...] = ()  # titles of what has to be done before it

    def sentence(self) -> str:
        """Return it as a line of a brief; "" where it says nothing."""
        parts = [self.status] if self.status != "open" else []
        parts += [f"priority {self.priority}"] if self.priority else []
        if self.needs:
            shown = ", ".join(f"“{each}”" for each in self.needs[:NEEDS_SHOWN_MAX])
            more = len(self.needs) - NEEDS_SHOWN_MAX
            parts.append(f"after {shown}" + (f" and {more} more" if more > 0 else ""))
        return f"As it was imported: {'; '.join(parts)}." if parts else ""


class Foreign(msgspec.Struct, frozen=True):
    """A task as another tool stored it."""

    title: str
    source: str  # relative to what was named
    brief: str = ""
    documents: dict[TaskDocument, str] = {}
    standing: Standing = Standing()
    left: tuple[str, ...] = ()  # what of it is not imported, each with its place


def titled(text: str, otherwise: str) -> str:
    """Return the title of a document, or `otherwise` where it has none."""
    for line in text.splitlines():
        if found := _HEADING.match(line):
            return in_a_line(found[1])
    return in_a_line(otherwise)


def in_a_line(title: str) -> str:
    """Return a title on one line, without the signs that only choose how the one before looks."""
    shown = "".join(each for each in title if each not in SELECTORS)
    return " ".join(shown.split())[:TITLE_MAX].strip()


def read_text(path: Path, bytes_max: int = DOCUMENT_BYTES_MAX) -> str:
    """Return the text of a file.

    Raises:
        Rejected: `repository.unreadable`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
        if len(content) > bytes_max:
            raise unreadable(path, f"it has more than {bytes_max:,} bytes")
        return content.decode("utf-8")
    except OSError as error:
        raise unreadable(path, str(error.strerror)) from None
    except UnicodeDecodeError:
        raise unreadable(path, "it is no UTF-8") from None


def unreadable(path: Path, why: str) -> Rejected:
    """Return the refusal of a file."""
    return Rejected("repository.unreadable", f"{str(path)!r} can't be read: {why}.")


def status_of(word: str) -> str:
    """Return a status in our words; an unknown one stays as it is."""
    plain = re.sub(r"[\s*_`]+", "-", word.strip().lower()).strip("-.")
    return _BY_WORD.get(plain, plain or "open")


def status_of_boxes(text: str) -> str:
    """Return how far a list with boxes is: open, in progress or done."""
    marks = [match["mark"] != " " for match in _BOX.finditer(text)]
    if not any(marks):
        return "open"
    return "done" if all(marks) else "in progress"


def with_standing(brief: str, standing: Standing) -> str:
    """Return the brief of a task with a line that says how it stood."""
    return "\n\n".join(part for part in (brief, standing.sentence()) if part)
