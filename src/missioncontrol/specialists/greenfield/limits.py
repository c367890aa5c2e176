"""Turns the numbers and prohibitions of a goal into checks with values."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from missioncontrol.specialists.greenfield.reading import Limit

_TIME = re.compile(
    r"(?i)^(?:(?:working |week)?(?:(?:milli|micro)?seconds?|minutes?|hours?|days?|weeks?|months?"
    r"|years?|seasons?|nights?)|ms|s)$"
)
_LONG = re.compile(r"(?i)^(?:days?|weeks?|months?|years?|seasons?)$")
_SIZE = re.compile(r"(?i)^(?:[KMGT]B|kg|m|km|px|W|kWh)$")
_SHARE = re.compile(r"(?i)^(?:%|percent|per cent)$")
_MONEY = re.compile(r"(?i)^(?:euros?|dollars?|€|\$)$")
_BELOW = frozenset(
    {"in", "within", "in less than", "in under", "less than", "under", "no later than", "below"}
)
_UP_TO = frozenset({"at most", "no more than", "up to"})


@cache
def _checks() -> dict[str, Any]:
    text = files(__package__).joinpath("catalogue", "checks.toml").read_text("utf-8")
    return tomllib.loads(text)


def wordings(name: str) -> list[str]:
    """Return the wordings of one kind of check of a number."""
    found: list[str] = _checks()[name]
    return found


@cache
def does(verb: str) -> str:
    """Return what a verb says beyond doubt that a product does: receive, find …; else nothing."""
    classes: dict[str, str] = _checks()["does"]
    return next((name for name, verbs in classes.items() if verb in verbs.split()), "")


def wordings_of_act(name: str) -> list[str]:
    """Return the wordings for what a statement does."""
    found: list[str] = _checks()["wordings"].get(name, [])
    return found


def chosen(choices: Sequence[str], seed: str) -> str:
    """Return one of some wordings, the same for the same goal."""
    return choices[sha256(seed.encode()).digest()[0] % len(choices)]


def kind_of_limit(limit: Limit) -> str:
    """Return what sort of check a number asks for; empty where it asks for none."""
    if limit.number.lower() == "twice":
        return "once" if limit.is_without else "twice"
    if limit.bound == "every":
        return "period" if _TIME.match(limit.unit) else ""
    if _TIME.match(limit.unit) and (kind := _of_time(limit)):
        return kind
    is_size = _SIZE.match(limit.unit) or _MONEY.match(limit.unit)
    if is_size and limit.bound in _BELOW | _UP_TO:
        return "size"
    if limit.bound in {"more than", "over", "above"}:
        return "at_most" if limit.is_without else "more"
    by_bound = {**dict.fromkeys(_BELOW, "less"), **dict.fromkeys(_UP_TO, "at_most")}
    if limit.bound in {*by_bound, "at least"}:
        return by_bound.get(limit.bound, "at_least")
    if _LONG.match(limit.unit):
        return ""
    if _SHARE.match(limit.unit) or is_size or _TIME.match(limit.unit):
        return "example"
    return _of_count(limit)


def _of_time(limit: Limit) -> str:
    if limit.bound in _BELOW | _UP_TO:
        return "long" if _LONG.match(limit.unit) else "duration_below"
    if limit.bound in {"for", "after"}:
        return "deadline" if limit.is_without else limit.bound
    return ""


def _of_count(limit: Limit) -> str:
    if not limit.unit.endswith("s"):
        return ""
    digits = re.sub(r"[^\d]", "", limit.number)
    is_many = len(digits) > 9 or (digits and int(digits) >= MANY)
    return "many" if is_many else "few"


MANY = 20
"""Things of which a test makes up data, rather than a case for each."""


def check_of(limit: Limit, seed: str, *, is_case: bool = False) -> str:
    """Return an acceptance for a number of the goal; empty where it asks for none.

    `is_case` says that the number belongs to a condition: “if it is silent within an hour”.
    """
    kind = kind_of_limit(limit)
    kind = "long" if kind == "duration_below" and is_case else kind
    if not kind:
        return ""
    value = re.sub(rf"(?i)^{re.escape(limit.bound)}\s+", "", limit.text)
    choice = chosen(wordings(kind), f"{seed}{limit.text}")
    return choice.replace("{text}", limit.text).replace("{value}", value[:1].lower() + value[1:])
