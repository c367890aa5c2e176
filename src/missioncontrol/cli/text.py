"""How times, money and sizes are written for a person."""

from datetime import UTC, datetime


def moment(seconds: float) -> str:
    """Return a time as `2026-01-31 12:00:00 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Return a duration as `0.4 s`, `12 s` or `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def dollars(cost: int | None) -> str:
    """Return micro-dollars as dollars; an unknown price is said to be unknown."""
    if cost is None:
        return "price unknown"
    return f"${cost / 1_000_000:.2f}" if cost % 10_000 == 0 else f"${cost / 1_000_000:.6f}"


def size(count: int) -> str:
    """Return bytes as `812 B`, `4.2 KiB` or `1.3 MiB`."""
    if count < 1024:
        return f"{count} B"
    if count < 1024**2:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024**2:.1f} MiB"


def visible(text: str) -> str:
    """Return text that cannot steer a terminal: control and bidirectional characters are named."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else f"\\u{ord(character):04x}"
        for character in text
    )
