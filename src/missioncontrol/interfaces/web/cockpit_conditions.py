"""Conditions, events and deeds as an address writes them, and the way back from their text."""

import re
from typing import Any

from missioncontrol.analytics.questions import Did, Pattern, Where
from missioncontrol.domain.errors import Rejected

OPERATORS = (
    ("!~", "not_contains"),
    ("~", "contains"),
    (">=", "at_least"),
    ("<=", "at_most"),
    ("!=", "is_not"),
    (">", "above"),
    ("<", "below"),
    ("=", "is"),
)
SIGNS = {name: sign for sign, name in OPERATORS}
ANY = "*"
"""Of an event: whichever."""

_CONDITION = re.compile(r"(?s)\s*([^=!~<>]+?)\s*(!=|>=|<=|!~|=|~|>|<)\s*(.*?)\s*")
_BRACKETED = re.compile(r"(?s)(.*?)((?:\s*\[[^\[\]]*\])*)\s*")
_DEED = re.compile(r"(?s)(!?)(.*?)(?: x([0-9]{1,6}))?(?: in (range|([0-9]{1,4})d))?\s*")


def condition(text: str) -> Where:
    """Return the condition that `plan=team`, `plan!=free`, `price>=10` or `page~docs` means.

    `plan?` holds where there is one, `!plan?` where there is none. `person.` before the name
    asks for a property of the person; several values are parted by `|`.

    Raises:
        Rejected: `analytics.bad_condition`.
    """
    if (known := re.fullmatch(r"(!?)([^=!~<>?]+)\?", text.strip())) is not None:
        return _named(known[2], "not_set" if known[1] else "set", ())
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Rejected(
            "analytics.bad_condition",
            f"{text[:60]!r} is no condition.",
            hint="Write it as `plan=team`, `plan!=free`, `price>=10` or `person.country=CH|DE`.",
        )
    name, sign, value = found.groups()
    operator: Any = dict(OPERATORS)[sign]
    return _named(name, operator, tuple(each.strip() for each in value.split("|")))


def _named(name: str, operator: Any, values: tuple[str, ...]) -> Where:
    of: Any = "person" if name.startswith("person.") else "event"
    return Where(name.removeprefix("person."), operator, values, of)


def written(where: Where) -> str:
    """Return a condition as it is written."""
    name = f"person.{where.property}" if where.of == "person" else where.property
    if where.operator in ("set", "not_set"):
        return f"{'' if where.operator == 'set' else '!'}{name}?"
    return f"{name}{SIGNS[where.operator]}{'|'.join(where.values)}"


def pattern_of(text: str, known: Pattern | None = None) -> Pattern:
    """Return which events `order`, or `order [price>=10] [plan=team]`, means; `` is any.

    A text that says what is `known` already is that one, with what people call it.

    Raises:
        Rejected: `analytics.bad_condition`.
    """
    if known is not None and text == pattern_text(known):
        return known
    found = _BRACKETED.fullmatch(text)
    if found is None or not found[2]:
        return Pattern(text.strip())
    conditions = re.findall(r"\[([^\[\]]*)\]", found[2])
    return Pattern(found[1].strip(), tuple(map(condition, conditions)))


def pattern_text(pattern: Pattern) -> str:
    """Return events as they are written."""
    return " ".join([pattern.event, *(f"[{written(each)}]" for each in pattern.where)]).strip()


def deed(text: str, days: int) -> Did:
    """Return whom `order`, `!order`, `order x3` or `order x3 in 14d` means.

    They did so, or with `!` did not, so often in the days before the end of the range; in the
    `days` of the range where it says nothing else, or `in range`. `*` is any event.

    Raises:
        Rejected: `analytics.bad_condition`.
    """
    found = _DEED.fullmatch(text.strip())
    name = found[2].strip() if found is not None else ""
    if found is None or not name:
        raise Rejected(
            "analytics.bad_condition",
            f"{text[:60]!r} is nothing that people do.",
            hint="Write it as `order`, `!order`, `order x3` or `order x3 in 14d`; `*` is any.",
        )
    pattern = Pattern() if name == ANY else pattern_of(name.removeprefix("\\"))
    often, length = int(found[3] or 1), int(found[5]) if found[5] else days
    return Did(pattern, often, length, bool(found[1]))


def deed_text(found: Did, days: int | None = None) -> str:
    """Return a deed as it is written; one of all `days` of a range goes with the range."""
    name = pattern_text(found.pattern) or ANY
    if name != ANY and name[0] in "!\\*":
        name = f"\\{name}"
    length = "range" if found.days == days else f"{found.days}d"
    return f"{'!' if found.negated else ''}{name} x{found.at_least} in {length}"


def deed_shown(text: str, days: int) -> str:
    """Return a deed in words: `did not order in 14 days`."""
    found = deed(text, days)
    name = pattern_text(found.pattern) or "anything"
    often = f" at least {found.at_least} times" if found.at_least > 1 else ""
    when = "in these days" if text.endswith("in range") else f"in the last {found.days} days"
    return f"{'did not' if found.negated else 'did'} {name}{often} {when}"
