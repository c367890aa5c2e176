"""Lists on a server, read as far as the caller iterates over them."""

from collections.abc import AsyncIterator, Iterator
from typing import Generic, TypeVar

from missioncontrol.client.async_line import AsyncLine
from missioncontrol.client.calls import Page, Pages, at
from missioncontrol.client.line import Line

T = TypeVar("T")


class Listed(Generic[T]):
    """A list on the server. Iterating over it asks for page after page, as far as it goes."""

    def __init__(self, line: Line, first: Pages[T]) -> None:
        """Nothing is requested before the first read."""
        self._line, self._first = line, first

    def page(self, cursor: str = "", limit: int | None = None) -> Page[T]:
        """Return one page; `limit` is at most 200.

        Raises:
            Rejected: `cursor.malformed`, and see `Client`.
        """
        return self._line.ask(at(self._first, cursor, limit))

    def __iter__(self) -> Iterator[T]:
        """Yield what is in the list, in its order."""
        page = self.page()
        yield from page.items
        while page.next:
            page = self.page(page.next)
            yield from page.items


class AsyncListed(Generic[T]):
    """The same for `async for`."""

    def __init__(self, line: AsyncLine, first: Pages[T]) -> None:
        """Nothing is requested before the first read."""
        self._line, self._first = line, first

    async def page(self, cursor: str = "", limit: int | None = None) -> Page[T]:
        """Return one page; see `Listed.page`."""
        return await self._line.ask(at(self._first, cursor, limit))

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield what is in the list, in its order."""
        page = await self.page()
        for each in page.items:
            yield each
        while page.next:
            page = await self.page(page.next)
            for each in page.items:
                yield each
