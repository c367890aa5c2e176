"""Queries of how far all work may go: the stage with its limits, and how the whole stands."""

from typing import Literal, cast

import msgspec

from missioncontrol.application.queries.measures import Health, health, operation_of
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import EVERYWHERE, ItemQuery, Query, Target
from missioncontrol.domain.operation import Stage

Limited = Literal["agent", "actor", "workspace"]
BY_PROGRAMS = EVERYWHERE - {"cli"}
"""The commands `mission engine` show it in words of their own."""


class LimitView(msgspec.Struct, frozen=True):
    """At most `starts` in any `seconds`."""

    kind: Limited
    name: str
    starts: int
    seconds: float


class OperationView(msgspec.Struct, frozen=True):
    """How far work may go: nothing (`stopped`), nothing new (`paused`), no new runs (`drain`)."""

    stage: Stage
    since: float  # seconds since the epoch; 0 where the stage was never changed
    reason: str
    may_begin: bool  # a new run may come into being
    may_dispatch: bool  # a step of a run may start
    limits: list[LimitView]


async def operation(present: Present, _: str = "") -> OperationView:
    """Return how far work may go now."""
    found = await operation_of(present)
    limits = [
        LimitView(cast("Limited", kind), name, limit.starts, limit.seconds)
        for (kind, name), limit in sorted(found.limits.items())
    ]
    return OperationView(
        found.stage, found.since, found.reason, found.may_begin, found.may_dispatch, limits
    )


async def _health(reader: Reader, _: str) -> Health:
    return await health(reader.present, reader.instruments, reader.now)


GET = ItemQuery(
    name="operation.get",
    title="How far work may go",
    text="Return the stage of the workspace, since when and why, and the limits that hold.",
    surfaces=BY_PROGRAMS,
    target=Target(noun="operation", path="/operation", help="there is one", is_single=True),
    find=operation,
    returns=OperationView,
)

HEALTH = ItemQuery(
    name="operation.health",
    operation_id="get_health",
    title="How the whole stands",
    text="Return agents, tasks, the burn rate over time, how schedules did, and what is unusual.",
    surfaces=BY_PROGRAMS,
    target=Target(noun="operation", path="/health", help="there is one", is_single=True),
    source=opened,
    find=_health,
    returns=Health,
)

QUERIES: tuple[Query, ...] = (GET, HEALTH)
