"""Events and appends of any kind, for stores that do not look into them."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from missioncontrol.domain.envelope import GENESIS, Recorded, is_chained
from missioncontrol.ports.event_store import Append, EventStore, NewEvent

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on an event loop of its own."""
    return asyncio.run(work)


def an_event(body: bytes = b"{}", **changes: Any) -> NewEvent:
    """Return an event whose every field differs from every other."""
    fields: dict[str, Any] = {
        "type": "run_started",
        "schema": 1,
        "time": 1_790_000_000_000_001,
        "actor": "cli",
        "on_behalf": "jo",
        "cause": 4,
        "correlation": "trace-ü",
    }
    return NewEvent(body=body, **{**fields, **changes})


def append(stream: str, expected: int, count: int = 1) -> Append:
    """Return an append of `count` events that say their place in it."""
    return Append(stream, expected, [an_event(b"%d" % number) for number in range(count)])


async def everything(store: EventStore) -> list[Recorded]:
    """Read the log to its end."""
    return await store.read(limit=1_000_000)


def assert_chained(events: Sequence[Recorded]) -> None:
    """Check places, stream versions and hashes from the beginning."""
    previous, versions = GENESIS, dict[str, int]()
    for place, event in enumerate(events, start=1):
        assert event.position == place
        assert event.version == versions.get(event.stream, 0) + 1
        assert is_chained(event, previous)
        versions[event.stream], previous = event.version, event.hash
