"""Missions that leave no changed code behind: what they leave in its place, and how one says so."""

import re
from typing import NamedTuple

from missioncontrol.domain.plan import STUDIES
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground

_DOCUMENT = re.compile(r"(?<![\w/.])[\w./-]+\.(?:rst|md|txt|adoc|html)\b")
SLIP = re.compile(r"(?i)\b(?:typos?|misspelling|spelling|grammar|(?:broken |dead )?links?)\b")
"""Corrections of a text that change nothing in its meaning."""
_READER = re.compile(r"(?i)\bfor (?:somebody|someone|people|users|newcomers|those)\b[^,.;]*")


class Outcome(NamedTuple):
    """What comes of a mission of a kind, and who brings it about."""

    phase: str  # the title of the phase that brings it
    purpose: str  # “2 tasks for {subject}, …”
    made: str  # what the summary says of it


OUTCOMES = {
    "security-review": Outcome(
        "Read and judge",
        "for the readers of the code: the result is a list of findings and no change",
        "comes to a list of findings; no code changes",
    ),
    "incident": Outcome(
        "Account and measures",
        "for the people who were there: the result is an account with measures and no change",
        "comes to an account with measures, each a mission of its own; no code changes",
    ),
    "documentation": Outcome(
        "Write",
        "for writers: documents change, and no code",
        "changes documents and no code",
    ),
}


def outcome(kind: str) -> Outcome | None:
    """Return what comes of work of a kind where that is no change of code."""
    return OUTCOMES.get(kind)


def text_facts(ground: Ground, ask: Ask, kind: str, *, is_main: bool) -> dict[str, str]:
    """Return what an ask for a text says of the text itself: where it stands, and who reads it."""
    if kind in STUDIES and not is_main:
        return {"facet": "yes"}  # One reading of the code answers all of its questions.
    if kind != "documentation":
        return {}
    main = ground.goal.main.text
    stated = _DOCUMENT.search(ask.text) or _DOCUMENT.search(main)
    reader = _READER.search(ask.text) or _READER.search(main)
    there = (
        ground.tree is not None
        and stated
        and any(file.path == stated.group() for file in ground.tree.files)
    )
    found = {
        "stated": f"`{stated.group()}`" if stated else "",
        "stated_new": f"`{stated.group()}`" if stated and not there else "",
        "reader": reader.group()[4:].partition(" in ")[0].strip() if reader else "",
    }
    return {name: text for name, text in found.items() if text}
