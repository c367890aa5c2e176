"""The search index of a home, and the log that it follows."""

import asyncio
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home

if TYPE_CHECKING:
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
