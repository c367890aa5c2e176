"""Lines on standard error that strangers cause: a few each minute, and how many were left out."""

import logging
import time
from collections.abc import Callable

LINES_MAX = 10
SECONDS = 60.0


class FewLines(logging.Filter):
    """Passes a few records of a logger each minute, so that a flood of them fills no disk."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """The minute begins with the first record."""
        super().__init__()
        self._now = now
        self._until = 0.0
        self._let_through = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is written; the first one of a minute says what was not before."""
        if self._now() >= self._until:
            self._until, self._let_through = self._now() + SECONDS, 0
        if self._let_through >= LINES_MAX:
            self._left_out += 1
            return False
        self._let_through += 1
        if self._left_out:
            record.msg = f"{record.getMessage()} ({self._left_out:,} more before were left out.)"
            record.args, self._left_out = (), 0
        return True


def let_few_through(*loggers: str) -> None:
    """Bound what each of these loggers writes by itself, from now on."""
    for name in loggers:
        logger = logging.getLogger(name)
        if not any(isinstance(each, FewLines) for each in logger.filters):
            logger.addFilter(FewLines())
