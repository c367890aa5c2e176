"""Turns the numbers and prohibitions of a goal into checks with values."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from missioncontrol.specialists.greenfield.reading import Clause, Limit, Reading
from missioncontrol.specialists.greenfield.selection import with_article

_TIME = re.compile(
    r"(?i)^(?:(?:milli|micro)?seconds?|minutes?|hours?|days?|weeks?|months?|years?|seasons?|nights?"
    r"|ms|s)$"
)
_SIZE = re.compile(r"(?i)^(?:[KMGT]B|kg|m|km|px|W|kWh)$")
_SHARE = re.compile(r"(?i)^(?:%|percent|per cent)$")
_MONEY = re.compile(r"(?i)^(?:euros?|dollars?|€|\$)$")
_BELOW = frozenset(
    {"within", "in less than", "in under", "less than", "under", "no later than", "below"}
)
_UP_TO = frozenset({"at most", "no more than", "up to"})


@cache
def _checks() -> dict[str, Any]:
    text = files(__package__).joinpath("catalogue", "checks.toml").read_text("utf-8")
    return tomllib.loads(text)


def wordings(name: str) -> list[str]:
    """Return the wordings of one kind of check."""
    found: list[str] = _checks()[name]
    return found


@cache
def class_of_verb(verb: str) -> str:
    """Return the class of checks that a verb asks for: show, store, send …; `let` for others."""
    classes: dict[str, str] = _checks()["verbs"]
    return next((name for name, verbs in classes.items() if verb in verbs.split()), "let")


def kind_of_limit(limit: Limit) -> str:
    """Return what sort of check a number asks for."""
    if not limit.unit:
        is_twice = limit.number.lower() == "twice"
        return ("once" if limit.is_without else "repetition") if is_twice else "threshold"
    if limit.bound == "every":
        return "period"
    if _TIME.match(limit.unit):
        if limit.bound in _BELOW or limit.bound in _UP_TO:
            return "duration_below"
        if limit.bound in {"for", "after"}:
            return "deadline" if limit.is_without else "duration"
        return "threshold"
    if _SIZE.match(limit.unit) or _MONEY.match(limit.unit):
        return "size" if limit.bound in _BELOW | _UP_TO else "threshold"
    if _SHARE.match(limit.unit) or limit.bound or (limit.unit.isupper() and len(limit.unit) > 1):
        return "threshold"
    return "count"


def check_of(limit: Limit, what: str, seed: str) -> str:
    """Return an acceptance for a number of the goal; `what` is the noun that it is about."""
    choices = wordings(kind_of_limit(limit))
    number = sha256(f"{seed}{limit.text}".encode()).digest()[0] % len(choices)
    text = limit.text.removeprefix("in ") if limit.bound.startswith("in ") else limit.text
    if kind_of_limit(limit) in {"duration", "threshold"}:
        text = text.removeprefix(limit.bound).strip()
    if kind_of_limit(limit) == "duration_below" and limit.bound not in {"within", "no later than"}:
        text = text.replace("less than", "below").replace("under ", "below ")
    return choices[number].replace("{text}", text).replace("{what}", what)


def refusal_of(clause: Clause, actor: str, seed: str) -> str:
    """Return an acceptance for something that the goal forbids."""
    if not clause.objects:
        who = clause.subject.name if clause.subject and clause.subject.is_person else actor
        return (
            f"While the rule holds, {with_article(who)} who tries to {clause.verb} is refused and"
            " reads until when; once it has ended, the same attempt passes."
        )
    choices = wordings("refusal")
    act = f"{clause.verb} {with_article(clause.objects[0].name)}"
    number = sha256(f"{seed}{clause.text}".encode()).digest()[0] % len(choices)
    return choices[number].replace("{act}", act)


def prohibitions(reading: Reading) -> Iterator[Clause]:
    """Yield clauses of the goal that forbid something to happen."""
    for clause in reading.clauses:
        is_forbidden = bool(clause.objects) or (clause.modal and clause.verb in _DONE_BY_PEOPLE)
        if clause.is_negated and is_forbidden and clause.verb not in _STATES:
            yield clause


_STATES = frozenset({"connect", "work", "need", "call", "happen", "like", "have", "know"})
_DONE_BY_PEOPLE = frozenset({"borrow", "vote", "register", "book", "play", "post", "join", "see"})
