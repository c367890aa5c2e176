"""Money: whole micro-dollars inside, dollars as people write them outside."""

import re

from missioncontrol.domain.errors import Rejected

MICRO = 1_000_000
DOLLARS_MAX = 1_000_000_000
"""More than this is a slip of the finger."""

_WRITTEN = re.compile(r"\$?\s*([0-9]{1,12})(?:\.([0-9]*))?(?:\s*USD)?", re.ASCII)


def dollars(cost: int) -> str:
    """Return micro-dollars as `$2.00`, with as many decimals as they need."""
    return f"${plain_dollars(cost)}" if cost >= 0 else f"-${plain_dollars(-cost)}"


def plain_dollars(cost: int) -> str:
    """Return micro-dollars that are not negative as a command line takes them: `2.28`."""
    whole, rest = divmod(cost, MICRO)
    digits = f"{rest:06}"
    return f"{whole}.{digits[:2]}{digits[2:].rstrip('0')}"


def tokens(count: int) -> str:
    """Return so many tokens in words: `1 token`, `12,900 tokens`."""
    return f"{count:,} token{'' if count == 1 else 's'}"


def of_which_estimated(count: int, cost: int) -> str:
    """Return the part of a total's text on what was not measured; empty where there is none.

    `count` are tokens and `cost` micro-dollars: `, of which 700 tokens and $0.10 estimated`. All
    surfaces word totals by this, so that an estimate looks the same wherever it is met.
    """
    parts = [*([tokens(count)] if count else ()), *([dollars(cost)] if cost else ())]
    return f", of which {' and '.join(parts)} estimated" if parts else ""


def micro_dollars(text: str, thing: str) -> int:
    """Read `2.28`, `$2.28` or `2.28 USD` as micro-dollars; `thing` says what is read.

    Raises:
        Rejected: `money.malformed`, for anything else, for more than six decimals and for more
            than `DOLLARS_MAX`.
    """
    found = _WRITTEN.fullmatch(text.strip())
    decimals = (found[2] or "") if found else ""
    if found is None or len(decimals) > 6 or int(found[1]) > DOLLARS_MAX:
        raise Rejected(
            "money.malformed",
            f"{thing} is {text[:40]!r}; it must be US dollars from 0 to {DOLLARS_MAX:,} "
            "with at most six decimals.",
            hint="Write it like 2.50.",
        )
    return int(found[1]) * MICRO + int(decimals.ljust(6, "0"))
