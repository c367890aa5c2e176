"""The calendar: at which instants a cron expression means in a time zone."""

from typing import Literal, Protocol

import msgspec

Daylight = Literal[
    "",
    "gap",  # the local time asked for does not exist that day; this is the first that does after it
    "first",  # the local time comes twice that day; this is the first of both
    "second",
]


class Moment(msgspec.Struct, frozen=True):
    """A slot as a person in its zone sees it."""

    at: float  # seconds since the epoch
    offset_seconds: int  # of local time, east of UTC
    daylight: Daylight = ""


class Slots(msgspec.Struct, frozen=True):
    """The newest slots of a span by name, and how many there were before them."""

    newest: tuple[float, ...]  # in order
    earlier: int = 0
    earlier_first: float = 0.0  # 0 where there were none
    earlier_last: float = 0.0


class Calendar(Protocol):
    """Knows cron expressions and time zones. Slots lie on whole minutes of local time.

    What daylight saving does to a slot is that of Debian's cron. Where minute and hour are given
    (neither begins with `*`), the schedule has one slot for each time: in a gap it moves to the
    first instant after it, and a time that comes twice counts once, the first time. Otherwise
    every instant counts whose local time fits: none in a gap, and both where a time comes twice.
    """

    def check(self, cron: str, zone: str) -> str:
        """Return `cron` with single spaces, if it can be used with `zone`.

        Raises:
            Rejected: `schedule.bad_cron`, `schedule.never_fires`, `schedule.bad_zone`.
        """
        ...

    def after(self, cron: str, zone: str, instant: float) -> float | None:
        """Return the first slot after `instant`; None where there is none in fifty years.

        Raises:
            Rejected: see `check`; so do the others.
        """
        ...

    def between(self, cron: str, zone: str, after: float, until: float, *, limit: int) -> Slots:
        """Return the newest `limit` slots later than `after` and not later than `until`."""
        ...

    def preview(self, cron: str, zone: str, instant: float, *, count: int) -> list[Moment]:
        """Return the next `count` slots after `instant`."""
        ...

    def in_words(self, cron: str) -> str:
        """Return what `cron` means, such as `At 02:30 every day`."""
        ...
