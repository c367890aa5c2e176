"""Finds where a definition says of itself that it is deprecated."""

import re
from collections.abc import Sequence

WITHIN = 15
"""Lines from the start of a definition in which its own deprecation would stand."""
_DEPRECATED = re.compile(r"(?i)^\W*(?:deprecated\b|\.\. deprecated::)")
_DEFINITION = re.compile(r"\s*(?:async\s+def|def|class|function|func|fn)\s")


def deprecated_at(lines: Sequence[str], start: int) -> int:
    """Return the line on which the definition at line `start` calls itself deprecated; 0 if none.

    Lines count from 1. The word has to begin a line, as in a docstring, a directive or a decorator.
    """
    for number in range(start, min(len(lines), start + WITHIN) + 1):
        text = lines[number - 1]
        if (
            number > start
            and _DEFINITION.match(text)
            and not lines[start - 1].lstrip().startswith("@")
        ):
            return 0
        if _DEPRECATED.match(text):
            return number
    return 0
