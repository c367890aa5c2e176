"""Records of runs to write reports about, made the way that the log would tell them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.documents.record import (
    AttemptRecord,
    CheckRecord,
    EventRecord,
    LogLine,
    MissionRecord,
    PlanAttemptRecord,
    TaskRecord,
)
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.work import ArtifactRef, Usage, Work

DATA = Path(__file__).with_name("data")
START = 1_772_440_000.25
COMMIT = "2579ce9f18e67ec3213c6eceb5240310ccd46af8"
USED = Usage(41_200, 30_000, 2_310, 800, 184_021)
TIMES = {
    "survey": (0.4, 1.9),
    "history": (2.5, 0.6),
    "modules": (2.6, 2.2),
    "baseline": (2.6, 7.4),
    "audit": (3.3, 4.1),
    "specification": (10.3, 0.9),
    "pack": (11.3, 0.4),
    "review": (11.9, 0.7),
}
"""When each local task starts, in seconds after the run was asked for, and how long it takes."""


class Store:
    """Artifacts by digest, in memory."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def keep(
        self, name: str, content: str | bytes, media_type: str, title: str = "", obtained: str = ""
    ) -> ArtifactRef:
        data = content.encode() if isinstance(content, str) else content
        digest = hashlib.sha256(data).hexdigest()
        self.contents[digest] = data
        return ArtifactRef(name, digest, len(data), media_type, title, obtained)

    def read(self, digest: str) -> bytes:
        if digest not in self.contents:
            raise NotFound("artifact.unknown", f"No artifact has the digest {digest[:12]}.")
        return self.contents[digest]


class Log:
    """Events with a hash chain; `skip` leaves room for those of other runs."""

    def __init__(self) -> None:
        self.events: list[EventRecord] = []
        self.position = 40

    def add(self, kind: str, time: float, data: Any, actor: str = "engine") -> int:
        self.position += 1
        previous = self.events[-1].hash if self.events else "0" * 64
        body = msgspec.json.encode([self.position, kind, time, data, previous])
        event = EventRecord(
            position=self.position,
            time=time,
            stream="run/R-01",
            version=len(self.events) + 1,
            type=kind,
            schema=1,
            actor=actor,
            data=msgspec.json.decode(msgspec.json.encode(data)),
            hash=hashlib.sha256(body).hexdigest(),
            previous=previous,
        )
        self.events.append(event)
        return self.position

    def skip(self, events: int) -> None:
        self.position += events


class Made(msgspec.Struct, frozen=True):
    """A record and the store behind it."""

    record: MissionRecord
    store: Store


def redis_plan() -> Plan:
    """Return a plan of eight local and four handed-over tasks."""
    return msgspec.json.decode((DATA / "redis-plan.json").read_bytes(), type=Plan)


def redis_works(store: Store) -> dict[str, Work]:
    """Return what the local tasks of `redis_plan` hand in."""
    works: dict[str, Any] = msgspec.json.decode((DATA / "redis-works.json").read_bytes())
    for work in works.values():
        stored = [store.keep(**artifact) for artifact in work.get("artifacts", ())]
        work["artifacts"] = [msgspec.to_builtins(artifact) for artifact in stored]
    return msgspec.convert(works, dict[str, Work])


def redis_run(
    status: str = "succeeded",
    states: Mapping[str, str] | None = None,
    *,
    plan: Plan | None = None,
    works: Mapping[str, Work] | None = None,
    store: Store | None = None,
) -> Made:
    """Return a run of `plan`; `states` and `works` say what differs from all going well."""
    store, log, plan = store or Store(), Log(), plan or redis_plan()
    handed_in = redis_works(store) | dict(works or {})
    log.add("mission.asked", START, {"goal": plan.goal, "title": plan.title}, "operator")
    planned = log.add("plan.accepted", START + 0.21, {"tasks": 12, "planner": "local"})
    log.skip(3)
    log.add("run.started", START + 0.3, {"concurrency": 4})
    tasks = []
    for phase in plan.phases:
        for task in phase.tasks:
            state = "handed_over" if task.is_handover else "succeeded"
            state = (states or {}).get(task.key, state)
            work = handed_in.get(task.key, Work())
            tasks.append(task_record(task, phase.key, state, work, log))
    ended = None if status in {"queued", "running"} else START + 12.8
    if ended:
        log.add(f"run.{status}", ended, {"outcome": status})
    record = MissionRecord(
        mission="M-7f3a",
        run="R-01",
        title=plan.title,
        goal=plan.goal,
        constraints=("Existing applications keep working without a new setting",),
        context="",
        repository="../flask-3.1.3",
        commit=COMMIT,
        status=status,
        created=START,
        started=None if status == "queued" else START + 0.3,
        ended=ended,
        plan=plan,
        tasks=tuple(tasks),
        plan_attempts=(PlanAttemptRecord(1, "local", "accepted", position=planned),),
        events=tuple(log.events),
        log=(
            LogLine(START + 0.5, "survey", "info", "236 files found, 5 left out: over 1 MB"),
            LogLine(START + 7.2, "audit", "warning", "src/flask/sessions.py:281 weak hash"),
            LogLine(START + 9.9, "baseline", "success", "485 passed, 3 skipped in 6.10s"),
        ),
        program="mission-control 0.1.0",
    )
    return Made(record, store)


def task_record(task: Task, phase: str, state: str, work: Work, log: Log) -> TaskRecord:
    """Return a task in `state`, its events appended to `log`."""
    if state not in {"succeeded", "failed", "running"}:
        reasons = {"blocked": "needs a task that failed", "cancelled": "cancelled with the run"}
        return TaskRecord(task, phase, state, reason=reasons.get(state, ""))
    after, length = TIMES.get(task.key, (11.9, 0.5))
    start = START + after
    begun = log.add("attempt.started", start, {"task": task.key, "attempt": 1})
    if state == "running":
        tried = AttemptRecord(1, task.role, start, None, "running", position=begun)
        return TaskRecord(task, phase, state, attempts=(tried,))
    body = {"task": task.key, "outcome": state, "work": msgspec.to_builtins(work)}
    settled = log.add("attempt.settled", start + length, body)
    error = "exit status 2: unrecognized arguments: --junitxml" if state == "failed" else ""
    tried = AttemptRecord(
        1,
        task.role,
        start,
        start + length,
        state,
        error,
        position=begun,
        settled_position=settled,
    )
    if state == "failed":
        return TaskRecord(task, phase, state, attempts=(tried,), reason=error)
    checks = [
        CheckRecord(f"{one.name} is there, SHA-256 {one.digest}", True) for one in work.artifacts
    ]
    return TaskRecord(task, phase, state, work, tuple(checks), (tried,))


FAILED = {"baseline": "failed", "specification": "blocked", "pack": "blocked", "review": "blocked"}
RUNNING = {
    "baseline": "running",
    "audit": "running",
    "specification": "waiting",
    "pack": "waiting",
    "review": "waiting",
}
CANCELLED = dict.fromkeys(("baseline", "audit", "specification", "pack", "review"), "cancelled")
QUEUED = dict.fromkeys(TIMES, "waiting")


def every_kind() -> dict[str, Made]:
    """Return a run for each way that one can stand."""
    return {
        "succeeded": redis_run(),
        "failed": redis_run("failed", FAILED),
        "running": redis_run("running", RUNNING),
        "cancelled": redis_run("cancelled", CANCELLED),
        "queued": redis_run("queued", QUEUED),
    }
