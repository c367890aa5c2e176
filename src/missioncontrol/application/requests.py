"""Requests of people who are signed in: each is written down before anything comes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import request_context, set_cause
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.principal import Asking
from missioncontrol.domain.request import (
    ANSWER_BYTES_MAX,
    AnswerRequest,
    Asked,
    RefuseRequest,
    RequestAnswered,
    RequestCommand,
    RequestEvent,
    RequestTaken,
    TakeRequest,
    decide,
    evolve,
    still_open,
)

PREFIX = "request-"
READ_AT_ONCE = 1_000
OPEN_SECONDS_MAX = 5.0
"""So long a repeated request waits for the answer to the first one, before it is refused."""

REQUEST: Concept[Asked, RequestCommand, RequestEvent] = Concept(
    decide,
    evolve,
    lambda stream: NotFound("request.unknown", f"There is no {stream!r} here."),
)


class Requests:
    """Does what is asked once, and tells the same answer again to who asks again."""

    def __init__(self, journal: Journal) -> None:
        """It is shared with the engine."""
        self._journal = journal
        self._under_way: dict[str, asyncio.Event] = {}  # by stream; set when it has an end

    async def do(
        self,
        verb: str,
        asking: Asking,
        actor: str,
        work: Callable[[], Awaitable[Any]],
        shown_once: Sequence[str] = (),
        former: str = "",
    ) -> Any:
        """Write down who asks from where, do the work, and return its answer once it is durable.

        All that the work makes true names the request as its cause. `shown_once` are fields of the
        answer that are stored nowhere; a repeat gets the answer without them, and their names
        as `shown_once`. `former` is what the log calls the verb where the request was made before
        it had this name.

        Raises:
            Rejected: `request.another`, `request.open`, `request.half_done` or
                `request.answer_not_kept`.
            MissionControlError: as the work does; it may be asked for again then.
        """
        stream = PREFIX + asking.request
        await self._have_turn(stream, verb)
        ended = self._under_way[stream] = asyncio.Event()
        try:
            with request_context(asking if asking.way != "os" else None):
                earlier = await self._take(stream, verb, asking, actor, former)
                if earlier is not None:
                    return earlier
                answer = await self._worked(stream, actor, work)
                self._handle(stream, AnswerRequest(_stored_answer(answer, shown_once)), actor)
            await self._journal.durable()
            return answer
        finally:
            del self._under_way[stream]
            ended.set()
            self._journal.forget(stream)

    async def _have_turn(self, stream: str, verb: str) -> None:
        """Wait for the same request, where it is being done: its answer is the answer.

        Raises:
            Rejected: `request.open`, where that takes long.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(OPEN_SECONDS_MAX):
                while (other := self._under_way.get(stream)) is not None:
                    await other.wait()
        if stream in self._under_way:
            raise still_open(verb)

    async def _take(self, stream: str, verb: str, asking: Asking, actor: str, former: str) -> Any:
        """Write the request down; return what it was answered where it was made before."""
        await self._journal.know_position()
        before = await self._journal.find(REQUEST, stream)
        came = await self._came_of(stream) if before is not None and before.end is None else 0
        request = RequestTaken(
            verb, asking.way, asking.credential, asking.address, asking.agent, asking.digest
        )
        if not self._handle(stream, TakeRequest(request, came, (former, asking.former)), actor):
            await self._journal.durable()
            return _repeated(self._journal.others[stream])
        set_cause(self._journal.position)
        return None

    async def _came_of(self, stream: str) -> int:
        """Return where the last event stands that a request without an answer made true, or 0.

        It is not being done any more: its process was killed or ended. The whole log after it
        is looked through, which may take seconds, and happens where that was.
        """
        await self._journal.durable()
        store, found = self._journal.store, 0
        rows = await store.read_stream(stream, limit=READ_AT_ONCE)
        positions = {row.position for row in rows}
        after = max(positions)  # Earlier ones were refused.
        while rows := await store.read(after=after, limit=READ_AT_ONCE):
            after = rows[-1].position
            found = max((row.position for row in rows if row.cause in positions), default=found)
        return found

    async def _worked(self, stream: str, actor: str, work: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return msgspec.to_builtins(await work())
        except MissionControlError as refusal:
            if self._journal.is_open:
                self._handle(stream, RefuseRequest(refusal.code, refusal.reason), actor)
                with suppress(MissionControlError):
                    await self._journal.durable()
            raise

    def _handle(self, stream: str, command: RequestCommand, actor: str) -> bool:
        return bool(self._journal.tell(REQUEST, stream, command, actor=actor))


def _stored_answer(answer: Any, shown_once: Sequence[str]) -> RequestAnswered:
    hidden = tuple(name for name in shown_once if isinstance(answer, dict) and name in answer)
    stored = {k: v for k, v in answer.items() if k not in hidden} if hidden else answer
    if len(msgspec.json.encode(stored)) > ANSWER_BYTES_MAX:
        return RequestAnswered(None, is_kept=False)
    return RequestAnswered(stored, shown_once=hidden)


def _repeated(request: Asked) -> Any:
    """Return the answer that was given.

    Raises:
        Rejected: `request.answer_not_kept`.
    """
    end = request.end
    assert isinstance(end, RequestAnswered), "what was not answered is done again, or refused"
    if not end.is_kept:
        raise Rejected(
            "request.answer_not_kept",
            "This request was made before and done; its answer was too long to keep.",
            hint="Look at what it was about.",
        )
    if not end.shown_once:
        # None says that there was no answer yet.
        return {} if end.answer is None else end.answer
    return {**end.answer, "shown_once": list(end.shown_once)}
