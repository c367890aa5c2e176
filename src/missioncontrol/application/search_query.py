"""A search of the log in words: names, texts, and times as people write them."""

import re
from datetime import UTC, datetime, timedelta

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.search_index import Query, words

TEXT_MAX = 1_000
TIMES = "A time is such as 2026-01-31, 2026-01-31T12:30, 2026-01-31T12:30:00+02:00, 2h or 3d."

ACTORS_OF_THEIR_OWN = ("engine", "python", "planner")
"""Who acts here and is no person: the log names them without `user:`."""

_UNITS = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_AGE = re.compile(r"(?:[0-9]{1,9}(?:ms|[smhdw]))+")
_AGE_PART = re.compile(r"([0-9]+)(ms|[smhdw])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?P<clock>[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,6})?)?)?)"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_NAMED = {0: "d", 2: "h", 5: "m", 8: "s"}
"""What a time names, by how long its part after the date is; one with a fraction is exact."""


def parse_query(
    now: float,
    *,
    text: str | None = None,
    kind: str | None = None,
    actor: str | None = None,
    workflow: str | None = None,
    agent: str | None = None,
    run: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Query:
    """Return the query for these arguments; None asks for nothing.

    A time is a date or time of ISO 8601, in UTC where it names no zone, or an age such as `2h` or
    `1d12h`. `until` includes the day, minute or second that it names. `now` is in seconds since the
    epoch.

    Raises:
        Rejected: `search.empty`, `search.bad_text` or `search.bad_time`, naming what is wrong.
    """
    names = {"kind": kind, "actor": actor, "workflow": workflow, "agent": agent, "run": run}
    for field, name in names.items():
        if name == "":
            raise Rejected(
                "search.empty", f"The {field} to look for is empty.", hint="Name one, or leave it."
            )
    if text is not None:
        _refuse_bad_text(text)
    first = None if since is None else moment(since, now)[0]
    end = None if until is None else moment(until, now)[1]
    if first is not None and end is not None and first >= end:
        raise Rejected(
            "search.bad_time", f"There is no time since {since!r} and until {until!r}.", hint=TIMES
        )
    given = {field: name or "" for field, name in names.items()}
    return Query(text=text or "", since=first, until=end, **given)


def actor_of(name: str) -> str:
    """Return whom the log names so: `alice` is the person `user:alice`."""
    is_person = name and ":" not in name and name not in ACTORS_OF_THEIR_OWN
    return f"user:{name}" if is_person else name


def _refuse_bad_text(text: str) -> None:
    if not words(text):
        raise Rejected(
            "search.empty", f"The text {text[:60]!r} holds no word.", hint="Name one, or leave it."
        )
    if len(text) > TEXT_MAX:
        raise Rejected(
            "search.bad_text",
            f"The text has {len(text):,} characters; at most {TEXT_MAX:,} can be looked for.",
            hint="Give some words of it.",
        )


def moment(text: str, now: float) -> tuple[int, int]:
    """Return where a time begins and where it ends, in microseconds since the epoch.

    Raises:
        Rejected: `search.bad_time`.
    """
    given = text.strip().removesuffix(" UTC")
    if _AGE.fullmatch(given):
        age = sum(int(count) * _UNITS[unit] for count, unit in _AGE_PART.findall(given))
        return int(now * 1_000_000) - age, int(now * 1_000_000) - age
    found = _TIME.fullmatch(given)
    try:
        read = datetime.fromisoformat(given if found else "")
        start = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Rejected("search.bad_time", f"{text[:60]!r} is no time.", hint=TIMES) from None
    begins = (start - _EPOCH) // timedelta(microseconds=1)
    named = _NAMED.get(len(found["clock"] or "")) if found else None
    return begins, begins + (_UNITS[named] if named else 1)
