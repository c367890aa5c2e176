"""What agents say: windows of it by any filter, single lines with all that is known, and text."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.application.archive import Archive
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.work import Usage
from missioncontrol.ports.call_log import Call, CallQuery, Found
from missioncontrol.ports.output_store import LinePage, LineQuery, StoredLine

CALLS_MAX = 50
CALL_SECONDS = 120
"""Calls of a step are shown beside a line where they lie so near to it."""

PORTION = 2_000
FIELDS_TEXT_MAX = 65_536


class LogLine(msgspec.Struct, frozen=True):
    """A line in a list."""

    number: int  # its place among all lines of all runs
    run: str
    step: str
    attempt: int
    agent: str
    time: float  # seconds since the epoch
    level: str
    message: str
    sequence: int  # its place in the run


class LogWindow(msgspec.Struct, frozen=True):
    """Lines beside each other, oldest first."""

    items: list[LogLine]
    has_more: bool  # in the direction in which was looked
    looked_to: int  # number of the line where time was over, 0 where it was not
    last: int  # number of the newest line of all
    left_out: int = 0  # output lines of the requested run that are not stored


class CallItem(msgspec.Struct, frozen=True):
    """A model call beside a line."""

    number: int
    time: float
    caller: str
    model: str
    outcome: str
    seconds: float
    usage: Usage
    code: str = ""
    reason: str = ""


class LogLineDetail(msgspec.Struct, frozen=True):
    """All that is known of one line."""

    line: LogLine
    fields: dict[str, Any]  # what the line says, where it is a JSON object
    calls: list[CallItem]  # of its step, about the time of the line


class CallDetail(msgspec.Struct, frozen=True):
    """A model call with all that is stored of it."""

    call: CallItem
    api: str
    status: int
    run: str
    step: str
    agent: str
    asked: str
    upstream: str
    offered: tuple[str, ...]
    prompt: str  # the request as JSON; empty where contents are not stored
    answer: str
    called: list[dict[str, str]]


async def window(
    archive: Archive, query: LineQuery, *, oldest: bool = False, limit: int = 200
) -> LogWindow:
    """Return the newest lines that fit, or the oldest of them."""

    def find(books: Any) -> tuple[LinePage, int, int]:
        output = books.output
        left_out = output.left_out(query.run) if query.run else 0
        return output.find(query, oldest=oldest, limit=limit), output.last(), left_out

    found, last, left_out = await archive.ask(find)
    items = [line_of(entry) for entry in found.lines]
    return LogWindow(items, found.has_more, found.looked_to, last, left_out)


async def line_detail(archive: Archive, number: int) -> LogLineDetail:
    """Return a line, what it says where it is structured, and the model calls about it.

    Raises:
        NotFound: `log.unknown_line`.
    """

    def look(books: Any) -> tuple[StoredLine | None, list[Found]]:
        lines = books.output.find(LineQuery(after=number - 1, before=number + 1), limit=1).lines
        calls = books.calls() if lines else None
        return (lines[0] if lines else None), _calls_about(lines[0], calls) if calls else []

    entry, calls = await archive.ask(look)
    if entry is None:
        raise NotFound("log.unknown_line", f"There is no line {number}, or no longer.")
    return LogLineDetail(line_of(entry), _fields(entry.line.message), list(map(_call_item, calls)))


async def call_detail(archive: Archive, number: int) -> CallDetail:
    """Return all that is stored of one model call.

    Raises:
        NotFound: `log.unknown_call`.
    """

    def look(books: Any) -> Call | None:
        calls = books.calls()
        found: Call | None = calls.read(number) if calls else None
        return found

    call = await archive.ask(look)
    if call is None:
        raise NotFound("log.unknown_call", f"There is no model call {number}, or no longer.")
    return CallDetail(
        _call_item(Found(number, call)),
        call.api,
        call.status,
        call.run,
        call.step,
        call.agent,
        call.asked,
        call.upstream,
        call.offered,
        call.prompt,
        call.answer,
        [{"name": each.name, "arguments": each.arguments} for each in call.called],
    )


async def as_text(archive: Archive, query: LineQuery, *, is_json: bool) -> AsyncIterator[bytes]:
    """Yield all lines that fit, oldest first, as text or as JSON Lines, in portions."""
    while True:
        found = await window(archive, query, oldest=True, limit=PORTION)
        if found.items:
            yield b"".join(_as_json(line) if is_json else _as_text(line) for line in found.items)
        after = found.looked_to or (found.items[-1].number if found.items else 0)
        if not found.has_more or not after:
            return
        query = msgspec.structs.replace(query, after=after)


def line_of(entry: StoredLine) -> LogLine:
    """Return a line as lists show it."""
    line = entry.line
    return LogLine(
        entry.number,
        line.run,
        line.step,
        line.attempt,
        line.agent,
        line.time / 1_000_000,
        line.level,
        line.message,
        line.sequence,
    )


def _calls_about(entry: StoredLine, calls: Any) -> list[Found]:
    line, near = entry.line, CALL_SECONDS * 1_000_000
    query = CallQuery(
        run=line.run,
        step=line.step,
        since=max(0, line.time - near),
        until=line.time + near,
        limit=CALLS_MAX,
    )
    found: list[Found] = calls.find(query)
    return found


def _call_item(found: Found) -> CallItem:
    call = found.call
    return CallItem(
        found.number,
        call.time / 1_000_000,
        call.caller,
        call.model or call.asked,
        call.outcome,
        call.seconds,
        call.usage,
        call.code,
        call.reason,
    )


def _fields(message: str) -> dict[str, Any]:
    """Return what a line says, where it is a JSON object."""
    if not message.startswith("{") or len(message) > FIELDS_TEXT_MAX:
        return {}
    try:
        found = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _as_json(line: LogLine) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _as_text(line: LogLine) -> bytes:
    moment = datetime.fromtimestamp(line.time, UTC).isoformat(timespec="milliseconds")
    where = f"{line.run} {line.step or '-'}#{line.attempt}"
    # A line is one line, whatever it says.
    message = line.message.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{moment} {line.level:<7} {where} {message}\n".encode()
