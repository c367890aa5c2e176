"""Runs calls in parallel on a line, which knows one call at a time."""

import asyncio
from contextlib import suppress
from itertools import count

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.ports.agent import AttemptFailed, Estimating, Hosting
from missioncontrol.ports.gateway import HELD, Spender

ROOM_SECONDS_MAX = 20.0
IDLE_SECONDS = 2.0
"""After that what the last call left is freed."""

EXCEEDED = frozenset({"budget.exceeded", "budget.beyond_limit"})


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

    def __init__(
        self,
        spender: Spender,
        *,
        room_seconds: float = ROOM_SECONDS_MAX,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Nothing is open. A call waits `room_seconds` at most for what others here hold."""
        self._idle_seconds = idle_seconds
        self._spender = spender
        self._room_seconds = room_seconds
        self._ended = asyncio.Event()  # a call that was admitted
        self._open: dict[str, _Worst] = {}
        self._numbers = count(1)
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._freeing: asyncio.Task[None] | None = None
        self._waiting: dict[int, str] = {}  # models, in the order in which they were asked for

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
        """See `Account.admit`. What others here leave no room for waits until one of them ends."""
        worst = _Worst(model, input_tokens, output_tokens)
        until = asyncio.get_running_loop().time() + self._room_seconds
        while True:
            try:
                return await self._admitted(worst)
            except AttemptFailed as error:
                if error.code not in EXCEEDED or not self._open:
                    raise
                if not await self._has_ended(until):
                    raise AttemptFailed(HELD, error.reason, hint=error.hint) from error

    def room(self, model: str) -> Amount:
        """See `Roomy.room`; a spender elsewhere does not say what is left."""
        return self._spender.room(model) if isinstance(self._spender, Hosting) else Amount(0, 0)

    async def _has_ended(self, until: float) -> bool:
        """Wait for the end of a call, and say whether there was one in time."""
        self._ended.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                return await self._ended.wait()
        return False

    async def _admitted(self, worst: _Worst) -> str:
        name = str(next(self._numbers))
        await self._turn(int(name), worst.model)
        self._open[name] = worst
        self._stop_timer()
        try:
            await self._ask(worst.model)
        except BaseException as error:
            self._close(name)
            if isinstance(error, AttemptFailed):
                await self._renew(worst.model)
            raise
        return name

    async def _turn(self, number: int, model: str) -> None:
        """Wait until a call may join those that are open.

        It waits behind others as well: a row of calls of one model, each of which begins before
        the last one ends, would keep all others from theirs.
        """
        self._waiting[number] = model
        try:
            while self._is_barred(number, model):
                self._changed.clear()
                await self._changed.wait()
        finally:
            del self._waiting[number]
            self._changed.set()

    def _is_barred(self, number: int, model: str) -> bool:
        before = (of for earlier, of in self._waiting.items() if earlier < number)
        held = (each.model for each in self._open.values())
        return any(other != model for other in (*held, *before))

    async def _ask(self, model: str) -> None:
        spender = self._spender
        admit = spender.admit_here if isinstance(spender, Hosting) else spender.admit
        await admit(
            model,
            input_tokens=sum(each.input_tokens for each in self._open.values()),
            output_tokens=sum(each.output_tokens for each in self._open.values()),
        )

    async def _renew(self, model: str) -> None:
        """Reserve again for those that go on: asking for more gave up what they had.

        No call comes in between: after the refusal, only the reservation is awaited.
        """
        if self._open:
            with suppress(AttemptFailed):
                await self._ask(model)

    def settle(
        self, reservation: str, usage: Usage, *, model: str, estimated: bool = False
    ) -> None:
        """See `Account.settle`.

        A spender that can't release frees what is left when it admits the next call. Where none
        follows soon, it is asked to admit one of nothing: a tool may be at work for long before it
        calls again.
        """
        if reservation not in self._open:
            return
        self._close(reservation)
        self._ended.set()
        try:
            if usage != NO_USAGE:
                spender = self._spender
                if estimated and isinstance(spender, Estimating):
                    spender.estimate(usage, model=model)
                else:
                    spender.usage(usage, model=model)
        finally:  # Where it can't be counted, the rest is freed all the same.
            if not self._open:
                self._end_row(model)

    def _end_row(self, model: str) -> None:
        """Free what is left once no call is open, at once where the spender can do that."""
        self._stop_timer()
        if isinstance(self._spender, Hosting):
            self._spender.release()
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._idle_seconds, self._free_later, model)

    def _free_later(self, model: str) -> None:
        self._freeing = asyncio.get_running_loop().create_task(self._free(model))

    async def _free(self, model: str) -> None:
        if not self._open:
            with suppress(AttemptFailed, MissionControlError):
                await self._spender.admit(model, input_tokens=0, output_tokens=0)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def close(self) -> None:
        """Free nothing any more: the attempt has ended, and its owner frees the rest."""
        self._stop_timer()
        if self._freeing is not None:
            self._freeing.cancel()

    def _close(self, name: str) -> None:
        self._open.pop(name, None)
        self._changed.set()
