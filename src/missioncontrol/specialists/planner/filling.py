"""Fills the sentences of the playbooks with facts; one that lacks a fact stays unsaid."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from missioncontrol.specialists.planner.sentences import capitalised

Facts = Mapping[str, str]
PHRASES = frozenset({"subject", "covered", "fresh"})
"""Facts in words of their own, which begin a sentence with a capital."""


def listed(items: Sequence[str]) -> str:
    """Join as prose: “a”, “a and b”, “a, b and c”."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def filled(template: str, facts: Facts) -> str | None:
    """Fill in the facts, or return None where one of them is missing."""
    missing: list[str] = []

    def fact(match: re.Match[str]) -> str:
        value = facts.get(match[1])
        if value is None:
            missing.append(match[1])
        starts = match.start() == 0 or template[: match.start()].endswith((". ", "? "))
        return (capitalised(value) if starts and match[1] in PHRASES else value) if value else ""

    text = re.sub(r"\{(\w+)\}", fact, template)
    return None if missing else text


@cache
def table(name: str) -> dict[str, Any]:
    """Return a data file of the planner."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
