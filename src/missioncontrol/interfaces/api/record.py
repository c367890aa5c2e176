"""The record itself, for programs that read it as the engine wrote it.

The command line on another machine works through these: it keeps the same ports as the files of a
home do, and so says the same.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from missioncontrol.application.read_model import Present
from missioncontrol.application.redaction import not_guessed, shown, shown_data
from missioncontrol.application.search import LIMIT_MAX, Found, FoundRuns, Search
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.operations.user import ARRIVE, SET_PASSWORD
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.ports.read_tables import ListedRow, MissionRow, RunRow
from missioncontrol.ports.search_index import Query

POSITION_MAX = 2**53
BINARY = "application/octet-stream"
JSON_LINES = "application/jsonl"
ROWS_MAX = 5_000
HEADS_BYTES_MAX = 16 * 1024 * 1024

After = Annotated[int, QueryParameter(ge=0, le=POSITION_MAX, description="Only what is later.")]
Rows = Annotated[int, QueryParameter(ge=1, le=ROWS_MAX, description="How many at most.")]
Name = Annotated[str, QueryParameter(max_length=300)]


Row = TypeVar("Row")


class LogHead(msgspec.Struct, frozen=True):
    """The end of the log."""

    position: int  # 0 where nothing ever happened
    hash: str  # SHA-256, hexadecimal


class OutputCounts(msgspec.Struct, frozen=True):
    """How much output of a run there is."""

    written: int  # lines that are stored
    left_out: int  # lines past the bound, counted only


@get("/record/head", summary="The end of the log", **needs("read"))
async def head(present: NamedDependency[Present]) -> LogHead:
    """Return position and hash of the last event."""
    found = await present.store.head()
    return LogHead(found.position, found.hash.hex())


@get("/record/events", summary="Events as they are stored", **needs("read"))
async def events(
    present: NamedDependency[Present],
    principal: NamedDependency[Principal],
    after: After = 0,
    limit: Rows = 1_000,
) -> list[Recorded]:
    """Return the events after a position, oldest first, with their bodies and hashes in base64.

    Who may not audit reads `(for auditors)` in place of addresses of people and webhooks; the hash
    is that of the event as it is.
    """
    exact = principal.may("audit")
    return [shown(row, exact=exact) for row in await present.store.read(after=after, limit=limit)]


@get("/record/streams/{stream:str}", summary="A stream as it is stored", **needs("read"))
async def stream(
    present: NamedDependency[Present],
    principal: NamedDependency[Principal],
    stream: FromPath[str],
    after: After = 0,
    limit: Rows = 1_000,
) -> list[Recorded]:
    """Return the events of one stream after a version of it, oldest first, as `events` does."""
    rows = await present.store.read_stream(stream, after=after, limit=limit)
    return [shown(row, exact=principal.may("audit")) for row in rows]


@get("/record/position", summary="How far the rows follow", **needs("read"))
async def position(present: NamedDependency[Present]) -> int:
    """Return the position of the log that the rows stand for."""
    return present.tables.position()


@get("/record/runs", summary="Rows of runs", **needs("read"))
async def runs(
    present: NamedDependency[Present], before: Name = "", limit: Rows = 100
) -> list[RunRow]:
    """Return rows of runs, newest first, older than the run `before`."""
    return present.tables.runs(before=before, limit=limit)


@get("/record/runs/{run:str}", summary="The row of a run", **needs("read"))
async def run(present: NamedDependency[Present], run: FromPath[str]) -> RunRow:
    """Return one row."""
    return _found(present.tables.run(run), "run", run)


@get("/record/missions", summary="Rows of missions", **needs("read"))
async def missions(
    present: NamedDependency[Present], before: Name = "", limit: Rows = 100
) -> list[MissionRow]:
    """Return rows of missions, newest first, older than the mission `before`."""
    return present.tables.missions(before=before, limit=limit)


@get("/record/missions/{mission:str}", summary="The row of a mission", **needs("read"))
async def mission(present: NamedDependency[Present], mission: FromPath[str]) -> MissionRow:
    """Return one row."""
    return _found(present.tables.mission(mission), "mission", mission)


@get("/record/unsettled", summary="Runs that have not ended", **needs("read"))
async def unsettled(present: NamedDependency[Present]) -> list[str]:
    """Return the ids of at most 5,000 runs that have not ended, oldest first."""
    return present.tables.unsettled()[:ROWS_MAX]


@get("/record/names", summary="Runs and missions by the beginning of their ids", **needs("read"))
async def names(
    present: NamedDependency[Present], prefix: Name = "", limit: Rows = 10
) -> list[str]:
    """Return ids that begin with `prefix`."""
    return present.tables.find(prefix, limit=limit)


@get("/record/listed/{kind:str}", summary="Rows of another kind", **needs("read"))
async def all_listed(
    present: NamedDependency[Present],
    kind: FromPath[str],
    is_open: FromQuery[bool] = False,
    before: Name = "",
    limit: Rows = 1_000,
) -> list[ListedRow]:
    """Return rows of a kind (approval, schedule, agent, question) by id, the last first."""
    return present.tables.all_listed(kind, is_open=is_open, before=before, limit=limit)


@get("/record/listed/{kind:str}/{name:str}", summary="A row of another kind", **needs("read"))
async def listed(
    present: NamedDependency[Present], kind: FromPath[str], name: FromPath[str]
) -> ListedRow:
    """Return one row."""
    return _found(present.tables.listed(kind, name), kind, name)


@get("/record/output/{run:str}", summary="Output of agents in a run", **needs("read"))
async def output(
    present: NamedDependency[Present],
    run: FromPath[str],
    step: Name = "",
    after: After = 0,
    limit: Rows = 1_000,
) -> list[OutputLine]:
    """Return lines with a sequence above `after`, oldest first."""
    return present.output.read(run, step=step, after=after, limit=limit)


@get("/record/output/{run:str}/kept", summary="Size of the output in a run", **needs("read"))
async def output_counts(present: NamedDependency[Present], run: FromPath[str]) -> OutputCounts:
    """Return how many lines are stored, and how many were counted only."""
    return OutputCounts(present.output.written(run), present.output.left_out(run))


@get(
    "/record/artifacts/{digest:str}",
    summary="An artifact's bytes, checked",
    media_type=BINARY,
    **needs("read"),
)
async def artifact(present: NamedDependency[Present], digest: FromPath[str]) -> Response[bytes]:
    """Return the bytes whose SHA-256 is `digest`, read and compared before they are sent."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise NotFound("artifact.unknown", f"{digest[:80]!a} is no digest of an artifact.")
    content = present.artifacts.get(digest)
    return Response(
        content,
        media_type=BINARY,
        headers={"content-disposition": "attachment"},
    )


class Looked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for in the log."""

    query: Query
    before: Annotated[int, msgspec.Meta(ge=1, le=POSITION_MAX)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = 50


@post("/record/search/events", status_code=200, summary="Search events", **needs("read"))
async def search_events(
    console: NamedDependency[Console],
    principal: NamedDependency[Principal],
    data: JSONBody[Looked],
) -> Found:
    """Return the events that fit, newest first, and how far the index goes."""

    async def look(search: Search) -> Found:
        return await search.events(data.query, before=data.before, limit=data.limit)

    found, exact = await console.archive.search(look), principal.may("audit")
    if exact:
        return found
    events = [
        msgspec.structs.replace(event, data=shown_data(event.type, event.data))
        for event in not_guessed(found.events, data.query.text or "", exact=exact)
    ]
    return msgspec.structs.replace(found, events=events)


@post("/record/search/runs", status_code=200, summary="Search runs", **needs("audit"))
async def search_runs(console: NamedDependency[Console], data: JSONBody[Looked]) -> FoundRuns:
    """Return the runs that have events that fit, and how many each has."""

    async def look(search: Search) -> FoundRuns:
        return await search.runs(data.query, before=data.before, limit=data.limit)

    return await console.archive.search(look)


@post("/record/search/strangers", status_code=200, summary="Unknown names", **needs("read"))
async def search_strangers(
    console: NamedDependency[Console], data: JSONBody[Looked]
) -> dict[str, list[str]]:
    """Return what is asked for that no event has, each with the names that there are."""

    async def look(search: Search) -> dict[str, list[str]]:
        found: dict[str, list[str]] = search.strangers(data.query)
        return found

    return await console.archive.search(look)


@get(
    "/record/heads",
    summary="Signed heads of the log",
    media_type=JSON_LINES,
    **needs("audit"),
)
async def heads(console: NamedDependency[Console]) -> Response[bytes]:
    """Return the file of signed heads as it is, a statement a line: at most the last 16 MiB."""
    path = console.home / "heads.jsonl"
    content = path.read_bytes()[-HEADS_BYTES_MAX:] if path.exists() else b""
    return Response(content, media_type=JSON_LINES)


@post("/asks/{verb:str}", status_code=200, summary="Ask for any change", **needs("sign_in"))
async def ask(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    verb: FromPath[str],
    data: JSONBody[dict[str, Any]],
) -> dict[str, Any]:
    """Send the command `verb` with these arguments to the engine, and return its answer.

    The command line uses it, and the engine checks that the caller has permission. The
    resources of this API are the same changes under readable names. Passwords, and whom a provider
    vouches for, are things of the sign-in page.

    Raises:
        Rejected: `sign_in.by_page`, and as the engine.
    """
    if verb in (ARRIVE.name, SET_PASSWORD.name):
        raise Rejected(
            "sign_in.by_page",
            f"{verb} is asked for by the page where people sign in, which knows that it is true.",
            hint="A password is changed on the page Settings, Sessions.",
        )
    return {"answer": await console.perform(request, verb, data)}


def _found(row: Row | None, kind: str, name: str) -> Row:
    if row is None:
        raise NotFound(f"{kind[:40]}.unknown", f"There is no {kind[:40]} {name[:80]!r} here.")
    return row


HANDLERS: list[Any] = [
    head,
    events,
    stream,
    position,
    runs,
    run,
    missions,
    mission,
    unsettled,
    names,
    all_listed,
    listed,
    output,
    output_counts,
    artifact,
    search_events,
    search_runs,
    search_strangers,
    heads,
    ask,
]
