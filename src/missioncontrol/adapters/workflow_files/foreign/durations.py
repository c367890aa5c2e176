"""Durations in the words of a workflow file."""

UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def in_words(seconds: float) -> str:
    """Return `seconds`, at least a millisecond of them, as `1h30m` or `250ms`."""
    if seconds != int(seconds):
        return f"{max(1, round(seconds * 1000))}ms"
    text, left = "", int(seconds)
    for unit, size in UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text
