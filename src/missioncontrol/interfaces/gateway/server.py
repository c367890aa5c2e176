"""Listens on loopback, knows callers by their keys, and answers in the API that they speak."""

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.price import Price, charged, cost, worst
from missioncontrol.domain.routing import ModelCard, Needs, choices, permitted
from missioncontrol.domain.step import Risk
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.interfaces.gateway.breaker import Breaker
from missioncontrol.interfaces.gateway.conversations import Conversations
from missioncontrol.interfaces.gateway.dialects import BY_PATH, CHAT, MESSAGES, Dialect
from missioncontrol.interfaces.gateway.exchange import (
    CLIENT_GONE,
    Exchange,
    Request,
)
from missioncontrol.interfaces.gateway.forwarding import Headers, Pool, without_key
from missioncontrol.interfaces.gateway.keys import Caller, Keys, MemoryKeys
from missioncontrol.interfaces.gateway.line_account import LineAccount
from missioncontrol.interfaces.gateway.model_list import (
    anthropic_entry,
    anthropic_list,
    names_served,
    not_listed,
    openai_entry,
    openai_list,
)
from missioncontrol.interfaces.gateway.recording import Recorder, Scrub
from missioncontrol.interfaces.gateway.refusal import Refusal, Send, send_refusal
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream
from missioncontrol.interfaces.gateway.traffic import Traffic
from missioncontrol.interfaces.listeners import listening, server
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.ports.call_log import Call, CallLog
from missioncontrol.ports.gateway import Access

if TYPE_CHECKING:
    import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

_LOG = logging.getLogger(__name__)

REQUEST_BYTES_MAX = 64 * 1024 * 1024
LONG_RATE = 2
"""Of the price of input, what it costs to keep it in Anthropic's cache for an hour."""

WATCH_SECONDS = 0.2
PIECE_SECONDS_MAX = 60.0
"""From one piece of a request to the next."""

PORT_MAX = 65_535
KEYS_MAX = 4
"""Keys that are looked for in one request."""

KEEP_ALIVE_SECONDS = 75
CLOSE_SECONDS_MAX = 5


class GatewayServer:
    """Keeps the promise of `ports.gateway.Gateway`, in the loop in which `open` is awaited."""

    def __init__(
        self,
        policy: GatewayPolicy,
        upstreams: Sequence[Upstream],
        keys: Keys | None = None,
        calls: CallLog | None = None,
        *,
        secret: Callable[[str], str],
        price: Callable[[str], Price | None] = lambda _: None,
        known: Callable[[], Iterable[str]] = tuple,
        stopped: Callable[[], str] = lambda: "",
        scrub: Scrub = bytes,
        risk: Callable[[Assignment], Risk] = lambda _: "irreversible",
        now: Callable[[], float] = time.time,  # noqa: TID251 - callers with a clock pass theirs
    ) -> None:
        """Nothing listens yet.

        Args:
            policy: what callers may do.
            upstreams: where calls are passed on to; of several that serve a model the first goes
                first.
            keys: of callers beside attempts.
            calls: where calls are written down; None for nowhere.
            secret: a secret by its name; raises `NotFound`.
            price: what a model costs now.
            known: the models that have a price, by name; called when a client wants a list.
            stopped: why calls are refused now; empty where they are allowed.
            scrub: takes secrets out of what is written down.
            risk: the tier of the step that an attempt works on.
            now: seconds since the epoch.
        """
        self.policy = policy
        self.listeners: list[Callable[[Call], None]] = []  # called for each call that has ended
        self.conversations = Conversations()
        self.pool = Pool(secret)
        self.stopped = stopped
        self._upstreams = tuple(upstreams)
        self._lent = MemoryKeys(now)
        self._keys = keys
        self._price = price
        self._known = known
        self._risk = risk
        self._now = now
        self._cards = {card.name: card for each in reversed(upstreams) for card in each.cards}
        self._breakers = {
            each.name: Breaker(failures_max=each.failures_max, rest_seconds=each.rest_seconds)
            for each in upstreams
        }
        self._traffic = Traffic(policy)
        self._recorder: Recorder | None = None
        if calls is not None:
            self._recorder = Recorder(
                calls, policy.log, scrub=scrub, retention=policy.retention, now=now
            )
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._calls_go_on = asyncio.Event()
        self._key_of: dict[Exchange, str] = {}  # while its call goes on
        self.port = 0

    async def open(self, port: int = 0) -> int:
        """Listen on loopback, and return the port; 0 takes one that is free.

        Raises:
            OSError: the port is in use or invalid.
        """
        if not 0 <= port <= PORT_MAX:
            raise OSError(f"a port is a number from 0 to {PORT_MAX}")
        socket = listening(port)
        self.port = socket.getsockname()[1]
        await self.pool.open()
        if self._recorder is not None:
            self._recorder.open()
        self._server = server(self._serve)
        self._serving = asyncio.create_task(self._server.serve(sockets=[socket]), name="gateway")
        self._watching = asyncio.create_task(self._watch(), name="gateway watch")
        return self.port

    async def close(self) -> None:
        """Cut all calls, stop listening, and write down what was called."""
        self.cut_all(Refusal(503, "gateway.closed", "The gateway has been closed."))
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self.pool.close()
        if self._recorder is not None:
            await self._recorder.close()
        self.port = 0

    @contextmanager
    def access(
        self, assignment: Assignment, line: Line, *, models: tuple[str, ...] = ()
    ) -> Iterator[Access]:
        """See `Gateway.access`.

        Raises:
            Unavailable: `gateway.not_open` or `gateway.too_many_keys`.
        """
        if not self.port:
            raise Unavailable("gateway.not_open", "The gateway is not open.")
        account = LineAccount(line)
        caller = Caller(
            name=f"{assignment.run}/{assignment.step}#{assignment.attempt}",
            account=account,
            agent=assignment.agent,
            run=assignment.run,
            step=assignment.step,
            models=models,
            risk=self._risk(assignment),
        )
        key = self._lent.issue(caller)
        try:
            yield Access(f"http://127.0.0.1:{self.port}", key)
        finally:
            self._lent.revoke(key)
            over = Refusal(401, "key.void", "The attempt that this key was lent to is over.")
            self._cut_where(over, lambda _, of: of == key)
            account.close()

    def cut_void(self, name: str) -> None:
        """Cut the calls of a key that was revoked, which is known as `name`, at once."""
        void = Refusal(401, "key.void", f"The key {name!r} of this call was revoked.")
        self._cut_where(
            void, lambda call, key: call.caller.name == name and self._find(key) is None
        )

    def _cut_where(self, why: Refusal, holds: Callable[[Exchange, str], bool]) -> None:
        for call, key in list(self._key_of.items()):
            if holds(call, key):
                call.cut(why)

    def cut_all(self, refusal: Refusal) -> None:
        """Cut every call that goes on."""
        for call in self._traffic.all():
            call.cut(refusal)

    # What a call needs of the house.

    def upstreams_for(self, dialect: Dialect, model: str) -> list[Upstream]:
        """Return the upstreams that serve a model over an API, in the order to try them."""
        return [each for each in self._upstreams if each.api == dialect.api and each.serves(model)]

    def breaker(self, upstream: Upstream) -> Breaker:
        """Return the breaker of an upstream."""
        return self._breakers[upstream.name]

    def cards(self) -> dict[str, ModelCard]:
        """Return what is declared of models, by name."""
        return self._cards

    def cost(self, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """Return what a call costs at most, in micro-dollars; None where no price is known."""
        price = self._price(model)
        return None if price is None else worst(price, input_tokens, output_tokens)

    def charge(self, model: str, usage: Usage, cached_long: int) -> int | None:
        """Return what a usage costs, some of whose input a cache keeps for an hour."""
        price = self._price(model)
        if price is None:
            return None
        by = price.rates_for(usage.input_tokens)
        more = max(by.input * LONG_RATE - by.cache_write, Decimal(0)) * cached_long
        return cost(price, usage) + math.ceil(more)

    def recorded_max(self) -> int:
        """Return how much of an answer is worth keeping."""
        return self._recorder.recorded_max if self._recorder is not None else 0

    def ended(self, exchange: Exchange) -> None:
        """Remove a call that has ended, and store it."""
        self._traffic.leave(exchange.caller, exchange)
        self._key_of.pop(exchange, None)
        refusal = exchange.refusal
        if exchange.outcome == "answered":
            self._traffic.answered(exchange.caller)
        elif refusal is not None and exchange.outcome == "refused" and refusal.is_lasting:
            self._traffic.refused(exchange.caller, refusal, asyncio.get_running_loop().time())
        if self._recorder is None and not self.listeners:
            return
        begun = int((self._now() - exchange.seconds) * 1_000_000)
        call = exchange.record(f"call-{secrets.token_hex(8)}", begun)
        call = msgspec.structs.replace(call, usage=self._priced(call, exchange))
        for listener in self.listeners:
            listener(call)
        if self._recorder is not None:
            self._recorder.add(call, exchange.request.body, exchange.heard)

    def _priced(self, call: Call, exchange: Exchange) -> Usage:
        """Return what a call used with its cost; the ledger counts by itself."""
        if not call.usage.tokens:
            return NO_USAGE
        price = self._price(exchange.charged_as) or self._price(call.asked)
        return msgspec.structs.replace(call.usage, cost=charged(price, call.usage))

    # What follows answers requests.

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers: Headers = scope["headers"]
        path = scope["path"].removeprefix("/v1").rstrip("/")
        dialect = BY_PATH.get(path) or _default(headers)
        try:
            key, caller = self._caller(headers)
            if scope["method"] == "GET" and path.partition("/")[2].partition("/")[0] == "models":
                await self._list(caller, path, dialect, send)
                return
            if path not in BY_PATH or scope["method"] != "POST":
                raise _nowhere(scope)
            _refuse_untold(scope, key)
            self._traffic.admit(caller, asyncio.get_running_loop().time())
            with self._traffic.arriving(caller):
                body = await _body(receive)
        except Refusal as refusal:
            await send_refusal(send, dialect.api, refusal)
        except ConnectionError:
            return  # The client has left before the end of the request.
        else:
            is_old = scope["http_version"] == "1.0"
            request = Request(
                dialect, scope["query_string"], without_key(headers, key), body, is_old
            )
            await self._call(caller, key, request, receive, send)

    def _caller(self, headers: Headers) -> tuple[str, Caller]:
        """Return the one key of a request that is known, and whom it stands for.

        Some tools send a key of their provider's beside ours; two of ours contradict each other.
        """
        found = [(key, caller) for key in _keys_in(headers) if (caller := self._find(key))]
        if not found:
            reason = "The gateway does not know this key, or it is void."
            hint = "Ask for a key, and give it as the API key of your tool."
            raise Refusal(401, "key.unknown", reason, hint=hint)
        if len(found) > 1:
            reason = "The request holds two keys of the gateway, and only one can be meant."
            hint = "Give one: as `x-api-key`, or as the bearer of `Authorization`."
            raise Refusal(400, "key.contradictory", reason, hint=hint)
        return found[0]

    def _find(self, key: str) -> Caller | None:
        found = self._lent.find(key)
        return found if found is not None or self._keys is None else self._keys.find(key)

    async def _call(
        self, caller: Caller, key: str, request: Request, receive: Receive, send: Send
    ) -> None:
        exchange = Exchange(self, caller, request, send)
        self._traffic.enter(caller, exchange)
        self._key_of[exchange] = key
        self._calls_go_on.set()
        leaving = asyncio.create_task(_cut_when_left(exchange, receive))
        try:
            await exchange.run()
        finally:
            leaving.cancel()

    async def _list(self, caller: Caller, path: str, dialect: Dialect, send: Send) -> None:
        """Answer which models the caller may ask for, without a call to an upstream."""
        is_anthropic = dialect.api == "anthropic"
        if name := path.removeprefix("/models").removeprefix("/"):
            if not self._may_ask(caller, dialect, name):
                raise not_listed(name)
            body = anthropic_entry(name) if is_anthropic else openai_entry(name)
        else:
            names = self._names_for(caller, dialect)
            body = anthropic_list(names) if is_anthropic else openai_list(names)
        head = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    def _names_for(self, caller: Caller, dialect: Dialect) -> Iterator[str]:
        served = [each for each in self._upstreams if each.api == dialect.api]
        names = permitted(self.policy.routing, caller.asker, names_served(served, self._known))
        return (name for name in names if self._may_ask(caller, dialect, name))

    def _may_ask(self, caller: Caller, dialect: Dialect, name: str) -> bool:
        """Whether a call for `name` that needs nothing in particular would be passed on."""
        try:
            models = choices(
                self.policy.routing,
                name,
                caller.asker,
                needs=Needs(),
                cards=self._cards,
                cost=lambda _: None,
            )
        except Rejected:
            return False
        return any(self.upstreams_for(dialect, model) for model in models)

    async def _watch(self) -> None:
        """Cut calls whose key became void, whose time is over, and all when everything stops."""
        loop = asyncio.get_running_loop()
        while True:
            await self._calls_go_on.wait()
            await asyncio.sleep(WATCH_SECONDS)
            try:
                self._look(loop.time())
            except Exception:  # noqa: BLE001 - the edge: who watches goes on watching
                _LOG.exception("The gateway could not look after its calls.")
            if not self._key_of:
                self._calls_go_on.clear()

    def _look(self, now: float) -> None:
        stopped = self.stopped()
        # Many calls have one key, and looking for it takes a digest.
        void = {key for key in set(self._key_of.values()) if self._find(key) is None}
        for exchange, key in list(self._key_of.items()):
            if stopped:
                exchange.cut(Refusal(503, "operation.stopped", stopped))
            elif key in void:
                exchange.cut(Refusal(401, "key.void", "The key of this call is void by now."))
            elif exchange.deadline and now > exchange.deadline:
                exchange.cut(_silent(exchange))


def _silent(exchange: Exchange) -> Refusal:
    if exchange.waits_for == "caller":
        return Refusal(CLIENT_GONE, "caller.silent", "The caller has stopped reading.")
    name = exchange.upstream.name if exchange.upstream is not None else ""
    return Refusal(504, "upstream.silent", f"The upstream {name!r} sent nothing more.")


async def _cut_when_left(exchange: Exchange, receive: Receive) -> None:
    """Wait until the caller closes its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.cut(Refusal(CLIENT_GONE, "caller.gone", "The caller has closed its connection."))


async def _body(receive: Receive) -> bytes:
    """Return the body of a request.

    Raises:
        Refusal: it is too large, or comes too slowly.
        ConnectionError: the caller left in the middle.
    """
    parts, size = [], 0
    while True:
        message = await _piece(receive)
        if message["type"] == "http.disconnect":
            raise ConnectionError
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > REQUEST_BYTES_MAX:
            reason = f"The request is larger than {REQUEST_BYTES_MAX:,} bytes."
            raise Refusal(413, "call.too_large", reason)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _piece(receive: Receive) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(PIECE_SECONDS_MAX):
            return await receive()
    except TimeoutError:
        reason = f"Nothing more of the request came for {PIECE_SECONDS_MAX:.0f} s."
        raise Refusal(408, "call.too_slow", reason) from None


def _keys_in(headers: Headers) -> list[str]:
    """Return the keys that a request comes with, as either API has them; each once."""
    found = [value for name, value in headers if name == b"x-api-key"]
    for name, value in headers:
        kind, _, key = value.partition(b" ")
        if name == b"authorization" and kind.lower() == b"bearer":
            found.append(key)
    keys = (value.decode("latin-1").strip() for value in found[:KEYS_MAX])
    return list(dict.fromkeys(key for key in keys if key))


def _refuse_untold(scope: Scope, key: str) -> None:
    """Refuse a request that can't be read as it stands, or exposes its key to access logs."""
    coding = dict(scope["headers"]).get(b"content-encoding", b"").strip().lower()
    if coding not in (b"", b"identity"):
        packed = coding.decode("latin-1")[:40]
        raise Refusal(
            415,
            "call.packed",
            f"The request is packed ({packed!r}), and the gateway reads none that is.",
            hint="Send it as it is, without `Content-Encoding`.",
        )
    if key in unquote(scope["query_string"].decode("latin-1")):
        reason = "The address of the request holds the key, and addresses are written into logs."
        hint = "Send the key in a header alone, and have this one revoked."
        raise Refusal(400, "key.in_address", reason, hint=hint)


def _default(headers: Headers) -> Dialect:
    """Return whose words an answer uses where the path does not tell."""
    is_anthropic = any(name == b"anthropic-version" for name, _ in headers)
    return MESSAGES if is_anthropic else CHAT


def _nowhere(scope: Scope) -> Refusal:
    asked = f"{scope['method']} {scope['path'][:200]}"
    known = ", ".join(f"/v1{path}" for path in BY_PATH)
    return Refusal(
        404,
        "gateway.no_such_endpoint",
        f"There is nothing here at {asked}.",
        hint=f"POST {known} and GET /v1/models are answered.",
    )
