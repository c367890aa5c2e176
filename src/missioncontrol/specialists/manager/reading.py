"""Reads the documents of a task as they were signed, and what they ask for."""

import re
from collections.abc import Mapping
from pathlib import Path

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.agreed import agreed_text
from missioncontrol.specialists.manager.commission import Commission
from missioncontrol.specialists.specialist import Agreed

ORDER = ("prd", "spec", "plan", "tasks")
ITEMS_MAX = 200
ITEM_CHARACTERS_MAX = 1_000
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_ITEM = re.compile(r"\s{0,8}(?:[-*+]|\d+[.)])\s+(?:\[(?P<done>[ xX])\]\s+)?(?P<text>\S.*)")


def signed_texts(commission: Commission, repository: Path) -> dict[str, str]:
    """Return the documents of a task by kind.

    Raises:
        AttemptFailed: `manager.other_version`, where a file is not what was signed.
    """
    kinds = (kind for kind in ORDER if kind in commission.documents)
    return {kind: _text(kind, commission, repository) for kind in kinds}


def _text(kind: str, commission: Commission, repository: Path) -> str:
    place = f"{commission.folder}/{kind}.md"
    text = agreed_text(repository, Agreed(place, commission.documents[kind]))
    if text is None:
        raise AttemptFailed(
            "manager.other_version",
            f"{place} is not the text that was agreed to when task {commission.number} was given "
            "out.",
            hint="`mission repo sync` takes an edit in; then the task can be run again.",
            retryable=False,
        )
    return text


def sections(text: str) -> dict[str, str]:
    """Return what stands below each heading, by its words in small letters; code is no heading."""
    found: dict[str, list[str]] = {}
    name, fence = "", ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.fullmatch(line)
        if heading:
            name = heading[2].lower()
            found.setdefault(name, [])
        else:
            found.setdefault(name, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def items(texts: Mapping[str, str], kind: str, heading: str) -> list[str]:
    """Return the items of a list below a heading of a document; of a paragraph, the whole."""
    below = sections(texts.get(kind, "")).get(heading, "")
    listed = [match["text"] for line in below.splitlines() if (match := _ITEM.fullmatch(line))]
    found = listed or ([" ".join(below.split())] if below else [])
    return [each[:ITEM_CHARACTERS_MAX] for each in found[:ITEMS_MAX]]


def open_items(texts: Mapping[str, str]) -> list[str]:
    """Return the parts into which the task list splits the work, without those checked off."""
    below = sections(texts.get("tasks", "")).get("tasks", "")
    found = (_ITEM.fullmatch(line) for line in below.splitlines())
    left = [match["text"] for match in found if match and (match["done"] or " ") == " "]
    return [each[:ITEM_CHARACTERS_MAX] for each in left[:ITEMS_MAX]]
