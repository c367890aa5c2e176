"""Durations and money as people write them, and as the engine counts them."""

import math
import re
from decimal import Decimal
from typing import Any

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.money import DOLLARS_MAX, micro_dollars, plain_dollars

UNITS: dict[str, int] = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
DURATION = r"([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w) ?)+"
"""A duration in words; a number of seconds is one as well."""

SECONDS_MAX = 10 * 366 * 86_400
"""Ten years: nothing here is planned further ahead."""

COST = r"\$?\s*[0-9]{1,12}(\.[0-9]{0,6})?(\s*USD)?"
"""Money in words; a number of dollars is money as well."""

TOKENS_MAX = 10**12

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w) ?")


def seconds_of(value: Any) -> float | str:
    """Return a duration in seconds, or in words why it is none."""
    if isinstance(value, str) and re.fullmatch(DURATION, value.strip()[:100], re.ASCII):
        return _bounded(_sum_of(value.strip()))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounded(float(value) if abs(value) < 1e12 else math.inf)
    return "Write a duration as 30s, 10m, 1h30m, 2d or 500ms, or as a number of seconds."


def _sum_of(text: str) -> float | str:
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    if len(set(units)) < len(units):
        return "It names a unit twice; write each unit once, as in 1h30m."
    sizes = {"ms": Decimal("0.001"), **{unit: Decimal(size) for unit, size in UNITS.items()}}
    return float(sum((Decimal(number) * sizes[unit] for number, unit in parts), Decimal(0)))


def _bounded(seconds: float | str) -> float | str:
    if isinstance(seconds, str):
        return seconds
    if not seconds > 0:
        return "It must be longer than nothing; leave the key out where there is no limit."
    if seconds > SECONDS_MAX:
        return "It is longer than ten years; leave the key out where there is no limit."
    return seconds


def duration_in_words(seconds: float) -> str | float:
    """Return a duration as a file would say it; `seconds_of` gives the same seconds again."""
    if seconds != int(seconds):
        text = f"{round(seconds * 1000)}ms"
        return text if seconds_of(text) == seconds else seconds
    text, left = "", int(seconds)
    for unit, size in UNITS.items():
        if unit == "w":
            continue  # 10d reads better than 1w3d.
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text


def cost_of(value: Any) -> int | str:
    """Return money in micro-dollars, exactly, or in words why it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        # The shortest text of a float is what was written; its binary value is a little off.
        value = f"{Decimal(repr(value)):f}"
    if isinstance(value, str):
        try:
            return micro_dollars(value, "cost")
        except Rejected:
            pass  # Its message is given here for a file.
    return (
        f"Write US dollars, from 0 to {DOLLARS_MAX:,} with at most six decimals, "
        "as 2.00 USD, $2 or 2.0."
    )


def cost_in_words(cost: int) -> str:
    """Return micro-dollars as a file would say it; `cost_of` gives the same amount again."""
    return f"{plain_dollars(cost)} USD"
