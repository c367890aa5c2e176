"""What an ask says so exactly that a test can stand beside it: its limits and its cases."""

import re
from collections.abc import Iterator

DEMANDS_MAX = 6
_LIMIT = re.compile(
    r"(?ix)\b(?:at\ most|no\ more\ than|not\ more\ than|up\ to|at\ least|no\ (?:less|fewer)\ than"
    r"|within|(?:in\ )?(?:under|less\ than|fewer\ than)|below"
    r"|(?<=\bto)(?=\s\d+\s?(?:[kmgt]i?b|bytes?)\b))\s+"
    r"(?P<number>\d+(?:[.,]\d+)*)\s*(?P<unit>%|[a-zµ]+)?(?:\s(?!in\b|of\b|and\b|or\b|for\b)[a-z]+)?"
    r"(?:\sin\stotal)?"
)
_MEASURED = re.compile(
    r"(?i)%|(?:ms|µs|us|ns|s|secs?|seconds?|min|mins|minutes?|h|hours?|days?|x|times|percent)$"
)
_COMPARED = re.compile(r"(?i)\s*(?:as|the|faster|slower|less|more|what)\b")
"""“3 times the memory” is measured, “3 times” is counted."""
_BYTES = re.compile(r"(?i)(?:[kmgt]i?b|bytes?|kilobytes?|megabytes?|gigabytes?)$")
_CASE = re.compile(
    r"(?i)\b(?:where|when)\s+(?P<case>.+?)(?=,?\s+(?:and|or)\s+(?:where|when)\b|,\s|[.;]\s|[.;]?$)"
)


def limits(text: str) -> Iterator[str]:
    """Yield, for each bound that `text` sets, how it is shown to hold."""
    for number, match in enumerate(_LIMIT.finditer(text)):
        if number == DEMANDS_MAX:
            return
        bound, unit = " ".join(match.group().split()), match["unit"] or ""
        is_count = unit == "times" and not _COMPARED.match(text, match.end("unit"))
        if _MEASURED.match(unit) and not is_count:
            yield f"A recorded measurement shows “{bound}”, with its machine and its input."
        elif _BYTES.match(unit):
            yield f"Tests stand on both sides of “{bound}”: exactly that, and one byte beyond."
        elif match["number"].isdigit():
            yield f"Tests stand on both sides of “{bound}”: {_sides(bound, int(match['number']))}."


def cases(text: str) -> list[str]:
    """Return what `text` names as the cases to be looked at: “where `jitter` is 0”."""
    return [match["case"].strip() for match in _CASE.finditer(text)][:DEMANDS_MAX]


def _sides(bound: str, number: int) -> str:
    lower = re.match(r"(?i)at least|no (?:less|fewer)", bound)
    beyond = re.match(r"(?i)(?:in )?(?:under|less|fewer)|below", bound)
    other = number - 1 if lower or beyond else number + 1
    return f"{number:,} and {other:,}"
