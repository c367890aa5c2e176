"""Background readers of a data directory: the indexes that follow its log, and the archive."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.heads_file import read_external_heads, read_heads
from missioncontrol.adapters.heads_targets import heads_sent
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.domain.errors import MissionControlError

GOALS_MAX = 50
"""Goals whose missions are about to begin at once."""

if TYPE_CHECKING:
    from missioncontrol.application.archive import Archive, Books
    from missioncontrol.application.memory import Memory
    from missioncontrol.application.missions import Goal
    from missioncontrol.application.search import Search
    from missioncontrol.domain.estimates import Recalled
    from missioncontrol.domain.memory import Item


class SearchFollower:
    """The search index and the log that it follows, both opened on first use.

    Everything but `close` runs on one thread at a time, with connections of its own.
    """

    def __init__(self, home: Home) -> None:
        """Start with nothing open."""
        self._home = home
        self._search: Search | None = None
        self._opened = ExitStack()

    def take_portion(self) -> bool:
        """Take a few more events in; return whether there may be more.

        Raises:
            Unavailable, Corrupt: see `Search.follow`.
        """
        if self._search is None:
            self._search = self._open()
        return asyncio.run(self._search.follow())

    def _open(self) -> "Search":
        from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
        from missioncontrol.application.search import Search

        with ExitStack() as opened:
            index = opened.enter_context(closing(SqliteSearchIndex(self._home.search)))
            store = SqliteEventStore(self._home.log, writable=False)
            opened.callback(store.close)
            self._opened = opened.pop_all()
        return Search(store, index)

    def close(self) -> None:
        """Close the files."""
        self._opened.close()


class MemoryFollower:
    """The memory index and the log that it follows, both opened on first use."""

    def __init__(self, home: Home) -> None:
        """Start with nothing open."""
        self._home = home
        self._own: Memory | None = None
        self._ready: dict[Goal, tuple[tuple[Recalled, ...], tuple[str, ...]]] = {}
        self._turn = threading.Lock()
        self._opened = ExitStack()

    def take_portion(self) -> bool:
        """Take a few more events in; return whether there may be more. On any thread.

        Raises:
            Unavailable, Corrupt: see `Memory.follow`.
        """
        with self._turn:
            return asyncio.run(self._followed().follow())

    async def look_back(self, goal: "Goal") -> None:
        """Read what bears on a goal from the log as of now, as far as time allows, on a thread.

        A mission begins also where this fails: the fault is reported when the index follows.
        """
        self._ready.pop(goal, None)
        with suppress(MissionControlError, sqlite3.Error, OSError):
            self._ready[goal] = await asyncio.to_thread(self._read, goal)
            while len(self._ready) > GOALS_MAX:
                del self._ready[next(iter(self._ready))]

    def _read(self, goal: "Goal") -> "tuple[tuple[Recalled, ...], tuple[str, ...]]":
        from missioncontrol.application.memory import EVERYTHING

        is_whole = self._bring_up()
        with self._turn:
            known = self._followed()
            found = known.recalled(goal.text, goal.repository)
            if is_whole:
                return found, known.silenced()
            return asyncio.run(known.without_amended(found)), EVERYTHING

    def _bring_up(self) -> bool:
        with self._turn:
            return asyncio.run(self._followed().bring_up())

    async def item(self, name: str) -> "Item | None":
        """Return an item as the log has it now; None where there is none.

        Raises:
            Unavailable, Corrupt: see `Memory.follow`.
        """
        return await asyncio.to_thread(self._item, name)

    def _item(self, name: str) -> "Item | None":
        self._bring_up()
        with self._turn:
            return self._followed().index.item(name)

    def recalled(self, goal: "Goal") -> "tuple[Recalled, ...]":
        """See `Prior.recalled`; what `look_back` has read."""
        return self._ready.get(goal, ((), ()))[0]

    def silenced(self, goal: "Goal") -> tuple[str, ...]:
        """See `Prior.silenced`; what `look_back` has read, and all where it could not."""
        from missioncontrol.application.memory import EVERYTHING

        return self._ready[goal][1] if goal in self._ready else EVERYTHING

    def _followed(self) -> "Memory":
        if self._own is None:
            self._own = self._opened.enter_context(memory(self._home))
        return self._own

    def close(self) -> None:
        """Close the files."""
        with self._turn:
            self._opened.close()


@contextmanager
def memory(home: Home) -> "Iterator[Memory]":
    """Yield the memory of a data directory; its files are closed at the end.

    Raises:
        Unavailable: `memory.unwritable`.
    """
    from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
    from missioncontrol.application.memory import Memory
    from missioncontrol.application.templates import Templates

    with (
        closing(SqliteEventStore(home.log, writable=False)) as store,
        closing(SqliteMemoryIndex(home.memory)) as index,
    ):
        artifacts, templates = FolderArtifactStore(home.artifacts), Templates(home.root)
        yield Memory(store, artifacts, index, now=SystemClock().now, templates=templates)


@contextmanager
def archive(home: Home, heads: Path | None = None) -> Iterator["Archive"]:
    """Yield what answers slow questions about a data directory; its files are closed at the end.

    `heads` is the file outside of it that signed heads are sent to.
    """
    from missioncontrol.application.archive import Archive

    with closing(Archive(lambda: _books(home, heads))) as found:
        yield found


@contextmanager
def _books(home: Home, heads: Path | None) -> Iterator["Books"]:
    from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
    from missioncontrol.application.archive import Books
    from missioncontrol.application.search import Search

    calls: list[SqliteCallLog] = []

    def call_log() -> SqliteCallLog | None:
        if not calls and home.calls.exists():
            calls.append(SqliteCallLog(home.calls))
        return calls[0] if calls else None

    with ExitStack() as opened:
        store = opened.enter_context(closing(SqliteEventStore(home.log, writable=False)))
        index = opened.enter_context(closing(SqliteSearchIndex(home.search)))
        output = opened.enter_context(closing(SqliteOutputStore(home.output, writable=False)))
        remembered = opened.enter_context(memory(home))
        yield Books(
            store,
            Search(store, index),
            output,
            FolderArtifactStore(home.artifacts),
            lambda: read_heads(home.heads),
            lambda: read_external_heads(heads, home, SystemClock().now()) if heads else None,
            lambda: heads_sent(home),
            call_log,
            remembered,
        )
        for each in calls:
            each.close()
