"""Lets calls go on at the same time on a line, which knows one call at a time."""

import asyncio
from contextlib import suppress
from itertools import count

import msgspec

from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.gateway import Spender


class _Worst(msgspec.Struct, frozen=True):
    model: str
    input_tokens: int
    output_tokens: int


class LineAccount:
    """Keeps the promise of `ports.gateway.Account` for a `Spender`.

    What a spender admits takes the place of what it admitted before. So each admission here asks
    for all open calls together, and calls of another model wait until those are over: one
    reservation has one price.
    """

    def __init__(self, spender: Spender) -> None:
        """Nothing is open."""
        self._spender = spender
        self._open: dict[str, _Worst] = {}
        self._numbers = count(1)
        self._changed = asyncio.Event()

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
        """See `Account.admit`."""
        while any(each.model != model for each in self._open.values()):
            self._changed.clear()
            await self._changed.wait()
        name = str(next(self._numbers))
        self._open[name] = _Worst(model, input_tokens, output_tokens)
        try:
            await self._ask(model)
        except BaseException as error:
            self._close(name)
            if isinstance(error, AttemptFailed):
                await self._renew(model)
            raise
        return name

    async def _ask(self, model: str) -> None:
        await self._spender.admit(
            model,
            input_tokens=sum(each.input_tokens for each in self._open.values()),
            output_tokens=sum(each.output_tokens for each in self._open.values()),
        )

    async def _renew(self, model: str) -> None:
        """Reserve again for those that go on: asking for more gave up what they had.

        Nobody comes in between: nothing is awaited since the refusal but the asking itself.
        """
        if self._open:
            with suppress(AttemptFailed):
                await self._ask(model)

    def settle(self, reservation: str, usage: Usage, *, model: str) -> None:
        """See `Account.settle`. The spender frees what is left when it admits the next call."""
        if reservation not in self._open:
            return
        self._close(reservation)
        if usage != NO_USAGE:
            self._spender.usage(usage, model=model)

    def _close(self, name: str) -> None:
        self._open.pop(name, None)
        self._changed.set()
