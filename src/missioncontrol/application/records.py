"""Gathers what the log, the outputs and the plan say about one run into one record."""

from collections.abc import Iterable
from typing import Any

from missioncontrol.application.event_timeline import EventTimeline, timeline_of
from missioncontrol.application.journal import unknown_run
from missioncontrol.documents.record import (
    AttemptRecord,
    CheckRecord,
    EventRecord,
    LogLine,
    MissionRecord,
    PlanAttemptRecord,
    TaskRecord,
)
from missioncontrol.domain import mission as m
from missioncontrol.domain import waivers as w
from missioncontrol.domain.building import DOUBTS
from missioncontrol.domain.coverage_gaps import End
from missioncontrol.domain.envelope import GENESIS, Recorded
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.register import decode
from missioncontrol.domain.run import events as r
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import (
    Blocked,
    Failed,
    Resting,
    Run,
    StepState,
    Succeeded,
    Working,
)
from missioncontrol.domain.scope import ScopeChanged, rescoped
from missioncontrol.domain.work import NO_WORK
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.output_store import OutputStore

LOG_LINES_MAX = 2_000
EVENTS_MAX = 100_000

Row = tuple[Recorded, Any]
"""A stored event, and what it says."""


async def gather(
    store: EventStore, output: OutputStore, run: str, *, program: str, until: int | None = None
) -> MissionRecord:
    """Return everything a report may say about `run`, as it stood when it ended, or now.

    `program` is the name and version of what writes the report.

    Nothing that happened after its end changes the record, but what people say of the mission:
    waivers, and who sees to a risk. It is the same every time until they change one of these.
    `until` leaves out what was recorded after that position of the log.

    Raises:
        NotFound: `run.unknown`.
        Rejected: `run.no_mission`, where it is a run of a workflow and there is no plan.
    """
    rows = _until_settled(await _stream(store, run))
    state = folded(run, rows)
    if not state.mission:
        raise Rejected(
            "run.no_mission",
            f"Run {run!r} of {state.workflow!r} belongs to no mission; "
            "reports are made of missions.",
            hint=f"`mission runs export {run} --format json` writes all of it, zip its files too.",
        )
    mission_rows = [
        row
        for row in await _stream(store, state.mission)
        if until is None or row[0].position <= until
    ]
    now = _mission(mission_rows)
    about = [row for row in mission_rows if _concerns(row, run, rows[0][0])]
    created = next(event for _, event in about if isinstance(event, m.MissionCreated))
    made = _plan(about, created)
    scoped = rescoped(created.goal, made, now.scopes)
    timeline = timeline_of(run, rows)
    both = sorted([*about, *rows], key=lambda row: row[0].position)
    log = output.read(run, limit=LOG_LINES_MAX)
    return MissionRecord(
        mission=state.mission,
        run=run,
        title=created.title,
        goal=created.goal,
        constraints=tuple(state.inputs.get("constraints", created.constraints)),
        context=created.context,
        repository=created.repository,
        commit=_commit(state),
        status=state.status,
        created=state.created_at,
        started=state.started_at,
        ended=state.settled_at,
        plan=scoped.plan,
        tasks=tuple(_task(task, phase, state, timeline) for phase, task in _placed(scoped.plan)),
        plan_attempts=tuple(_plan_attempts(state, timeline)),
        planning=tuple(_attempts(PLAN_STEP, timeline)),
        events=tuple(await _with_previous(store, [row for row, _ in both][:EVENTS_MAX])),
        log=tuple(
            LogLine(line.time / 1_000_000, line.step, line.level, line.message) for line in log
        ),
        log_left_out=output.written(run) - len(log) + output.left_out(run),
        usage=state.usage,
        estimated_tokens=state.bill.estimated_tokens,
        estimated_cost=state.bill.estimated_cost,
        program=program,
        waivers=now.waivers,
        owners=now.owners,
        scopes=scoped.scopes,
        planned=scoped.planned,
        is_completed=now.completed == run,
    )


def ends_of(plan: Plan, run: Run) -> tuple[End, ...]:
    """Return what became of the tasks of `plan` in a run."""
    return tuple(_end(task, run) for task in plan.tasks())


def _end(task: Task, run: Run) -> End:
    state = run.states.get(task.key)
    name = "handed_over" if task.is_handover else _word(state)
    if not isinstance(state, Succeeded):
        return End(task.key, name, run=run.id)
    checked = bool(state.checks) and all(check.passed for check in state.checks)
    checked = checked and not any(each.rule in DOUBTS for each in state.work.findings)
    return End(task.key, name, checked, state.kept_from or run.id)


def _mission(rows: list[Row]) -> m.Mission:
    """Fold all events of a mission: waivers apply to every run of it."""
    state: m.Mission | None = None
    for row, event in rows:
        state = m.evolve(state, event, row.time / 1_000_000)
    assert state is not None
    return state


async def _stream(store: EventStore, stream: str) -> list[Row]:
    found: list[Row] = []
    while True:
        rows = await store.read_stream(stream, after=len(found), limit=5_000)
        found.extend((row, decode(row.type, row.schema, row.body)) for row in rows)
        if len(rows) < 5_000:
            return found


def _until_settled(rows: list[Row]) -> list[Row]:
    for number, (_, event) in enumerate(rows, start=1):
        if isinstance(event, r.RunSettled):
            return rows[:number]
    return rows


def folded(run: str, rows: list[Row]) -> Run:
    """Return a run as its events tell it; raises NotFound `run.unknown` where there are none."""
    state: Run | None = None
    for row, event in rows:
        state = evolve(state, event, row.time / 1_000_000)
    if state is None:
        raise unknown_run(run)
    return state


def _concerns(row: Row, run: str, first: Recorded) -> bool:
    """Whether a mission's event belongs to the story of this run."""
    recorded, event = row
    match event:
        case m.MissionCreated():
            return True
        case m.PlanAccepted():
            # A run that repeats a task keeps the plan that was accepted before it began.
            return event.run == run or recorded.position < first.position
        case w.GapWaived() | w.WaiverWithdrawn() | w.RiskAssigned() | ScopeChanged():
            return recorded.position > first.position
        case _:
            return bool(event.run == run)


def _plan(about: list[Row], created: m.MissionCreated) -> Plan:
    accepted = [event.plan for _, event in about if isinstance(event, m.PlanAccepted)]
    if accepted:
        return accepted[-1]
    return Plan(
        goal=created.goal,
        title=created.title,
        summary="No plan was accepted.",
        kinds=(),
        stack=(),
        phases=(),
        requirements=(),
    )


def _placed(plan: Plan) -> Iterable[tuple[str, Task]]:
    return ((phase.key, task) for phase in plan.stages() for task in phase.tasks)


def _task(task: Task, phase: str, run: Run, timeline: EventTimeline) -> TaskRecord:
    state = run.states.get(task.key)
    attempts = tuple(_attempts(task.key, timeline))
    name = "handed_over" if task.is_handover else _word(state)
    if not isinstance(state, Succeeded | Failed):
        return TaskRecord(task, phase, name, attempts=attempts, reason=_reason(state))
    return TaskRecord(
        task,
        phase,
        name,
        work=state.work if isinstance(state, Succeeded) else NO_WORK,
        checks=tuple(CheckRecord(c.what, c.passed, c.detail) for c in state.checks),
        attempts=attempts,
        reason=_reason(state),
        kept_from=state.kept_from if isinstance(state, Succeeded) else "",
    )


def _word(state: StepState | None) -> str:
    match state:
        case None:
            return "waiting"
        case Working():
            return "running"
        case Resting():
            return "waiting"
        case _:
            name = type(state).__name__.lower()
            return "waiting" if name == "ready" else name


def _reason(state: StepState | None) -> str:
    match state:
        case Failed() | Resting():
            return f"{state.failure.reason} {state.failure.hint}".rstrip()
        case Blocked():
            return f"It needs {state.by!r}, which did not succeed."
        case _:
            return ""


def _attempts(step: str, timeline: EventTimeline) -> Iterable[AttemptRecord]:
    """Return the tries at `step`, each with the events that began and ended it."""
    for attempt in timeline.attempts_of(step):
        yield AttemptRecord(
            attempt.number,
            attempt.agent,
            attempt.started,
            attempt.ended,
            attempt.outcome,
            attempt.reason,
            attempt.usage,
            attempt.position,
            attempt.settled_position,
        )


def _plan_attempts(run: Run, timeline: EventTimeline) -> Iterable[PlanAttemptRecord]:
    """Return the tries at planning: the model's own where a model planned, else the step's."""
    steps = list(_attempts(PLAN_STEP, timeline))
    state = run.states.get(PLAN_STEP)
    answer = state.work.output if isinstance(state, Succeeded) else None
    if isinstance(state, Failed):
        answer = state.failure.detail
    tries = answer.get("attempts", []) if isinstance(answer, dict) else []
    position = steps[-1].settled_position or steps[-1].position if steps else 0
    for number, attempt in enumerate(tries, start=1):
        yield PlanAttemptRecord(
            number,
            str(attempt.get("planner") or attempt.get("model") or "model"),
            str(attempt.get("outcome", "")),
            tuple(str(fault) for fault in attempt.get("faults", ())),
            position,
        )
    if not tries:
        for step in steps:
            faults = (step.error,) if step.error else ()
            outcome = "accepted" if step.outcome == "succeeded" else step.outcome
            yield PlanAttemptRecord(step.number, "local", outcome, faults, step.settled_position)


def _commit(run: Run) -> str:
    state = run.states.get(PLAN_STEP)
    output = state.work.output if isinstance(state, Succeeded) else None
    return str(output.get("commit", "")) if isinstance(output, dict) else ""


async def _with_previous(store: EventStore, rows: list[Recorded]) -> list[EventRecord]:
    """Give each event the hash before it, so that a reader can check it alone."""
    records: list[EventRecord] = []
    last: Recorded | None = None
    for row in rows:
        if last is not None and last.position == row.position - 1:
            previous = last.hash
        elif row.position == 1:
            previous = GENESIS
        else:
            (before,) = await store.read(after=row.position - 2, limit=1)
            previous = before.hash
        last = row
        records.append(
            EventRecord(
                row.position,
                row.time / 1_000_000,
                row.stream,
                row.version,
                row.type,
                row.schema,
                row.actor,
                row.data,
                row.hash.hex(),
                previous.hex(),
            )
        )
    return records
