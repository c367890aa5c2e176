"""One call, from its arrival to its account: admitted, passed on, metered and settled."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Literal, Protocol

import msgspec

from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.routing import ModelCard
from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.breaker import Breaker
from missioncontrol.interfaces.gateway.call_request import Asked, parse_request, rewritten
from missioncontrol.interfaces.gateway.chat_reader import ChatReader
from missioncontrol.interfaces.gateway.conversations import Conversations
from missioncontrol.interfaces.gateway.dialects import (
    CHAT,
    Dialect,
    error_event,
    limit_changes,
    usage_changes,
)
from missioncontrol.interfaces.gateway.forwarding import (
    Answer,
    Headers,
    Pool,
    Unpacker,
    Unreachable,
)
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.model_answer import IMPLAUSIBLE, Reader, ReceivedAnswer
from missioncontrol.interfaces.gateway.model_choice import (
    answer_min,
    names_for,
    output_max,
    too_old,
    unserved,
)
from missioncontrol.interfaces.gateway.refusal import Refusal, Send, send_refusal
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from missioncontrol.interfaces.gateway.sse import Splitter, data_of
from missioncontrol.interfaces.gateway.tab import MODEL_MAX, Tab
from missioncontrol.ports.call_log import Call, Outcome

_LOG = logging.getLogger(__name__)

BODY_BYTES_MAX = 32 * 1024 * 1024
"""A whole answer up to here is held back until it is settled; the rest of a longer one passes."""

CALLER_SECONDS_MAX = 600.0
"""A caller that reads nothing for so long has its call cut."""

GOODBYE_SECONDS_MAX = 5.0
TRY_ANOTHER = frozenset({429, 500, 502, 503, 504, 529})
"""Answers after which a fallback is tried, where there is one."""

COMPLAINT_MAX = 2_000
"""Bytes logged of the message of an upstream that does not answer."""

OF_FAILURE = ("upstream", "gateway")
"""Codes of what broke, and was not refused, begin so."""

FAILURES = frozenset({500, 502, 503, 504, 529})
CLIENT_GONE = 499


class GatewayContext(Protocol):
    """What a call needs of the gateway."""

    policy: GatewayPolicy
    pool: Pool

    def upstreams_for(self, dialect: Dialect, model: str) -> list[Upstream]: ...
    def breaker(self, upstream: Upstream) -> Breaker: ...
    def cards(self) -> dict[str, ModelCard]: ...
    def cost(self, model: str, input_tokens: int, output_tokens: int) -> int | None: ...
    def charge(self, model: str, usage: Usage, cached_long: int) -> int | None: ...
    def stopped(self) -> str: ...
    def recorded_max(self) -> int: ...
    def ended(self, exchange: "Exchange") -> None: ...

    @property
    def conversations(self) -> Conversations: ...


class Request(msgspec.Struct, frozen=True):
    """A call as it arrived."""

    dialect: Dialect
    query: bytes
    headers: Headers
    body: bytes
    is_old: bool = False  # HTTP/1.0, which knows no chunks


class Exchange:
    """Everything about one call. `cut` may come at any moment, from the loop's own thread."""

    def __init__(self, house: GatewayContext, caller: Caller, request: Request, send: Send) -> None:
        """Nothing is asked yet."""
        self.caller = caller
        self.request = request
        self.heard = ReceivedAnswer(stored_max=house.recorded_max())
        self.asked: Asked | None = None
        self.upstream: Upstream | None = None
        self.refusal: Refusal | None = None  # why it was refused or cut
        self.outcome: Outcome = "failed"
        self.status = 0
        self.first_seconds = 0.0
        self.deadline = 0.0  # time of the loop until which something has to happen; 0: none
        self.waits_for: Literal["upstream", "caller"] = "upstream"
        self._gateway = house
        self._dialect = request.dialect
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._task: asyncio.Task[Any] | None = None
        self._answer: Answer | None = None
        self._reader: Reader = request.dialect.reader(self.heard)
        self._tab = Tab(caller, house.cost, house.charge)
        self._is_open = False  # the head of our own answer is out
        self._is_over = False  # and so is its end

    @property
    def seconds(self) -> float:
        """How long it takes, so far."""
        return self._loop.time() - self._started

    async def run(self) -> None:
        """Answer the call; it is settled and reported to the house however this ends."""
        self._task = asyncio.current_task()
        try:
            await self._go()
        except Refusal as refusal:
            self.refusal = self.refusal or refusal
            await self._refuse()
        except asyncio.CancelledError:
            if self.refusal is None or self._task is None:
                raise
            self._task.uncancel()
            await self._refuse()
        except Exception:  # noqa: BLE001 - the edge: the caller gets the error in their own API
            _LOG.exception("A call of %s broke off.", self.caller.name)
            reason = "The gateway failed at this call; its own log says how."
            self.refusal = Refusal(500, "gateway.broken", reason)
            await self._refuse()
        finally:
            self._settle()
            if self._answer is not None:
                self._answer.close()
            self._gateway.ended(self)

    def cut(self, refusal: Refusal) -> None:
        """End the call: the upstream is closed and what was used is settled when this returns."""
        if self.refusal is not None or self._is_over:
            return
        self.refusal = refusal
        if refusal.status != CLIENT_GONE:
            self.outcome = "cut"
        else:  # Some leave as soon as the last event is there, and have all of it.
            self.outcome = "answered" if self.heard.is_done else "abandoned"
        if self._answer is not None:
            self._answer.close()
        self._settle()
        if self._task is not None:
            self._task.cancel()

    # What follows is the call in the order in which it goes on.

    async def _go(self) -> None:
        request = self.request
        if stopped := self._gateway.stopped():
            raise Refusal(503, "operation.stopped", stopped)
        try:
            self.asked = parse_request(request.body, self._dialect.limits)
            names = names_for(self.asked, self.caller.asker, self._gateway)
        except Rejected as error:
            status = 400 if error.code == "call.malformed" else 403
            raise Refusal(status, error.code, error.reason, hint=error.hint) from None
        if self.asked.is_stream and request.is_old:
            raise too_old()
        ways = [
            (model, upstream)
            for model in names
            for upstream in self._gateway.upstreams_for(self._dialect, model)
        ]
        if not ways:
            raise unserved(self._dialect, self.asked.model)
        answer = await self._answered(self.asked, ways)
        if answer.is_stream and answer.status < 300:
            await self._stream(answer, self.asked)
        else:
            await self._whole(answer)
        self._is_over = True

    async def _answered(self, call: Asked, ways: list[tuple[str, Upstream]]) -> Answer:
        """Return the first answer that is worth passing on, or the last one."""
        for number, (model, upstream) in enumerate(ways, start=1):
            is_last = number == len(ways)
            try:
                answer = await self._ask(call, model, upstream)
            except Refusal as refusal:
                if is_last or refusal.status < 500:
                    raise
                continue
            if is_last or answer.status not in TRY_ANOTHER:
                return answer
            answer.close()
            self._settle_failed()
        raise AssertionError("there is a last way")

    async def _ask(self, call: Asked, model: str, upstream: Upstream) -> Answer:
        """Admit the call and pass it on to one upstream."""
        breaker = self._gateway.breaker(upstream)
        if wait := breaker.wait(self._loop.time()):
            reason = f"The upstream {upstream.name!r} keeps failing and rests for {wait:.0f} s."
            raise Refusal(503, "upstream.resting", reason, retry_seconds=wait)
        self.upstream = upstream
        body = await self._admitted(call, model, upstream)
        breaker.begin()
        try:
            answer = await self._passed_on(upstream, body)
        except Unreachable as error:
            breaker.failed(self._loop.time())
            if error.is_unsent:
                self._tab.is_sent = False
            self._settle_failed()
            status = 504 if "time limit" in error.reason else 502
            raise Refusal(status, "upstream.unreachable", error.reason) from error
        except MissionControlError as error:
            breaker.gave_up()
            self._tab.is_sent = False
            self._settle_failed()
            raise Refusal(502, error.code, error.reason, hint=error.hint) from error
        except BaseException:
            breaker.gave_up()  # Nothing was proved; without this no call would probe it again.
            raise
        self._judge(breaker, answer)
        if 300 <= answer.status < 400:
            self._refuse_detour(answer, upstream)
        return answer

    def _refuse_detour(self, answer: Answer, upstream: Upstream) -> None:
        """Pass no redirection on: a tool that follows it would call without governance."""
        answer.close()
        self._settle_failed()
        reason = (
            f"The upstream {upstream.name!r} answers {answer.status} and sends calls elsewhere."
        )
        hint = "Give the address that it means as the `base_url` of the upstream."
        raise Refusal(502, "upstream.elsewhere", reason, hint=hint)

    def _judge(self, breaker: Breaker, answer: Answer) -> None:
        if answer.status in FAILURES:
            breaker.failed(self._loop.time())
        else:
            breaker.succeeded()

    async def _admitted(self, call: Asked, model: str, upstream: Upstream) -> bytes:
        """Reserve the worst case, and return the body that keeps to it."""
        card = self._gateway.cards().get(model, ModelCard(model))
        changes: dict[str, Any] = {} if model == call.model else {"model": model}
        if self._dialect.is_free:
            return rewritten(self.request.body, changes)
        output = output_max(call, card, self._gateway.policy)
        output = await self._reserved(call, model, card, output)
        changes |= limit_changes(self._dialect, call, output, chat_field=upstream.chat_limit)
        changes |= usage_changes(self._dialect, call)
        # An emergency stop may have come while the reservation was being written.
        if stopped := self._gateway.stopped():
            self._settle_failed()
            raise Refusal(503, "operation.stopped", stopped)
        return rewritten(self.request.body, changes)

    async def _reserved(self, call: Asked, model: str, card: ModelCard, output: int) -> int:
        """Reserve the worst case of a call; return how long each answer may be.

        Where a cap does not pay for the longest answer, the answer is limited to what is left.
        """
        known = self._gateway.conversations.bound(self.caller.name, model, call.fields)
        most, tokens = call.input_tokens(card), call.input_tokens(card, known)
        try:
            await self._tab.open(model, tokens, output * call.answers, input_most=most)
        except Refusal as refusal:
            fits = self._tab.fitting(model, tokens, output * call.answers) // call.answers
            if refusal.status != 402:
                raise
            if fits < answer_min(call, output):
                # What is known of a conversation ends with this process. So the refusal says what
                # the call needs without it: a cap raised by that is enough in another one as well.
                await self._tab.open(model, most, output * call.answers)
                return output
            await self._tab.open(model, tokens, fits * call.answers, input_most=most)
            return fits
        return output

    async def _passed_on(self, upstream: Upstream, body: bytes) -> Answer:
        path = self._dialect.path
        if self.request.query:
            path += "?" + self.request.query.decode("latin-1")
        self._tab.is_sent = True
        answer = await self._gateway.pool.post(upstream, path, self.request.headers, body)
        self._answer = answer
        self._await_upstream()
        if answer.status >= 300:
            self._tab.is_sent = False  # What was refused or failed there is not charged.
        return answer

    async def _stream(self, answer: Answer, call: Asked) -> None:
        """Pass a stream on as it arrives, event by event."""
        unpacker, splitter = Unpacker(answer.coding), Splitter()
        is_plain = answer.is_plain
        drops = is_plain and self._dialect is CHAT and bool(usage_changes(CHAT, call))
        await self._open(answer)
        try:
            async for chunk in answer.chunks():
                self._heed()
                seen = chunk if is_plain else unpacker.unpack(chunk)
                passed = self._read(splitter, seen, drops=drops)
                self._tab.is_blind = unpacker.is_blind
                await self._pass(passed if is_plain else chunk)
                self._tab.hold(self.heard)
        except Unreachable as error:
            raise Refusal(502, "upstream.broke_off", error.reason) from error
        left = splitter.rest()
        if left:  # Some leave out the blank line after the last event.
            self._reader.event(data_of(left) or left)
        self._settle()
        self.outcome = "answered"
        await self._pass(left if is_plain else b"", is_last=True)

    def _read(self, splitter: Splitter, chunk: bytes, *, drops: bool) -> bytes:
        """Read the events that are whole now, and return those that are passed on."""
        reader, passed = self._reader, []
        for raw, data in splitter.feed(chunk):
            if data:
                reader.event(data)
                if drops and isinstance(reader, ChatReader) and reader.is_usage_only:
                    continue  # The caller did not ask for it; we did.
            passed.append(raw)
        if self.heard.is_done:
            self._settle()  # Before the caller knows that it may go on.
        return passed[0] if len(passed) == 1 else b"".join(passed)

    def _heed(self) -> None:
        """Take note that the upstream has spoken."""
        if not self.first_seconds:
            self.first_seconds = self.seconds

    def _await_upstream(self) -> None:
        if self.upstream is not None:
            self.deadline = self._loop.time() + self.upstream.idle_seconds
            self.waits_for = "upstream"

    async def _whole(self, answer: Answer) -> None:
        """Pass on an answer that is no stream, after it is settled.

        One that is very long is passed on while it comes; its usage is not read.
        """
        chunks = answer.chunks()
        try:
            content, is_all = await self._collected(chunks)
            if is_all:
                self._take_whole(answer, content)
            if answer.status >= 300:
                content = answer.without_key(content)
            self._settle()
            self.outcome = "answered" if answer.status < 400 else "failed"
            await self._open(answer)
            await self._pass(content)
            async for chunk in chunks:
                await self._pass(chunk)
        except Unreachable as error:
            self.outcome = "failed"
            raise Refusal(502, "upstream.broke_off", error.reason) from error
        await self._pass(b"", is_last=True)

    async def _collected(self, chunks: AsyncIterator[bytes]) -> tuple[bytes, bool]:
        """Return what came of an answer, and whether that is all of it."""
        parts, size = [], 0
        async for chunk in chunks:
            self._heed()
            self._await_upstream()
            parts.append(chunk)
            size += len(chunk)
            if size > BODY_BYTES_MAX:
                return b"".join(parts), False
        return b"".join(parts), True

    def _take_whole(self, answer: Answer, content: bytes) -> None:
        unpacker = Unpacker(answer.coding)
        plain = unpacker.unpack(content)
        if answer.status >= 300:
            self.heard.say(plain[:COMPLAINT_MAX].decode("utf-8", "replace"))
            return
        self._reader.body(plain)
        self.heard.is_done = self.heard.usage is not None
        self._tab.is_blind = unpacker.is_blind

    def _settle(self) -> None:
        call, tab = self.asked, self._tab
        tab.settle(self.heard, is_stream=call is not None and call.is_stream)
        if call is None or not call.is_plain:
            return
        name, conversations = self.caller.name, self._gateway.conversations
        if tab.is_beyond_bound:
            conversations.forget(name, tab.model)
        elif tab.is_counted:
            conversations.remember(name, tab.model, call.fields, tab.usage.input_tokens)

    def _settle_failed(self) -> None:
        """Settle one way that led nowhere, so that another may be tried."""
        self._settle()
        self._answer = None
        self.heard = ReceivedAnswer(stored_max=self._gateway.recorded_max())
        self._reader = self._dialect.reader(self.heard)

    # Messages to the caller.

    async def _open(self, answer: Answer) -> None:
        self.status = answer.status
        headers = answer.headers
        if answer.is_stream:
            headers = [each for each in headers if each[0] != b"content-length"]
        self._is_open = True
        await self._send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )

    async def _pass(self, content: bytes, *, is_last: bool = False) -> None:
        if content or is_last:
            self._is_over = self._is_over or is_last
            self.deadline, self.waits_for = self._loop.time() + CALLER_SECONDS_MAX, "caller"
            await self._send(
                {"type": "http.response.body", "body": content, "more_body": not is_last}
            )
            self._await_upstream()

    async def _refuse(self) -> None:
        """Tell the caller why, in the words of its API, unless it has left."""
        refusal = self.refusal
        assert refusal is not None
        if self._answer is not None:
            self._answer.close()
        self._settle()
        if self.outcome == "failed" and refusal.code.partition(".")[0] not in OF_FAILURE:
            self.outcome = "cut" if self._is_open else "refused"
        if refusal.status == CLIENT_GONE:
            self.status = self.status or CLIENT_GONE
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS_MAX):
                await self._goodbye(refusal)

    async def _goodbye(self, refusal: Refusal) -> None:
        if self._is_over:
            return
        if self._is_open:
            answer = self._answer
            is_readable = answer is not None and answer.is_stream and answer.is_plain
            event = error_event(self._dialect, refusal, self._reader) if is_readable else b""
            await self._pass(event, is_last=True)
            return
        self.status = refusal.status
        await send_refusal(self._send, self._dialect.api, refusal)
        self._is_over = True

    @property
    def charged_as(self) -> str:
        """The model whose price holds; empty where nothing was set aside."""
        return self._tab.charged_as

    def _why(self) -> tuple[str, str]:
        """Return code and reason of a refusal, and what is to be doubted of the usage."""
        refusal, doubt = self.refusal, self._tab.doubt
        if refusal is None:
            return (IMPLAUSIBLE, doubt) if doubt else ("", "")
        return refusal.code, f"{refusal.message} {doubt}".rstrip()

    def record(self, name: str, time: int) -> Call:
        """Return the call in the form that is stored, without its content."""
        call, (code, reason) = self.asked, self._why()
        return Call(
            id=name,
            time=time,
            caller=self.caller.name,
            api=self._dialect.name,
            outcome=self.outcome,
            status=self.status,
            agent=self.caller.agent,
            run=self.caller.run,
            step=self.caller.step,
            asked=call.model if call is not None else "",
            model=self.heard.model[:MODEL_MAX] or self._tab.model,
            upstream=self.upstream.name if self.upstream is not None else "",
            code=code,
            reason=reason,
            is_stream=call.is_stream if call is not None else False,
            usage=self._tab.usage,
            is_estimated=self._tab.is_estimated,
            seconds=self.seconds,
            first_seconds=self.first_seconds,
            offered=call.offered if call is not None else (),
        )
