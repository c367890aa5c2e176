"""How a report writes times, durations, sizes, money and counts: always the same, always in UTC."""

from datetime import UTC, datetime

MINUS = "\u2212"


def moment(seconds: float | None) -> str:
    """Return a date and a clock time, such as `2026-03-02 08:41:52 UTC`."""
    if seconds is None:
        return "not yet"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(seconds: float | None) -> str:
    """Return the clock time with milliseconds, as a log has it."""
    if seconds is None:
        return "not yet"
    exact = datetime.fromtimestamp(seconds, UTC)
    return f"{exact:%H:%M:%S}.{exact.microsecond // 1000:03}"


def iso(seconds: float) -> str:
    """Return RFC 3339 with milliseconds, for programs."""
    exact = datetime.fromtimestamp(seconds, UTC)
    return exact.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lasting(seconds: float) -> str:
    """Return a duration with the unit that fits: `0.42 s`, `38.1 s`, `4 min 26 s`, `1 h 02 min`."""
    if seconds < 0:
        return f"{MINUS}{lasting(-seconds)}"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def grouped(number: int) -> str:
    """Return a whole number with its thousands apart, as specialists write it: `184,211`."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 task`, `4 tasks`."""
    return f"{grouped(number)} {noun if number == 1 else plural or noun + 's'}"


def size(count: int) -> str:
    """Return bytes in the unit that fits: `0 B`, `812 B`, `6.1 kB`, `3.4 MB`."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.5 or unit == "GB":
            break
    return f"{amount:.0f} {unit}" if amount >= 99.5 else f"{amount:.1f} {unit}"


def money(micro: int | None) -> str:
    """Return micro-dollars exactly: `$0.00`, `$1.840213`, or `unknown` where there is no price."""
    if micro is None:
        return "unknown"
    whole, rest = divmod(abs(micro), 1_000_000)
    digits = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"{MINUS if micro < 0 else ''}${grouped(whole)}.{digits}"


def in_unit(value: str | float, unit: str) -> str:
    """Return the value of a fact with its unit: `3 cycles`, `1 cycle`, `12.5 s`."""
    is_one = isinstance(value, int) and value == 1 and len(unit) > 2 and unit.endswith("s")
    return f"{format_value(value)} {_single(unit) if is_one else unit}".rstrip()


def _single(unit: str) -> str:
    if unit.endswith("ies"):
        return f"{unit[:-3]}y"
    return unit[:-2] if unit.endswith(("ches", "shes", "sses", "xes")) else unit[:-1]


def format_value(value: str | float) -> str:
    """Return the value of a fact as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return grouped(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return value
