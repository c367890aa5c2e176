"""Numbers, money and times as pages write them."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from markupsafe import Markup

from missioncontrol.domain.money import MICRO

UNKNOWN = "unknown"
THIN = "\u202f"
"""A thin space that does not break; it groups thousands."""

CACHED_MAX = 8_192
"""Times that are written once: lists show the same ones again and again."""

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
SHORT_OF = 0.05
"""Of a unit of time: what is to come and so little short of a whole one counts as that."""
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")
_COUNTS = ("", "k", "M", "G", "T")
_USER = re.compile(r"\buser:(?=\w)")
_ID = re.compile(r"\b(?:run|approval|mission|question)-[0-9a-z]{14}\b")


def now() -> float:
    """Return the time that pages are read at, in seconds since the epoch."""
    return time.time()  # noqa: TID251 - only shows how long ago something was; nothing follows


def number(value: float | None, decimals: int = 0) -> str:
    """Return `184 211`, grouped by thin spaces; None is unknown."""
    return UNKNOWN if value is None else f"{value:,.{decimals}f}".replace(",", THIN)


def money(micro_dollars: int | None, *, exact: bool = False) -> str:
    """Return `$1.84`, or all of `$1.840213` where sums have to match; None is unknown.

    What is more than nothing never reads as nothing: `<$0.01`.
    """
    if micro_dollars is None:
        return UNKNOWN
    sign, value = ("-" if micro_dollars < 0 else ""), abs(micro_dollars)
    if exact:
        whole, rest = divmod(value, MICRO)
        digits = f"{rest:06}"
        return f"{sign}${number(whole)}.{digits[:2]}{digits[2:].rstrip('0')}"
    if 0 < value < MICRO // 100:
        return f"{sign}<$0.01"
    return f"{sign}${number(value / MICRO, 2)}"


def tokens(count: int | None) -> str:
    """Return `1.39 M`, `12.9 k` or `870`: three digits and a unit; None is unknown."""
    return UNKNOWN if count is None else _scaled(count, 1_000, _COUNTS)


def size(count: int | None) -> str:
    """Return so many bytes as `1.4 MB`; None is unknown."""
    return UNKNOWN if count is None else _scaled(count, 1_000, _SIZES)


def _scaled(count: float, step: int, units: Sequence[str]) -> str:
    value, place = float(count), 0
    while abs(value) >= step and place < len(units) - 1:
        value, place = value / step, place + 1
    digits = f"{value:.0f}" if place == 0 or abs(value) >= 100 else f"{value:.3g}"
    return f"{digits} {units[place]}".rstrip()


def percent(share: float | None, decimals: int = 0) -> str:
    """Return a share from 0 to 1 as `96.7 %`; None is unknown."""
    return UNKNOWN if share is None else f"{share * 100:.{decimals}f} %"


def duration(seconds: float | None) -> str:
    """Return how long something took: `840 ms`, `12.4 s`, `18:24`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{int(seconds // 60):02}:{int(seconds % 60):02}"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // 60):02} min"
    return f"{int(seconds // _DAY)} d {int(seconds % _DAY // _HOUR)} h"


def span(seconds: float) -> str:
    """Return a span roughly, in one unit: `14 min`."""
    for length, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def ahead(seconds: float) -> str:
    """Return how long something is to come, roughly: what just began to run down is still whole.

    Something that ends in three days says so a minute later as well, and not “2 d”.
    """
    for length in (_DAY, _HOUR, _MINUTE):
        if seconds >= length * (1 - SHORT_OF):
            return span(seconds + length * SHORT_OF)
    return span(seconds)


def ago(at: float | None, empty: str = "never") -> Markup:
    """Return how long ago something was, or how soon it is, with the exact time on hover.

    `at` is in seconds since the epoch; nothing or 0 reads as `empty`. The page keeps it true
    while it is open.
    """
    if not at:
        return Markup("<span class='dim'>{}</span>").format(empty)
    passed = now() - at
    shown = span(passed) if passed >= 0 else f"in {ahead(-passed)}"
    return _time(at, shown, "ago")


def clock(at: float | None, empty: str = "") -> Markup:
    """Return the time of day as `08:42:07`, in UTC, with the date on hover."""
    return _time(at, moment(at).strftime("%H:%M:%S"), "clock") if at else Markup("{}").format(empty)


def day(at: float | None, empty: str = "never") -> Markup:
    """Return date and time as `2026-03-14 08:42`, in UTC."""
    if not at:
        return Markup("<span class='dim'>{}</span>").format(empty)
    return _time(at, moment(at).strftime("%Y-%m-%d %H:%M"), "day")


def moment(at: float) -> datetime:
    """Return seconds since the epoch as a moment in UTC."""
    return datetime.fromtimestamp(at, UTC)


@lru_cache(CACHED_MAX)
def _time(at: float, shown: str, kind: str) -> Markup:
    exact = moment(at)
    return Markup('<time datetime="{}" title="{}" data-time="{}">{}</time>').format(
        exact.isoformat(timespec="milliseconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S UTC"),
        kind,
        shown,
    )


def short(name: str) -> str:
    """Return an id as lists show it: its kind and its last six characters, `run-…9f3a1c`."""
    kind, dash, rest = name.partition("-")
    return f"{kind}{dash}…{rest[-6:]}" if dash and len(rest) > 10 else name


def count(value: int, one: str, many: str = "") -> str:
    """Return a number with its word: `1 run`, `3 runs`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def wording(verb: str) -> str:
    """Return the name of what was asked for as people write it: `BeginMission`, "Begin mission"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", verb).capitalize()


def event_name(kind: str) -> str:
    """Return what kind of event it is as people write it: `step_succeeded`, "Step succeeded"."""
    return kind.replace("_", " ").capitalize()


def person(actor: str) -> str:
    """Return who did something, as people say it: `user:alice`, "alice"."""
    return actor.removeprefix("user:")


def plainly(text: str) -> str:
    """Return a sentence of ours with people by their names alone, and ids as lists show them.

    It is not for texts of other people, which are shown as they are.
    """
    return _ID.sub(lambda found: short(found[0]), _USER.sub("", text))


def own_run(text: str, run: str) -> str:
    """Return the text about a run, on its own page: "this run" in place of its id in quotes."""
    return text.replace(f"Run '{run}'", "This run").replace(f"run '{run}'", "this run")
