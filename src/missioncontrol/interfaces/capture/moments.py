"""When an event happened, by the sender's clock and by ours. Microseconds throughout."""

from datetime import UTC, datetime

from missioncontrol.interfaces.capture.faults import Unfit, format_value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_SECONDS = 86_400
SECOND, HOUR = 1_000_000, 3_600 * 1_000_000
AHEAD_MAX = 23 * HOUR
"""So far ahead of us a clock may be, in another time zone that it does not name. What would have
happened later still counts as happening now."""

LATEST = 253_402_300_799 * SECOND  # the end of the year 9999
MILLISECONDS_SINCE = 100_000_000_000
"""A number from here on counts milliseconds, as browsers do; one below it counts seconds."""

Moment = str | int | float | None


def moment(given: Moment) -> int | None:
    """Return a moment; None where none is given. Without an offset it is UTC.

    Raises:
        Unfit: `capture.bad_time`.
    """
    if given is None or given == "":
        return None
    try:
        if isinstance(given, str):
            found = datetime.fromisoformat(given)
            if found.tzinfo is None:
                found = found.replace(tzinfo=UTC)
            since = found - EPOCH
            at = (since.days * DAY_SECONDS + since.seconds) * SECOND + since.microseconds
        else:
            at = int(given * (1_000 if given >= MILLISECONDS_SINCE else SECOND))
    except (ValueError, OverflowError):
        raise _no_moment(given) from None
    if not 0 <= at <= LATEST:
        raise _no_moment(given)
    return at


def sent_at(given: Moment) -> int | None:
    """Return when something was sent by its sender's clock; None where that can't be read."""
    try:
        return moment(given)
    except Unfit:
        return None


def corrected(given: Moment, *, received: int, sent: int | None) -> int:
    """Return when something happened by our clock.

    The sender's clock showed `sent` when ours showed `received`, so what it calls `given` was as
    long before that: received - (sent - stated). Where none is given, it happened just now.

    Raises:
        Unfit: `capture.bad_time`.
    """
    at = moment(given)
    if at is None:
        return received
    if sent is not None:
        at += received - sent
    if at > received + AHEAD_MAX:
        return received
    if at < 0:
        raise _no_moment(given)
    return at


def _no_moment(given: Moment) -> Unfit:
    return Unfit(
        "capture.bad_time", f"{format_value(given)} is no moment: ISO 8601 is, from 1970 to 9999."
    )
