"""Fills the sentences of the playbooks with facts; one that lacks a fact stays unsaid."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from missioncontrol.specialists.planner.sentences import capitalised

Facts = Mapping[str, str]
_FORMS = re.compile(r"\[(\w+)\|(\w+)\]")
_TAIL = re.compile(r"\s+(?:for|of|in|on|with|to|from|by|at|per|that|which|as|into)\s+")
OBJECTS = frozenset({"symbol", "place"})
"""Facts that stand between a subject and its second verb."""
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

    text = re.sub(r"\{(\w+)\}", fact, _agreeing(template, facts))
    return None if missing else text


def _agreeing(template: str, facts: Facts) -> str:
    """Choose in “{subject} [is|are]” the form that goes with the last fact before it."""

    def form(match: re.Match[str]) -> str:
        before = re.findall(r"\{(\w+)\}", template[: match.start()])
        named = [name for name in before if name not in OBJECTS]
        return match[1 + is_plural(facts.get(named[-1], "") if named else "")]

    return _FORMS.sub(form, template)


def is_plural(phrase: str) -> bool:
    """Whether a phrase such as “queue depth and job latency” names more than one thing."""
    if phrase.startswith("“"):
        return False  # A quotation is one name, whatever stands in it.
    if phrase.startswith("`") and " and " not in phrase:
        return False
    head = _TAIL.split(phrase.strip("`"), maxsplit=1)[0]
    last = head.split()[-1].strip("`.,") if head.split() else ""
    many = last.endswith("s") and not last.endswith(("ss", "us", "is", "ws", "OS", "CORS", "TLS"))
    return " and " in head or (many and not last.isupper() and "/" not in last)


@cache
def table(name: str) -> dict[str, Any]:
    """Return a data file of the planner."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
