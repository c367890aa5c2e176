"""What keeps all work, or one run, from going on, as the log tells it without an engine."""

import math
from collections.abc import Collection, Iterator

import msgspec

from missioncontrol.application.operations import STREAM
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.operation import Operation, RateLimit
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.event_store import EventStore

PAGE = 1_000
LOOK_BACK_MAX = 100_000
"""Events that are looked through for the starts of a limit's window."""

STAGES = frozenset({"emergency_stopped", "stage_entered"})
STARTS_MAX = 1_000


class RateLimitHit(msgspec.Struct, frozen=True):
    """A rate limit whose window is full."""

    kind: str  # agent or workspace
    name: str  # empty for the workspace
    limit: RateLimit
    until: float  # seconds since the epoch: then the next may start; infinite where none may


async def find_stage_actor(store: EventStore) -> str:
    """Return who set the stage up to which all work may go now; "" where it was never set."""
    who, after = "", 0
    while rows := await store.read_stream(STREAM, after=after, limit=PAGE):
        who = next((row.actor for row in reversed(rows) if row.type in STAGES), who)
        after = rows[-1].version
    return who


async def find_rate_limit_hit(
    store: EventStore, run: Run, operation: Operation, now: float
) -> RateLimitHit | None:
    """Return the limit that keeps the next step of `run` from starting, the longest one of several.

    The starts are counted in the log. An engine that began after them does not know of them, and
    may start the next step earlier.
    """
    agents = {run.steps[key].agent for key in run.startable(now, STARTS_MAX)}
    limits = {
        (kind, name): limit
        for (kind, name), limit in operation.limits.items()
        if agents and (kind == "workspace" or (kind == "agent" and name in agents))
    }
    if not limits or not operation.may_dispatch:
        return None
    begins = now - max(limit.seconds for limit in limits.values())
    starts = await _starts(store, begins)
    brakes = list(_full(limits, starts, now))
    return max(brakes, key=lambda brake: brake.until, default=None)


def _full(
    limits: dict[tuple[str, str], RateLimit], starts: Collection[tuple[float, str]], now: float
) -> Iterator[RateLimitHit]:
    """Yield the limits whose windows are full; `starts` are times with their agents, newest first.

    A place becomes free when the oldest of the newest `limit.starts` leaves the window.
    """
    for (kind, name), limit in limits.items():
        counted = [at for at, agent in starts if kind == "workspace" or agent == name]
        if len(counted) >= limit.starts:
            until = counted[limit.starts - 1] + limit.seconds if limit.starts else math.inf
            if until > now:
                yield RateLimitHit(kind, name, limit, until)


async def _starts(store: EventStore, begins: float) -> list[tuple[float, str]]:
    """Return when attempts started since `begins`, and their agents, newest first."""
    found: list[tuple[float, str]] = []
    end = (await store.head()).position
    first = max(0, end - LOOK_BACK_MAX)
    while end > first:
        rows = await store.read(after=max(first, end - PAGE), limit=min(PAGE, end - first))
        found += [_start(row) for row in reversed(rows) if row.type == "step_started"]
        if rows[0].time / 1_000_000 < begins:
            break
        end = rows[0].position - 1
    return [start for start in found if start[0] > begins]


def _start(row: Recorded) -> tuple[float, str]:
    return row.time / 1_000_000, str(row.data["agent"])
