"""`mission audit search`: which events say something, who did them, and in which runs."""

import argparse
import asyncio
import difflib
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.application.search import (
    SECONDS_MAX,
    Event,
    Found,
    FoundRuns,
    Reach,
    Search,
)
from missioncontrol.application.search_query import parse_query
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import cut, wrapped
from missioncontrol.cli.names import board, find_run
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.cli.output import colour, columns, note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.documents.event_words import sentence
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.visible import visible
from missioncontrol.ports.search_index import Query, RunHits, folded, texts_in, words

if TYPE_CHECKING:
    from missioncontrol.cli.server import ServerSearch

AnySearch: TypeAlias = "Search | ServerSearch"
"""The index of a home, here or on its server."""

FILTERS = ("text", "kind", "actor", "workflow", "agent", "since", "until")

QUIET_SECONDS = 1.0
"""Before this time no message reports that the index is being brought up to date."""

NEAR_MAX = 5


def search(reading: AnyReading, arguments: argparse.Namespace) -> int:
    """Print the events, or with --runs the runs, that fit all that was asked for."""
    run = None if arguments.run is None else _run(reading, arguments.run)
    given = {name: getattr(arguments, name) for name in FILTERS}
    query = parse_query(SystemClock().now(), run=run, **given)
    with _searching(reading) as searching:
        found = asyncio.run(_found(searching, query, arguments))
        if _is_person(searching, query):
            query = msgspec.structs.replace(query, actor=f"user:{query.actor}")
            found = asyncio.run(_found(searching, query, arguments))
        if arguments.json:
            print_json(found)
        else:
            print_text("".join(f"{line}\n" for line in _lines(found, query, columns())))
        for sentence in _limits(found):
            note(f"{sentence}\n")
        if not (found.runs if isinstance(found, FoundRuns) else found.events):
            for sentence in _strangers(searching, query):
                note(visible(sentence) + "\n")
    return SUCCEEDED


async def _found(
    searching: AnySearch, query: Query, arguments: argparse.Namespace
) -> Found | FoundRuns:
    if arguments.runs:
        return await searching.runs(query, before=arguments.before, limit=arguments.limit)
    return await searching.events(query, before=arguments.before, limit=arguments.limit)


def _is_person(searching: AnySearch, query: Query) -> bool:
    """Whether the actor is the mere name of a person, whom the log names `user:NAME`."""
    if not query.actor or ":" in query.actor:
        return False
    bare = Query(actor=query.actor)
    user = Query(actor=f"user:{query.actor}")
    return bool(searching.strangers(bare)) and not searching.strangers(user)


def _run(reading: AnyReading, name: str) -> str:
    """Return the run that is meant; its whole id is quicker to find than the beginning of it."""
    if asyncio.run(reading.store.read_stream(name, limit=1)):
        return name
    return find_run(asyncio.run(board(reading.tables, reading.store)), reading.tables, name)


@contextmanager
def _searching(reading: AnyReading) -> Iterator[AnySearch]:
    """Give the index of the home, here or on its server."""
    if not isinstance(reading.home, Home):
        yield reading.search
        return
    with closing(_index(reading.home)) as index:
        yield Search(reading.store, index, progress=_Progress().take)


def _index(home: Home) -> SqliteSearchIndex:
    """Open the home's index, or make one for this search alone where it can't be written."""
    try:
        return SqliteSearchIndex(home.search)
    except Unavailable as error:
        note(f"{visible(error.reason)} This search makes an index of its own.\n")
        return SqliteSearchIndex(None)


class _Progress:
    """Tells a person why they wait: after a second, and then less and less often."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._quiet_seconds = QUIET_SECONDS

    def take(self, indexed: int, log: int) -> None:
        """See `application.search.Progress`."""
        if time.monotonic() - self._started >= self._quiet_seconds:
            self._quiet_seconds *= 2
            note(f"Indexing the log: {indexed:,} of {log:,} events.\n")


def _lines(found: Found | FoundRuns, query: Query, width: int) -> Iterator[str]:
    if isinstance(found, FoundRuns):
        for hits in found.runs:
            yield _run_line(hits)
        return
    looked_for = words(query.text)
    for event in found.events:
        yield from _event_lines(event, looked_for, width)


def _run_line(hits: RunHits) -> str:
    events = "1 event" if hits.events == 1 else f"{hits.events:,} events"
    name = f"{hits.run}  {hits.workflow}".rstrip()
    return f"{visible(name)}  {events}, the newest is {hits.newest}"


def _event_lines(event: Event, looked_for: list[str], width: int) -> Iterator[str]:
    for_whom = f" for {event.on_behalf}" if event.on_behalf else ""
    head = f"{event.position}  {moment(event.time)}  "
    yield head + colour(visible(event.type), "1") + visible(f"  by {event.actor}{for_whom}")
    about = (event.run or event.stream, event.workflow, event.agent)
    yield "  " + visible(" · ".join(part for part in about if part))
    text = sentence(event.type, event.data)
    yield from wrapped(text, width, "  ", "  ")
    if not text and not looked_for and event.data:
        yield "  " + cut(msgspec.json.encode(event.data).decode(), width - 2)
    elif looked_for and looked_for[0] not in folded(text):
        yield from filter(str.strip, [f"  {_excerpt(event, looked_for, width - 2)}"])


def _excerpt(event: Event, looked_for: list[str], width: int) -> str:
    """Return what the event says around the first word, as far as it is in its data at all."""
    for text in texts_in(event.data):
        line = " ".join(text.split())
        at = folded(line).find(looked_for[0])
        if at >= 0:
            # Folding seldom changes a length, so the word is about here.
            start = max(at - width // 3, 0) if len(line) > width else 0
            return cut(("…" if start else "") + line[start:], width)
    return ""


def _limits(found: Found | FoundRuns) -> Iterator[str]:
    """Say what was not looked at, and how to see more."""
    yield from _behind(found.reach)
    if isinstance(found, FoundRuns):
        if found.counted_from > 1:
            yield (
                f"Only events from {found.counted_from} on were counted in {SECONDS_MAX:g} s. "
                "Ask for a shorter time with --since and --until."
            )
        if found.next:
            yield f"There are more runs: add --before {found.next}."
        elif not found.runs:
            yield "No run has an event that fits."
    elif found.is_cut:
        yield (
            f"Only events from {found.next} on were looked at in {SECONDS_MAX:g} s. "
            f"Go on with --before {found.next}."
        )
    elif found.next:
        yield f"There are older ones: add --before {found.next}."
    elif not found.events:
        yield "No event fits."


def _behind(reach: Reach) -> Iterator[str]:
    if reach.reason:
        yield visible(
            f"The search index knows {reach.indexed:,} of {reach.log:,} events; "
            f"newer ones were not looked at. {reach.reason}"
        )


def _strangers(searching: AnySearch, query: Query) -> Iterator[str]:
    """Name what was asked for and never was, with what may have been meant."""
    for field, names in searching.strangers(query).items():
        name = getattr(query, field)
        near = difflib.get_close_matches(name, names, NEAR_MAX) or sorted(names[:NEAR_MAX])
        verb = "is" if len(near) == 1 else "are"
        others = f" There {verb} {', '.join(near)}." if near else ""
        yield f"No event has the {field} {name!r}.{others}"
