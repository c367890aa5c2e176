"""The record as slow questions read it: on threads, each with files of its own that it has opened.

The loop of the console answers hundreds of readers; a search through a million lines, or a walk
over the whole log, happens here.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from missioncontrol.application.memory import Memory
from missioncontrol.application.search import Search
from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.call_log import CallLog
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.log_heads import ExternalHeads, HeadsSent, SignedHead
from missioncontrol.ports.output_store import FollowedOutput

THREADS = 3
WAITING_MAX = 32

T = TypeVar("T")


@dataclass(frozen=True)
class Books:
    """The files of a home, opened by one thread for itself."""

    store: EventStore
    search: Search
    output: FollowedOutput
    artifacts: ArtifactStore
    heads: Callable[[], list[SignedHead]]
    """Reads the signed heads; raises `Corrupt` where one of them is not right."""
    external_heads: Callable[[], ExternalHeads | None]
    """Reads the heads stored elsewhere, if they can be read; raises `Corrupt` as above."""
    sent: Callable[[], HeadsSent | None]
    """Returns how far heads were sent to their target, if there is one."""
    calls: Callable[[], CallLog | None]
    """Returns the log of model calls, or None where there is none yet."""
    memory: Memory


class Archive:
    """Answers slow questions about one home."""

    def __init__(self, open_books: Callable[[], AbstractContextManager[Books]]) -> None:
        """Nothing is opened before the first query."""
        self._open = open_books
        self._own = threading.local()
        self._opened = ExitStack()
        self._turn = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def ask(self, question: Callable[[Books], T]) -> T:
        """Return what `question` finds, on a thread.

        Raises:
            Unavailable: `archive.busy`, where many ask already.
        """
        if self._waiting >= WAITING_MAX:
            raise Unavailable(
                "archive.busy",
                f"{WAITING_MAX} searches are waiting already.",
                hint="Try again in a moment.",
            )
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, "archive")
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            return await loop.run_in_executor(self._threads, lambda: question(self._books()))
        finally:
            self._waiting -= 1

    async def search(self, question: Callable[[Search], Coroutine[Any, Any, T]]) -> T:
        """Return what a question to the index finds; see `ask`."""
        return await self.ask(lambda books: asyncio.run(question(books.search)))

    async def remembered(self, question: Callable[[Memory], T]) -> T:
        """Return what a question to what is remembered finds, as the log has it now; see `ask`."""
        return await self.ask(lambda books: asyncio.run(_remembered(books.memory, question)))

    def _books(self) -> Books:
        """Return the files of this thread."""
        found: Books | None = getattr(self._own, "books", None)
        if found is None:
            with self._turn:
                found = self._opened.enter_context(self._open())
            self._own.books = found
        return found

    def open(self) -> AbstractContextManager[Books]:
        """Open the files for a piece of work of its own, on whatever thread it happens."""
        return self._open()

    def close(self) -> None:
        """Wait for what is being answered, and close all files."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        self._opened.close()


async def _remembered(memory: Memory, question: Callable[[Memory], T]) -> T:
    await memory.bring_up()
    return question(memory)
