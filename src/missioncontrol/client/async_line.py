"""How `AsyncClient` asks: each script is played to its end, and others go on meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import httpx

from missioncontrol.adapters.server_line import AsyncServerLine
from missioncontrol.client.calls import Call, Item, More, Open, Pause, Script, persisted
from missioncontrol.client.play import Play
from missioncontrol.domain.errors import MissionControlError

T = TypeVar("T")


class AsyncLine:
    """Asks one server; see `Client` for what it raises."""

    def __init__(
        self, server: AsyncServerLine, *, wait: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """The opener of `server` closes it."""
        self.server = server
        self.wait = wait

    async def ask(self, call: Call[T]) -> T:
        """Ask, and again where a connection was lost; return the answer."""
        return await self.carry_out(persisted(call))

    async def carry_out(self, script: Script[T]) -> T:
        """Do all that a script says, and return what comes of it."""
        play = Play(script)
        async for _ in self.stream(play):
            pass  # Nothing listens.
        return play.result

    async def stream(self, play: Play[Any]) -> AsyncGenerator[Any, None]:
        """Do what a script says, and yield what it tells."""
        async with _Stage(self) as stage:
            while (step := play.step()) is not None:
                if isinstance(step, Item):
                    yield step.value
                    continue
                try:
                    play.take(await stage.done(step))
                except MissionControlError as refusal:
                    play.refuse(refusal)


class _Stage(AsyncExitStack):
    """Where a script is played: it has at most one connection open to be read."""

    def __init__(self, line: AsyncLine) -> None:
        super().__init__()
        self._line = line
        self._coming: AsyncIterator[bytes] | None = None

    async def done(self, step: Any) -> Any:
        """Do one step, and return what came of it."""
        match step:
            case Call():
                return await self._line.server.called(step)
            case Pause():
                return await self._line.wait(step.seconds)
            case Open():
                await self.aclose()
                opened = self._line.server.streamed(
                    step.path,
                    query=step.query,
                    headers=step.headers,
                    seconds_max=step.seconds_max,
                )
                self._coming = (await self.enter_async_context(opened)).aiter_bytes()
                return None
            case More():
                return await self._more()
        raise AssertionError(step)

    async def _more(self) -> bytes:
        assert self._coming is not None, "a script opens before it reads"
        try:
            return await anext(self._coming, b"")
        except httpx.HTTPError as error:
            raise self._line.server.silent(error) from None
