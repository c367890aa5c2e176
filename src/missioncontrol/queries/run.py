"""Queries of runs: the list, one in full, its steps, events, costs and moments."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import replay, runs, steps
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader
from missioncontrol.declarations import (
    EVERYWHERE,
    Column,
    ItemQuery,
    ListQuery,
    Query,
    Surface,
    Target,
    Terminal,
)
from missioncontrol.documents.figures import moment
from missioncontrol.domain.money import dollars, tokens
from missioncontrol.domain.status import RunWord
from missioncontrol.ports.read_tables import RunChoice

SECONDS_MAX = 1e11
POSITION_MAX = 2**53
STEP_MAX = 2_000

Trigger = Literal["manual", "api", "schedule", "webhook", "agent"]
StepStateName = Literal[
    "waiting",
    "due",
    "held",
    "expanded",
    "ready",
    "working",
    "resting",
    "succeeded",
    "skipped",
    "failed",
    "blocked",
    "cancelled",
]

Words = Annotated[
    str, Meta(max_length=300, description="Text that its id or title holds, in any case.")
]
Seconds = Annotated[float, Meta(ge=0, le=SECONDS_MAX)]
Position = Annotated[int, Meta(ge=1, le=POSITION_MAX, description="A position of the log.")]
At = Annotated[
    Annotated[int, Meta(ge=1, le=POSITION_MAX)] | None,
    Meta(description="A position of the log; by default now."),
]

TONES = {"succeeded": "ok", "failed": "bad", "stuck": "bad", "waiting": "ask", "halted": "ask"}

NO_COMMAND: frozenset[Surface] = EVERYWHERE - {"cli"}
"""Of what `mission show` and `mission runs replay` print in a form of their own."""


class RunFilters(msgspec.Struct, frozen=True):
    """Which runs are wanted; what is empty chooses all."""

    status: Annotated[list[RunWord] | None, Meta(description="How they stand.")] = None
    workflow: Annotated[str, Meta(max_length=300, description="Only of this workflow.")] = ""
    mission: Annotated[str, Meta(max_length=300, description="Only of this mission.")] = ""
    author: Annotated[str, Meta(max_length=300, description="Who began them.")] = ""
    trigger: Annotated[Trigger | None, Meta(description="What began them.")] = None
    schedule: Annotated[str, Meta(max_length=300, description="Begun by this schedule.")] = ""
    since: Annotated[
        Seconds | None, Meta(description="Begun then or later, in seconds since the epoch.")
    ] = None
    until: Annotated[
        Seconds | None, Meta(description="Begun before then, in seconds since the epoch.")
    ] = None
    text: Words = ""
    attention: Annotated[
        bool, Meta(description="Only those that wait for a person, or are stuck or halted.")
    ] = False

    def choice(self) -> RunChoice:
        """Return the same for the tables of runs."""
        return RunChoice(
            statuses=tuple(self.status or ()),
            workflow=self.workflow,
            mission=self.mission,
            author=self.author,
            trigger=self.trigger or "",
            schedule=self.schedule,
            since=self.since or 0.0,
            until=RunChoice().until if self.until is None else self.until,
            text=self.text,
        )


class RunCounts(msgspec.Struct, frozen=True):
    """How many runs there are."""

    all: int
    attention: int  # waiting, stuck or halted, or asking a person something
    statuses: dict[str, int]


class Moment(msgspec.Struct, frozen=True):
    """When something is meant."""

    at: At = None


class PastMoment(msgspec.Struct, frozen=True):
    """Which moment of a run is meant."""

    at: Position


class StepMoment(msgspec.Struct, frozen=True):
    """Which step of a run is meant, and when."""

    step: Annotated[str, Meta(max_length=STEP_MAX, description="Its key.")]
    at: At = None


class StepFilters(msgspec.Struct, frozen=True):
    """Which steps of a run are wanted; what is empty chooses all."""

    run: str
    state: Annotated[list[StepStateName] | None, Meta(description="How they stand.")] = None
    parent: Annotated[
        Annotated[str, Meta(max_length=STEP_MAX)] | None,
        Meta(description="Only what this step became; empty: steps of the workflow itself."),
    ] = None
    text: Words = ""


class EventFilters(msgspec.Struct, frozen=True):
    """Which events of a run are wanted; what is empty chooses all."""

    run: str
    step: Annotated[str, Meta(max_length=STEP_MAX, description="Of this step.")] = ""


class TimelineFilters(msgspec.Struct, frozen=True):
    """Whose timeline is wanted."""

    run: str


async def runs_after(
    present: Present, filters: RunFilters, place: tuple[Any, ...] | None, limit: int
) -> list[runs.RunItem]:
    """Return runs, newest first, that are older than the one at `place`."""
    before = place[0] if place else ""
    needs_attention = filters.attention
    return runs.list_runs(
        present, filters.choice(), needs_attention=needs_attention, before=before, limit=limit
    )


async def counts(present: Present, _: str) -> RunCounts:
    """Return how many runs there are."""
    found = runs.run_counts(present)
    return RunCounts(found.pop("all"), found.pop("attention"), found)


async def run(reader: Reader, id_: str, moment: Moment) -> runs.RunDetail:
    """Return a run; raises as `runs.run_detail`."""
    return await runs.run_detail(reader.present, id_, reader.shelf.scopes, at=moment.at)


async def steps_after(
    present: Present, filters: StepFilters, place: tuple[Any, ...] | None, limit: int
) -> list[steps.StepItem]:
    """Return steps of a run after the one at `place`; raises `NotFound`."""
    choice = steps.StepChoice(tuple(filters.state or ()), filters.parent, filters.text)
    after = await _place_after(present, filters.run, place)
    return await steps.list_steps(present, filters.run, choice, after=after, limit=limit)


async def timeline_after(
    present: Present, filters: TimelineFilters, place: tuple[Any, ...] | None, limit: int
) -> list[replay.TimelineRow]:
    """Return rows of the timeline after the step at `place`; raises `NotFound`."""
    after = await _place_after(present, filters.run, place)
    return await replay.run_timeline(present, filters.run, after=after, limit=limit)


async def _place_after(present: Present, run: str, place: tuple[Any, ...] | None) -> int:
    """Return where a step stands now: places move as steps change while a client reads."""
    return await steps.place_after(present, run, place[0]) if place else -1


async def events_after(
    present: Present, filters: EventFilters, place: tuple[Any, ...] | None, limit: int
) -> list[replay.RunEventLine]:
    """Return events of a run after the one at `place`; raises `NotFound`."""
    after = max(place[0], 0) if place else 0
    return await replay.run_events(
        present, filters.run, after=after, step=filters.step, limit=limit
    )


def cost_lines(found: runs.RunCosts, _: int = 0) -> list[str]:
    """Return what a run cost as text."""
    lines = [f"{found.run}  {_used(found.total)}"]
    for title, rows in (
        ("agents", found.by_agent),
        ("models", found.by_model),
        ("steps", found.by_step),
    ):
        lines += ["", title, *(f"  {row.name:<30} {_used(row.usage)}" for row in rows)]
    lines += [f"  and {found.steps_left_out:,} more"] if found.steps_left_out else []
    return lines


def _used(usage: runs.UsageView) -> str:
    price = dollars(usage.cost) if usage.is_priced else f"{dollars(usage.cost)} and what has none"
    return f"{tokens(usage.input_tokens + usage.output_tokens)}, {price}"


RUN = Target(
    noun="run",
    path="/runs",
    field="run",
    metavar="RUN",
    help="its id or the beginning of it, its mission, or last",
    command="runs",
)


def part_of_run(noun: str, path: str) -> Target:
    """Return the kind of things that a run has several of."""
    return Target(noun=noun, path=path, within=RUN, help=f"a {noun} of the run", command="runs")


OF_A_RUN = {"run": "run"}
"""People name a run by the beginning of its id, by its mission, or as the last one."""

LIST = ListQuery(
    name="run.list",
    title="List runs",
    text="List runs, newest first.\n\n`attention` chooses those that wait for a person: those that "
    "are waiting, stuck or halted, and those that ask something while they work.",
    target=RUN,
    filters=RunFilters,
    find_after=runs_after,
    row=runs.RunItem,
    key=lambda row: (row.id,),
    kinds=(str,),
    terminal=Terminal(
        rows=20,
        metavars={"workflow": "W", "mission": "MISSION", "author": "WHO", "schedule": "NAME"},
        empty="`mission workflow run NAME` begins one.",
    ),
)

COUNTS = ItemQuery(
    name="run.counts",
    title="Count runs",
    text="Return how many runs there are of each status, and how many need a person.",
    target=Target(noun="run", path="/run-counts", help="all runs", is_single=True, resource="runs"),
    operation_id="count_runs",
    find=counts,
    returns=RunCounts,
    surfaces=NO_COMMAND,
)

GET = ItemQuery(
    name="run.get",
    title="Get a run",
    text="Return a run in full but for its steps, as of now or of a position of the log.",
    target=RUN,
    options=Moment,
    source=lambda reader: reader,
    find=run,
    returns=runs.RunDetail,
    surfaces=NO_COMMAND,
)

STEPS = ListQuery(
    name="run.steps",
    title="List the steps of a run",
    text="List the steps of a run, each followed by those that it became.",
    target=part_of_run("step", "/steps"),
    operation_id="list_steps",
    filters=StepFilters,
    find_after=steps_after,
    row=steps.StepItem,
    key=lambda row: (row.step,),
    kinds=(str,),
    columns=(
        Column("state", 10, TONES),
        Column("step", 40),
        Column("agent", 16),
        Column("reason"),
    ),
    terminal=Terminal(resolve=OF_A_RUN, metavars={"parent": "STEP"}, empty="The run has no steps."),
)

STEP = ItemQuery(
    name="run.step",
    title="Get a step",
    text="Return a step: exact input and output, attempts, approvals, causes, what is next.",
    target=RUN,
    options=StepMoment,
    path="steps/{step:path}",
    operation_id="get_step",
    find=lambda present, id_, asked: steps.step_detail(present, id_, asked.step, at=asked.at),
    returns=steps.StepDetail,
    surfaces=NO_COMMAND,
)

EVENTS = ListQuery(
    name="run.events",
    title="List the events of a run",
    text="List what happened in a run, in order.\n\n`/events` has all that events say.",
    target=part_of_run("event", "/events"),
    operation_id="list_events",
    filters=EventFilters,
    find_after=events_after,
    row=replay.RunEventLine,
    key=lambda row: (row.version,),
    kinds=(int,),
    columns=(
        Column("position", 8),
        Column("time", 24, text=moment),
        Column("type", 30),
        Column("step"),
    ),
    terminal=Terminal(resolve=OF_A_RUN, metavars={"step": "STEP"}, empty="No event is like this."),
)

GRAPH = ItemQuery(
    name="run.graph",
    title="Get the graph of a run",
    text="Return all steps of a run with what each needs, at most 10,000.",
    target=RUN,
    options=Moment,
    path="graph",
    operation_id="get_graph",
    find=lambda present, id_, asked: runs.run_graph(present, id_, at=asked.at),
    returns=runs.RunGraph,
    surfaces=NO_COMMAND,
)

TIMELINE = ListQuery(
    name="run.timeline",
    title="Get the timeline of a run",
    text="Return when each step waited and worked, with its attempts.",
    target=part_of_run("timeline", "/timeline"),
    operation_id="get_timeline",
    filters=TimelineFilters,
    find_after=timeline_after,
    row=replay.TimelineRow,
    key=lambda row: (row.step,),
    kinds=(str,),
    surfaces=NO_COMMAND,
)

COSTS = ItemQuery(
    name="run.costs",
    title="Get what a run cost",
    text="Return tokens and money by agent, by model and by step, the dearest first.",
    target=RUN,
    path="costs",
    operation_id="get_costs",
    find=runs.run_costs,
    returns=runs.RunCosts,
    terminal=Terminal(resolve=OF_A_RUN, lines=cost_lines),
)

MOMENT = ItemQuery(
    name="run.moment",
    title="Get a moment of a run",
    text="Return a run as it stood after a position of the log.\n\n"
    "The same position gives the same answer.",
    target=RUN,
    options=PastMoment,
    path="replay",
    operation_id="get_moment",
    find=lambda present, id_, asked: replay.replay_moment(present, id_, asked.at),
    returns=replay.ReplayMoment,
    surfaces=NO_COMMAND,
)

MOMENTS = ItemQuery(
    name="run.moments",
    title="Get the moments of a run",
    text="Return where the events of a run are, in columns: the last 50,000 of them.",
    target=RUN,
    path="replay/index",
    operation_id="get_moments",
    find=replay.replay_index,
    returns=replay.ReplayIndex,
    surfaces=NO_COMMAND,
)

QUERIES: tuple[Query, ...] = (
    LIST,
    COUNTS,
    GET,
    STEPS,
    STEP,
    EVENTS,
    GRAPH,
    TIMELINE,
    COSTS,
    MOMENT,
    MOMENTS,
)
