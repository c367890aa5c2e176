"""The use of Mission Control itself: its own log as usage events of the people who work with it.

Actions of the engine count for the person who requested the mission or run. Actions of agents are
events of bots, which count only where bots do.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.person import AGENT, is_agent, person
from missioncontrol.domain.product.states import OWN
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.warehouse import Captured, Statement, Warehouse

SOURCE = "log"
READ_AT_ONCE = 2_000
SECONDS_MAX = 3.0
"""How long one question waits for events of a long log; the next question continues."""

ORIGINS_MAX = 10_000

LAST = """
SELECT max(TRY_CAST(json_extract_string(properties, '/position') AS BIGINT))
FROM counted WHERE product = $product
"""

UsageEvent = tuple[str, str, dict[str, Any]]
"""Event name, actor ("" for the requester of the mission or run), and properties."""

CONVERTERS: Mapping[str, Callable[[Recorded, dict[str, Any]], UsageEvent]] = {
    "mission_created": lambda row, data: (
        "mission_created",
        row.actor,
        {"mission": row.stream, "template": data.get("template", "")},
    ),
    "plan_accepted": lambda row, data: (
        "mission_planned",
        "",
        {
            "mission": row.stream,
            "run": data["run"],
            "tasks": len(data["plan"].get("tasks", ())),
        },
    ),
    "mission_settled": lambda row, data: (
        f"mission_{data['outcome']}",
        "",
        _of_mission(row, data),
    ),
    "mission_completed": lambda row, data: ("mission_completed", "", _of_mission(row, data)),
    "mission_exported": lambda row, data: (
        "mission_exported",
        row.actor,
        {"mission": data["mission"], "run": data["run"], "form": data["form"]},
    ),
    "report_shared": lambda row, data: (
        "mission_exported",
        row.actor,
        {"mission": data["mission"], "run": data["run"], "form": "link"},
    ),
    "run_created": lambda row, data: (
        "run_created",
        data.get("author") or row.actor,
        {"run": row.stream, "workflow": data["workflow"], "trigger": data.get("trigger", "manual")},
    ),
    "run_settled": lambda row, data: (
        "run_settled",
        "",
        {"run": row.stream, "outcome": data.get("outcome", "")},
    ),
    "step_started": lambda row, data: (
        "agent_step_started",
        AGENT + data["agent"],
        {"run": row.stream, "step": data["step"], "agent": data["agent"]},
    ),
    "approval_requested": lambda row, data: (
        "approval_requested",
        data["author"],
        {"approval": row.stream, "run": data["run"]},
    ),
    "approval_given": lambda row, data: ("approval_given", data["by"], _approval(row)),
    "approval_rejected": lambda row, data: ("approval_rejected", data["by"], _approval(row)),
    "changes_requested": lambda row, data: ("changes_requested", data["by"], _approval(row)),
    "agent_added": lambda row, data: (
        "agent_added",
        row.actor,
        {"agent": data["declared"]["name"], "kind": data["declared"].get("kind", "")},
    ),
    "agent_failed": lambda row, _: ("agent_failed", row.actor, {"agent": row.stream}),
    "agent_removed": lambda row, _: ("agent_removed", row.actor, {"agent": row.stream}),
}
"""Usage events by the type of a log event."""


class Origin(msgspec.Struct, frozen=True):
    """The requester of a mission or run, and the mission of a run."""

    author: str
    mission: str = ""


class OwnUsage:
    """Copies the events of the own log into the warehouse, each once."""

    def __init__(self, store: EventStore, warehouse: Warehouse) -> None:
        """`follow` reads from `store` into `warehouse`."""
        self._store = store
        self._warehouse = warehouse
        self._turn = asyncio.Lock()
        self._after: int | None = None  # None until the position in the warehouse is read
        self._origins: OrderedDict[str, Origin] = OrderedDict()

    async def follow(self) -> None:
        """Copy new events of the log, for at most `SECONDS_MAX`.

        Raises:
            Unavailable: the log, or the warehouse.
        """
        async with self._turn:
            if self._after is None:
                self._after = await self._stored_position()
            end = time.monotonic() + SECONDS_MAX
            while time.monotonic() < end:
                rows = await self._store.read(after=self._after, limit=READ_AT_ONCE)
                if not rows:
                    return
                found = [each for row in rows for each in await self._events_of(row)]
                if found:
                    await asyncio.to_thread(self._warehouse.store, OWN, found)
                self._after = rows[-1].position

    async def _stored_position(self) -> int:
        """Return the last log position in the warehouse; event ids prevent duplicates anyway."""
        statement = Statement(LAST, {"product": OWN})
        [(last,)] = await asyncio.to_thread(self._warehouse.rows, statement)
        return int(last or 0)

    async def _events_of(self, row: Recorded) -> list[Captured]:
        convert = CONVERTERS.get(row.type)
        if convert is None:
            return []
        name, who, properties = convert(row, row.data)
        is_known = bool(person(who)) or is_agent(who)
        actor = who if is_known else (await self._origin(row)).author
        found = [_captured(row, f"log-{row.position}", name, actor, properties)]
        if row.type == "step_started" and properties["step"] != PLAN_STEP:
            origin = await self._origin(row)
            if origin.mission:
                # Each step reports that the plan runs; by the id the warehouse stores it once.
                more = {"mission": origin.mission, "run": row.stream}
                id_ = f"run-{row.stream}"
                found.append(_captured(row, id_, "mission_run", origin.author, more))
        return [each for each in found if each is not None]

    async def _origin(self, row: Recorded) -> Origin:
        """Return the origin of a stream, which its first event holds."""
        found = self._origins.get(row.stream)
        if found is None:
            rows = await self._store.read_stream(row.stream, limit=1)
            found = _origin_of(rows[0] if rows else row)
            if found.mission and not person(found.author):
                above = await self._store.read_stream(found.mission, limit=1)
                found = Origin(above[0].actor if above else "", found.mission)
            self._origins[row.stream] = found
            if len(self._origins) > ORIGINS_MAX:
                self._origins.popitem(last=False)
        return found


def _origin_of(first: Recorded) -> Origin:
    if first.type != "run_created":
        return Origin(first.actor)
    data = first.data
    return Origin(data.get("author") or first.actor, data.get("mission", ""))


def _captured(
    row: Recorded, id_: str, name: str, actor: str, properties: dict[str, Any]
) -> Captured | None:
    """Return an event of a known person or agent; None for other actors."""
    known = actor if is_agent(actor) else person(actor)
    if not known:
        return None
    return Captured(
        id=id_,
        name=name,
        happened=row.time,
        received=row.time,
        source=SOURCE,
        user=known,
        properties=msgspec.json.encode({**properties, "position": row.position}),
        is_bot=is_agent(actor),
    )


def _of_mission(row: Recorded, data: dict[str, Any]) -> dict[str, Any]:
    return {"mission": row.stream, "run": data["run"]}


def _approval(row: Recorded) -> dict[str, Any]:
    return {"approval": row.stream}
