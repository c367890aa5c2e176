"""Missions as people look for them: a list with filters, and what one mission has come to."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Annotated, Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Meta

from missioncontrol.application.queries.mission_stand import points_of, stand_of
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.queries.runs import status_fields
from missioncontrol.application.read_model import Present
from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.attention import Concern
from missioncontrol.documents.coverage import Coverage
from missioncontrol.documents.exhibits import Exhibit
from missioncontrol.documents.next_steps import Step
from missioncontrol.documents.outcome import Tally
from missioncontrol.documents.page import overall, phase_state, worked
from missioncontrol.documents.record import CheckRecord, TaskRecord
from missioncontrol.documents.report_data import Reading
from missioncontrol.documents.traceability.report import CheckSummary, summarize_check
from missioncontrol.domain.estimates import Likely
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.mission_action import NextAction, next_action, verdict
from missioncontrol.domain.plan import GROUNDWORK, Plan, Requirement
from missioncontrol.domain.plan_answers import OpenPoint
from missioncontrol.domain.run.states import Held, Run
from missioncontrol.domain.status import MissionWord, Status
from missioncontrol.domain.work import NO_BILL, NO_USAGE, Usage
from missioncontrol.ports.read_tables import MissionRow, RunRow

SCAN_MAX = 2_000
"""Rows that one page of a filtered list looks at; what lies behind them is on the next page."""

ROWS_AT_ONCE = 200
REPOSITORIES_MAX = 50
GOAL_SHOWN = 300
"""Characters of a goal that a list repeats."""


class MissionChoice(msgspec.Struct, frozen=True):
    """Which missions are wanted; what is empty chooses all."""

    status: MissionWord | None = None
    text: Annotated[
        str, Meta(max_length=300, description="Text in its id, title, goal or repository.")
    ] = ""
    repository: Annotated[str, Meta(max_length=4_096, description="The repository's path.")] = ""
    since: Annotated[
        Annotated[float, Meta(ge=0, le=1e11)] | None, Meta(description="Seconds since the epoch.")
    ] = None

    def takes(self, row: MissionRow, word: str) -> bool:
        """Whether a mission with the status `word` is one of them."""
        text = self.text.casefold()
        return (
            self.status in (None, word)
            and self.repository in ("", row.repository)
            and row.updated >= (self.since or 0.0)
            and (not text or any(text in each.casefold() for each in _texts(row)))
        )


class MissionLine(msgspec.Struct, frozen=True):
    """A mission in a list, with how far its newest run is."""

    id: str
    title: str
    goal: str  # its beginning
    repository: str
    status: MissionWord
    reason: str  # why it stands so, where that is not plain
    action: str  # the command that makes it go on
    waiting_on: tuple[str, ...]  # who or what it waits for
    waiting_since: float  # seconds since the epoch; 0 where it is not known
    created: float  # seconds since the epoch
    updated: float
    run: str
    requirements: int
    tasks: int
    handed_over: int  # of the tasks: those that people do
    steps: int  # of the run: the plan, and the tasks that are done here
    succeeded: int
    failed: int
    blocked: int
    cancelled: int
    cost: int  # micro-dollars, as far as prices were known
    unpriced: int  # reports whose price was not known
    tokens: int
    asks: int = 0  # open approvals and questions: how often it waits for a person
    lacking: str = ""  # why its trace is not complete, where its run succeeded
    estimated_tokens: int = 0  # those of `tokens` that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of `cost`


class Around(msgspec.Struct, frozen=True):
    """What the newest missions are like together."""

    position: int  # of the log that it is true at
    counts: dict[str, int]  # how many there are of each status
    repositories: tuple[str, ...]  # directories that they are about, the latest first


_around: "WeakKeyDictionary[Present, Around]" = WeakKeyDictionary()


class Stage(msgspec.Struct, frozen=True):
    """One part of a mission's way: the plan, or a phase of it."""

    key: str
    title: str
    state: str  # that of the task that is furthest from done
    done: int
    of: int


class TaskLine(msgspec.Struct, frozen=True):
    """A task of the plan and what became of it."""

    key: str
    title: str
    phase: str
    role: str
    agent: str
    state: str
    needs: tuple[str, ...]
    requirements: tuple[str, ...]
    attempts: int
    started: float | None  # of the first attempt
    ended: float | None
    seconds: float | None  # of all attempts; None while one works
    usage: Usage
    cost: int  # micro-dollars, as far as prices were known
    summary: str
    reason: str  # why it failed or is blocked
    checks: tuple[CheckRecord, ...]
    findings: int
    artifacts: int
    kept_from: str


class ConcernLine(msgspec.Struct, frozen=True):
    """Something that only a person can settle."""

    tone: str
    title: str
    items: tuple[str, ...]
    left_out: int
    hint: str


class CoverageLine(msgspec.Struct, frozen=True):
    """A requirement and how far the tasks are that serve it."""

    requirement: Requirement
    standing: str
    tasks: tuple[str, ...]
    succeeded: int


class ArtifactLine(msgspec.Struct, frozen=True):
    """A file that a task left."""

    task: str
    name: str
    digest: str
    size: int
    media_type: str
    title: str
    obtained: str


class Advice(msgspec.Struct, frozen=True):
    """What to do next: what the reviewer advises, and the tasks that are for other people."""

    advised: tuple[Step, ...]
    handed_over: tuple[str, ...]


class MissionView(msgspec.Struct, frozen=True):
    """A mission in full, as one of its runs tells it."""

    id: str
    title: str
    goal: str
    context: str
    constraints: tuple[str, ...]
    repository: str
    commit: str
    status: MissionWord
    reason: str  # why it stands so, where that is not plain
    action: str  # the command that makes it go on
    waiting_on: tuple[str, ...]  # who or what it waits for
    created: float
    updated: float
    run: str  # the one that is shown; the newest unless another one was asked for
    runs: tuple[str, ...]  # oldest first
    run_status: str  # of that run
    verdict: str
    standing: str  # the state that the verdict is shown in
    stages: tuple[Stage, ...]
    tally: Tally
    tasks: tuple[TaskLine, ...]
    requirements: tuple[CoverageLine, ...]
    needs_a_person: tuple[ConcernLine, ...]
    next_steps: Advice
    artifacts: tuple[ArtifactLine, ...]
    findings: dict[str, int]  # by severity
    checks_held: int
    checks_made: int
    usage: Usage
    cost: int  # micro-dollars, as far as prices were known
    is_priced: bool  # the price of everything is known
    estimated_tokens: int  # those of the tokens that were not measured
    estimated_cost: int  # micro-dollars, that part of `cost`
    likely: tuple[Likely, ...]  # where the work will be, by requirement
    trace: CheckSummary  # its gaps, and what keeps it from being completed
    headline: str  # how far it is, in at most 20 words
    next: NextAction | None  # what to do next; None of a run that is not the newest
    questions: tuple[OpenPoint, ...]  # of the plan, with the answers that people gave
    version: str  # changes whenever anything above does


class PlanView(msgspec.Struct, frozen=True):
    """The plan that holds, and where it comes from."""

    mission: str
    run: str
    is_accepted: bool
    plan: Plan


def missions(
    present: Present,
    choice: MissionChoice,
    *,
    words: Collection[str] = (),
    before: str = "",
    limit: int = 50,
) -> tuple[list[MissionLine], str]:
    """Return missions, newest first, and where the next page begins; "" where there is none.

    `words` are the statuses that are wanted, where that is more than one.
    """
    lines: list[MissionLine] = []
    last = ""
    statuses = present.statuses
    for looked, row in enumerate(_rows(present, before)):
        if len(lines) == limit or looked == SCAN_MAX:
            return lines, last
        last = row.id
        found = statuses.of_mission(row)
        if choice.takes(row, found.word) and (not words or found.word in words):
            lines.append(_line(present, row, found))
    return lines, ""


def around(present: Present) -> Around:
    """Return what the newest missions are like together; worked out once for each position."""
    known = _around.get(present)
    if known is not None and known.position == present.position:
        return known
    counts: dict[str, int] = {}
    places: dict[str, None] = {}
    for row in islice(_rows(present, ""), SCAN_MAX):
        word = present.statuses.of_mission(row).word
        counts[word] = counts.get(word, 0) + 1
        if row.repository and len(places) < REPOSITORIES_MAX:
            places[row.repository] = None
    found = _around[present] = Around(present.position, counts, tuple(places))
    return found


def view(story: RunReport, present: Present) -> MissionView:
    """Return all that a page or a program wants to know of a mission."""
    own, run_standing = _standings(story, present)
    stand = stand_of(story, present, own)
    reading, run, found = story.reading, story.state, story.mission
    record = reading.record
    held, made = reading.checks
    return MissionView(
        id=found.id,
        title=found.title,
        goal=found.goal,
        context=found.context,
        constraints=found.constraints,
        repository=found.repository,
        commit=record.commit,
        **_status_fields(own),
        created=found.created_at,
        updated=found.updated_at,
        run=run.id,
        runs=found.runs,
        run_status=run_standing.word,
        verdict=plain_text(reading.verdict),
        standing=overall(reading),
        stages=stages(reading, run),
        tally=reading.tally,
        tasks=tuple(_task(one, run) for one in record.tasks),
        requirements=tuple(_coverage(one) for one in reading.coverage),
        needs_a_person=tuple(_concern(one) for one in reading.concerns),
        next_steps=_advice(reading),
        artifacts=tuple(map(artifact_line, reading.exhibits)),
        findings={str(level): number for level, number in reading.severities.items()},
        checks_held=held,
        checks_made=made,
        usage=run.usage,
        cost=run.bill.cost,
        is_priced=run.bill.is_whole,
        estimated_tokens=run.bill.estimated_tokens,
        estimated_cost=run.bill.estimated_cost,
        likely=reading.plan.likely,
        trace=summarize_check(record, reading.trace),
        headline=" ".join(filter(None, verdict(stand))),
        next=next_action(stand) if run.id == found.runs[-1] else None,
        questions=points_of(story),
        version=story.version,
    )


def _standings(story: RunReport, present: Present) -> tuple[Status, Status]:
    """Return how a mission stands, and how the run that is shown does."""
    return standing(present, story.mission.id), present.statuses.of_run(story.state)


def standing(present: Present, mission: str) -> Status:
    """Return how a mission stands."""
    row = present.board.mission(mission)
    return present.statuses.of_mission(row) if row is not None else Status("planning")


def _status_fields(found: Status) -> dict[str, Any]:
    values = status_fields(found)
    del values["waiting_since"]
    return values


def plan_view(story: RunReport) -> PlanView:
    """Return the plan of a mission."""
    plan = story.reading.plan
    return PlanView(story.mission.id, story.state.id, bool(plan.phases), plan)


def stages(reading: Reading, run: Run) -> tuple[Stage, ...]:
    """Return the way of a mission: its plan, then each phase, with how far it is."""
    planning = stage_state(run, PLAN_STEP)
    first = Stage(PLAN_STEP, "Plan", planning, int(planning == "succeeded"), 1)
    rest = (
        Stage(
            phase.key,
            phase.title,
            _phase_state(tasks, run),
            sum(one.state == "succeeded" for one in tasks),
            len(tasks),
        )
        for phase, tasks in sorted(reading.phases, key=lambda each: each[0].key != GROUNDWORK)
    )
    return first, *rest


def stage_state(run: Run, step: str) -> str:
    """Return the state of a step in the word that pages show."""
    state = run.states.get(step)
    name = type(state).__name__.lower() if state is not None else "waiting"
    words = {"held": "approval", "working": "running", "expanded": "running", "resting": "waiting"}
    return {**words, "due": "ready"}.get(name, name)


def state_of(one: TaskRecord, run: Run) -> str:
    """Return the state of a task, and that it waits for an approval where it does."""
    return "approval" if isinstance(run.states.get(one.task.key), Held) else one.state


def _phase_state(tasks: tuple[TaskRecord, ...], run: Run) -> str:
    if any(state_of(one, run) == "approval" for one in tasks):
        return "approval"
    state = phase_state(tasks)
    begun = any(one.state == "succeeded" for one in tasks)
    return "running" if state == "waiting" and begun and not run.is_settled else state


def artifact_line(one: Exhibit) -> ArtifactLine:
    """Return an artifact in a list."""
    item = one.artifact
    return ArtifactLine(
        one.task, item.name, item.digest, item.size, item.media_type, item.title, item.obtained
    )


def _rows(present: Present, before: str) -> Iterator[MissionRow]:
    """Yield missions as of now, newest first, older than `before`."""
    fresh = present.board.missions
    unsaved = sorted((name for name in fresh if not before or name < before), reverse=True)
    stored = _stored(present, before)
    row = next(stored, None)
    for name in unsaved:
        while row is not None and row.id > name:
            yield row
            row = next(stored, None)
        yield fresh[name]
        if row is not None and row.id == name:
            row = next(stored, None)
    while row is not None:
        yield row
        row = next(stored, None)


def _stored(present: Present, before: str) -> Iterator[MissionRow]:
    while rows := present.tables.missions(before=before, limit=ROWS_AT_ONCE):
        yield from rows
        before = rows[-1].id


def _texts(row: MissionRow) -> Iterable[str]:
    return row.id, row.title, row.goal, row.repository


def _line(present: Present, row: MissionRow, standing: Status) -> MissionLine:
    run = present.board.run(row.run) if row.run else None
    asks = present.statuses.asks(row.run) if run is not None and not run.ended else 0
    counts = (
        *("steps", "succeeded", "failed", "blocked", "cancelled", "cost", "unpriced"),
        *("estimated_tokens", "estimated_cost"),
    )
    found: dict[str, Any] = {name: getattr(run, name) if run else 0 for name in counts}
    tokens = run.input_tokens + run.output_tokens if run else 0
    return MissionLine(
        id=row.id,
        title=row.title,
        goal=row.goal[:GOAL_SHOWN],
        repository=row.repository,
        **status_fields(standing),
        handed_over=row.handed_over,
        asks=asks,
        created=row.created,
        updated=row.updated,
        run=row.run,
        requirements=row.requirements,
        tasks=row.tasks,
        tokens=tokens,
        lacking=_lacking(row, run) if row.status == "succeeded" and row.tasks else "",
        **found,
    )


def _lacking(row: MissionRow, run: RunRow | None) -> str:
    """Say why a mission that succeeded is not completed, as far as rows tell."""
    done = max(run.succeeded - 1, 0) if run is not None else 0  # One step is the plan's.
    left = row.tasks - done
    if left > 0:
        return f"{left} of {row.tasks} tasks not done here"
    return "its trace has gaps"


def _task(one: TaskRecord, run: Run) -> TaskLine:
    task, tries = one.task, one.attempts
    return TaskLine(
        key=task.key,
        title=task.title,
        phase=one.phase,
        role=task.role,
        agent=tries[-1].agent if tries else task.agent or task.role,
        state=state_of(one, run),
        needs=task.needs,
        requirements=task.requirements,
        attempts=len(tries),
        started=tries[0].started if tries else None,
        ended=tries[-1].ended if tries else None,
        seconds=worked(one),
        usage=run.usage_by_step.get(task.key, NO_USAGE),
        cost=run.bill_by_step.get(task.key, NO_BILL).cost,
        summary=one.work.summary,
        reason=one.reason,
        checks=one.checks,
        findings=len(one.work.findings),
        artifacts=len(one.work.artifacts),
        kept_from=one.kept_from,
    )


def _coverage(one: Coverage) -> CoverageLine:
    keys = tuple(each.task.key for each in one.tasks)
    return CoverageLine(one.requirement, one.standing, keys, one.succeeded)


def _concern(one: Concern) -> ConcernLine:
    items = tuple(map(plain_text, one.items))
    return ConcernLine(one.tone, plain_text(one.title), items, one.left_out, one.hint)


def _advice(reading: Reading) -> Advice:
    steps = reading.next_steps
    return Advice(steps.advised, tuple(one.task.key for one in steps.handed_over))
