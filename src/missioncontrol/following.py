"""Readers of a home on their own threads: the index that follows its log, and the archive."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.signing import read_heads

if TYPE_CHECKING:
    from missioncontrol.application.archive import Archive, Books
    from missioncontrol.application.search import Search


class Following:
    """The search index of a home and the log that it follows, both open only once it is needed.

    All of it but `close` happens on one thread at a time, with connections of its own.
    """

    def __init__(self, home: Home) -> None:
        """Nothing is opened yet."""
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
        """Let go of the files."""
        self._opened.close()


@contextmanager
def archive(home: Home) -> Iterator["Archive"]:
    """Give out what answers slow questions about a home; its files are closed in the end."""
    from missioncontrol.application.archive import Archive

    with closing(Archive(lambda: _books(home))) as found:
        yield found


@contextmanager
def _books(home: Home) -> Iterator["Books"]:
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
        yield Books(
            store,
            Search(store, index),
            output,
            FolderArtifactStore(home.artifacts),
            lambda: read_heads(home.heads),
            call_log,
        )
        for each in calls:
            each.close()
