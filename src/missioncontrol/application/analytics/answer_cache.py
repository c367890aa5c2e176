"""A cache of answers, least recently used first out, bounded in bytes."""

from collections import OrderedDict
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer

BYTES_MAX = 32 * 1024 * 1024
"""Size as JSON; in memory an answer takes a few times that."""


class AnswerCache:
    """Answers by question, position and setting."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._found: OrderedDict[tuple[Any, ...], tuple[AnyAnswer, int]] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> AnyAnswer | None:
        """Return a stored answer, or None."""
        if key not in self._found:
            return None
        self._found.move_to_end(key)
        return self._found[key][0]

    def keep(self, key: tuple[Any, ...], answer: AnyAnswer) -> None:
        """Store an answer; the least recently used ones make room."""
        size = len(msgspec.json.encode(answer))
        if size > self._bytes_max:
            return
        _, before = self._found.pop(key, (None, 0))
        self._found[key] = (answer, size)
        self._bytes += size - before
        while self._bytes > self._bytes_max:
            _, (_, gone) = self._found.popitem(last=False)
            self._bytes -= gone
