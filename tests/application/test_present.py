"""A reader sees the saved rows as they are, also when nothing happens after the last event."""

import asyncio
from pathlib import Path

import msgspec

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.application.read_model import Present
from missioncontrol.domain.register import NAMES, Event
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import Step
from missioncontrol.ports.event_store import Append, NewEvent
from missioncontrol.projections.run_index import Board
from missioncontrol.runtime.projector import follow

CREATED = r.RunCreated("run-1", "w", (Step("a", "hand"),), 4, version=1)


def recorded(event: Event, version: int) -> Append:
    name, schema = NAMES[type(event)]
    body = msgspec.json.encode(event)
    return Append("run-1", version, [NewEvent(name, schema, body, 1, "engine", "", 0, "run-1")])


def test_rows_that_are_saved_after_the_last_event_was_seen_are_seen(tmp_path: Path) -> None:
    async def look() -> None:
        store, writer = MemoryEventStore(), SqliteReadTables(tmp_path / "rows", writable=True)
        engine = Board(writer)
        await store.append([recorded(CREATED, 0)])
        await follow(engine, store)
        engine.save()
        reader = SqliteReadTables(tmp_path / "rows", writable=False)
        present = Present(store, reader, MemoryOutputStore(), MemoryArtifactStore())
        await store.append([recorded(r.RunSettled("succeeded"), 1)])
        # The engine saves a moment later; until then the end is in the log alone.
        for _ in range(2):
            assert await present.catch_up() == 2
        assert (present.board.runs["run-1"].status, present.tables.position()) == ("succeeded", 1)
        await follow(engine, store)
        engine.save()
        for _ in range(2):
            assert await present.catch_up() == 2
            row = present.tables.run("run-1")
            assert row is not None
            assert (row.status, present.tables.position()) == ("succeeded", 2)
        reader.close()
        writer.close()

    asyncio.run(look())
