"""The one event stream of a tab, at `/live`.

For scripts: `new EventSource("/live?topics=strip,runs,run:ID&after=POSITION")`, where POSITION is
that of the log when the page was made. There are only plain messages (`onmessage`). The data of one
is a JSON object with an entry for each topic that has something to say:

    {"strip": {"position", "hash", "time", "type", "stream"},
     "runs" | "missions" | "approvals" | "agents" | "schedules" | "costs" | "workflows"
       | "operation": {"ids": [...], "more": false},          // these changed, and perhaps more
     "run:ID": {"p": position, "s": {step: [state, attempts]}, "status", "cost",
                "tokens": [input, output], "added": n, "total": n, "whole": false},
     "logs" | "logs:ID": {"lines": [{"number", "run", "step", "attempt", "time", "level",
                                     "message", "sequence"}], "more": false},
     "verification": {"state", "events", "log", "ended"},    // of the log, as it is now
     "agent_sessions": seconds,                              // when one last did anything
     "events": {"events": [{"position", "time", "type", "stream", "actor"}], "count", "last"}}

The shell turns each entry into `CustomEvent("live:" + topic, {detail: entry})` on the body. What is
sent is how things are now, so sending it twice does no harm; `s` has all steps where `whole` is
true. Without `after` the first message has every watched run as a whole. `agents` may also have
`"load": true`: an agent's load has changed. `events` takes the filters run, stream, type, actor
and agent.

The id of a message is its position. The browser sends it back after a break, and receives
what was missed. A stream ends after some minutes, so that its client is authorized again.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from missioncontrol.application.feed_listener import Place, place_in
from missioncontrol.application.topics import EventFilter, Wanted, wanted
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.codings import takes
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.deflating import BEGIN, Deflated
from missioncontrol.interfaces.sign_in.guard import needs

RETRY = b"retry: 500\n\n"
"""Milliseconds after which a client comes back."""

STREAM_SECONDS_MAX = 600.0
"""After this long a client has to come back, and whether it may listen is looked at again."""

Text = Annotated[str, QueryParameter(max_length=200)]
Topics = Annotated[
    str, QueryParameter(max_length=4_000, description="Names of topics, with commas between them.")
]
After = Annotated[
    int | None,
    QueryParameter(
        ge=0, le=10**17, description="Position of the log from which on to tell; by default now."
    ),
]

LOOK_SECONDS = 5.0
"""How often the session is checked again, where there is something to send to its user.
The feed beats where there is not."""

AnyRequest = Request[Principal, Any, Any]

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}


@get("/live", summary="The events of a tab", include_in_schema=False, **needs("read"))
async def live(
    request: AnyRequest,
    console: NamedDependency[Console],
    topics: Topics = "",
    after: After = None,
    run: Text = "",
    stream: Text = "",
    type: Text = "",  # noqa: A002 - what it is called for clients
    actor: Text = "",
    agent: Text = "",
) -> Stream:
    """Tell a page what happens, as server-sent events."""
    chosen = EventFilter(run, stream, type, actor, agent)
    place = place_in(request.headers.get("last-event-id", ""))
    if place is None and after is not None:
        place = Place(after)
    takes_deflate = takes(request.headers.get("accept-encoding", ""), "deflate")
    wants = wanted(topics.split(","), chosen)
    return await stream_of(request, console, wants, place, is_packed=takes_deflate)


async def stream_of(
    request: AnyRequest,
    console: Console,
    wants: Wanted,
    place: Place | None,
    *,
    is_packed: bool = False,
) -> Stream:
    """Return the answer that streams the wanted topics, from `place` on.

    Raises:
        NotFound: `run.unknown`.
        Unavailable: `live.full` or `live.too_many`.
    """
    console.live.seats.refuse_if_full(request.user.credential)
    await console.live.check(wants)
    events = _stream(console, request, wants, place)
    if is_packed:
        headers = {**HEADERS, "Content-Encoding": "deflate"}
        return Stream(_deflated(events), media_type="text/event-stream", headers=headers)
    return Stream(events, media_type="text/event-stream", headers=HEADERS)


async def _stream(
    console: Console, request: AnyRequest, wants: Wanted, place: Place | None
) -> AsyncGenerator[bytes, None]:
    begun = looked = time.monotonic()
    with console.live.seats.taken(request.user.credential):
        yield RETRY
        async for frames in console.live.listen(wants, place):
            yield frames
            now = time.monotonic()
            if now - begun > STREAM_SECONDS_MAX:
                return
            if now - looked > LOOK_SECONDS:
                if not await _may_still(console, request):
                    return
                looked = now


async def _may_still(console: Console, request: AnyRequest) -> bool:
    """Whether the client is still signed in, and may still read."""
    caller = request.state.get("caller")
    session: str = request.state.get("session", "")
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found: Principal | None = request.user
    if session:
        found = await console.people.by_session(session, caller)
    elif kind.lower() == "bearer":
        found = await console.people.by_token(token.strip(), caller)
    return found is not None and found.may("read")


async def _deflated(events: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    stream = Deflated()
    begin = BEGIN
    async with aclosing(events):
        async for frames in events:
            yield begin + stream.part(frames)
            begin = b""
    yield stream.end()


HANDLERS: list[Any] = [live]
