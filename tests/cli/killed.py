"""A `mission` that is killed at one moment: before something is written, in the middle, or after.

`python -m tests.cli.killed WHERE MOMENT WORD ...` goes on as `mission ...`. WHERE is `log` or
`memory`; in the log, WORD is the type of the event that is appended then, in the memory index the
word is not looked at.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.cli.main import main

MOMENTS = ("before", "within", "after")


def end_it() -> None:
    """End like a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


class Cut:
    """A connection that is killed when it is about to commit."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *given: Any) -> Any:
        if sql == "COMMIT":
            end_it()
        return self._connection.execute(sql, *given)


def cut(part: type, method: str, field: str, moment: str, is_it: Callable[..., bool]) -> None:
    """Have `method` of a part end the process where `is_it` says so of its arguments."""
    whole = getattr(part, method)

    def killed(self: Any, *given: Any, **more: Any) -> Any:
        if not is_it(*given):
            return whole(self, *given, **more)
        if moment == "before":
            end_it()
        if moment == "within":
            setattr(self, field, Cut(getattr(self, field)))
        found = whole(self, *given, **more)
        end_it()
        return found

    setattr(part, method, killed)


def arm(where: str, moment: str, word: str) -> None:
    """Choose the moment."""
    assert moment in (*MOMENTS, "wipe")
    if where == "log":

        def is_it(appends: Any) -> bool:
            return any(event.type == word for each in appends for event in each.events)

        cut(SqliteEventStore, "_append", "connection", moment, is_it)
    elif moment == "wipe":
        cut(SqliteMemoryIndex, "_wipe", "_connection", "before", lambda: True)
    else:
        cut(SqliteMemoryIndex, "take", "_connection", moment, lambda items, *_: bool(items))


if __name__ == "__main__":
    arm(*sys.argv[1:4])
    raise SystemExit(main(sys.argv[4:]))
