"""What readers of other tools' tasks share: the stored task, and texts with a bound."""

import re
from pathlib import Path

import msgspec

from missioncontrol.adapters.foreign_status import Standing
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.visible import SELECTORS

DOCUMENT_BYTES_MAX = 1024 * 1024
LIST_BYTES_MAX = 64 * 1024 * 1024
"""A list of tasks holds those of a whole project, with all their details."""
FOLDERS_MAX = 1_000
TITLE_MAX = 200

_HEADING = re.compile(r"^# +(?:(?:Feature Specification|Implementation Plan|Tasks|PRD): *)?(\S.*)$")


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
