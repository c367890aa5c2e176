"""Our own log is read as events of the people who work with it, each once."""

from typing import Any

import msgspec

from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.application.analytics.own_usage import OwnUsage
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.product.states import OWN
from missioncontrol.ports.warehouse import Policy, Statement
from tests.application.parts import run

AT = 1_790_000_000_000_000


class Log:
    """What a log tells its readers."""

    def __init__(self) -> None:
        self.rows: list[Recorded] = []

    def add(self, stream: str, kind: str, actor: str, **data: Any) -> None:
        place = len(self.rows) + 1
        version = sum(row.stream == stream for row in self.rows) + 1
        body = msgspec.json.encode(data)
        columns = (stream, version, kind, 1, AT + place * 1_000_000, actor, "", 0, stream, body)
        self.rows.append(Recorded(place, *columns, b""))

    async def read(self, *, after: int = 0, limit: int = 1_000) -> list[Recorded]:
        return self.rows[after : after + limit]

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1_000
    ) -> list[Recorded]:
        return [row for row in self.rows if row.stream == stream and row.version > after][:limit]


def a_mission(log: Log) -> None:
    """Record a mission that is asked for, planned, carried out, and shown to others."""
    log.add("mission-1", "mission_created", "user:Alice", mission="mission-1", title="Do", goal="g")
    about = {"run": "run-1", "workflow": "mission", "steps": [], "mission": "mission-1"}
    log.add("run-1", "run_created", "user:Alice", **about)
    log.add("run-1", "step_started", "engine", step="plan", attempt=1, fence=1, agent="planner")
    log.add("mission-1", "plan_accepted", "planner", run="run-1", plan={"tasks": [1, 2]})
    for step in ("survey", "tests"):
        log.add("run-1", "step_started", "engine", step=step, attempt=1, fence=2, agent="tester")
    log.add("run-1", "run_settled", "engine", outcome="succeeded")
    log.add("mission-1", "mission_settled", "engine", run="run-1", outcome="succeeded")
    shared = {"share": "s", "mission": "mission-1", "run": "run-1", "digest": "d"}
    log.add("shares", "report_shared", "user:bob", **shared, until=1.0, as_of=1)


def told(warehouse: DuckDbWarehouse) -> list[tuple[Any, ...]]:
    """Return the label and name of every event that counts, in its order."""
    sql = """
        SELECT p.label, c.name FROM counted c JOIN people p USING (product, person)
        WHERE c.product = $product ORDER BY c.seq
    """
    return warehouse.rows(Statement(sql, {"product": OWN}))


def test_a_mission_is_a_funnel_of_whoever_asked_for_it() -> None:
    log = Log()
    a_mission(log)
    warehouse = DuckDbWarehouse(None, threads=1)
    try:
        run(OwnUsage(log, warehouse).follow())  # type: ignore[arg-type]
        assert told(warehouse) == [
            ("alice", "mission_created"),
            ("alice", "run_created"),
            ("alice", "mission_planned"),
            ("alice", "mission_run"),
            ("alice", "run_settled"),
            ("alice", "mission_succeeded"),
            ("bob", "mission_exported"),
        ]
        warehouse.settle(OWN, Policy(bots=False))
        agents = [name for label, name in told(warehouse) if label == "agent:tester"]
        assert agents == ["agent_step_started"] * 2
    finally:
        warehouse.close()


def test_what_was_told_is_told_once_whoever_follows() -> None:
    log = Log()
    a_mission(log)
    warehouse = DuckDbWarehouse(None, threads=1)

    async def check() -> None:
        use = OwnUsage(log, warehouse)  # type: ignore[arg-type]
        await use.follow()
        before = told(warehouse)
        await use.follow()
        await OwnUsage(log, warehouse).follow()  # type: ignore[arg-type]
        assert told(warehouse) == before
        log.add("approval-1", "approval_given", "user:carol", by="user:carol", reason="fine")
        log.add("agent-x", "agent_failed", "engine", reason="it did not answer")
        await use.follow()
        assert told(warehouse) == [*before, ("carol", "approval_given")]

    try:
        run(check())
    finally:
        warehouse.close()
