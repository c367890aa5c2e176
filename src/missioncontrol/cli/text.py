"""How times, money and sizes are written for a person."""

from datetime import UTC, datetime

from missioncontrol.domain import money


def moment(seconds: float) -> str:
    """Return a time as `2026-01-31 12:00:00 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Return a duration as `0.4 s`, `12 s` or `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def dollars(cost: int, unpriced_tokens: int | None = None) -> str:
    """Return micro-dollars as dollars, and say of what the price is not known.

    `unpriced_tokens` is None where every price is known.
    """
    if unpriced_tokens is None:
        return money.dollars(cost)
    if not cost:
        return "price unknown"
    return f"{money.dollars(cost)} ({unpriced(unpriced_tokens)})"


def unpriced(count: int) -> str:
    """Return `8 tokens have no known price`."""
    if not count:
        return "not every price is known"
    return f"{money.tokens(count)} {'has' if count == 1 else 'have'} no known price"


def size(count: int) -> str:
    """Return bytes as `812 B`, `4.2 KiB` or `1.3 MiB`."""
    if count < 1024:
        return f"{count} B"
    if count < 1024**2:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024**2:.1f} MiB"
