"""Tools for missions: begun from a goal, planned, listed, and read."""

from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field

from missioncontrol.client.shapes import StartedRun
from missioncontrol.domain.money import MICRO
from missioncontrol.domain.scaffold_stack import ScaffoldChoice
from missioncontrol.domain.status import MissionWord
from missioncontrol.mcp.bounds import Cursor, Limit, Offset, Part, bounded, part_of
from missioncontrol.mcp.server import Ctx, client_of

Mission = Annotated[str, Field(max_length=300, description="Id of a mission, such as mission-….")]
OfRun = Annotated[str, Field(max_length=300, description="One of its runs; by default the newest.")]
Goal = Annotated[
    str, Field(min_length=1, max_length=100_000, description="What is to be achieved, in words.")
]
Repository = Annotated[
    str,
    Field(
        max_length=4_096,
        description="Absolute path of the repository on the server's machine; empty for none.",
    ),
]
Context = Annotated[str, Field(max_length=100_000, description="What else the planner reads.")]
Constraints = Annotated[
    list[Annotated[str, Field(max_length=2_000)]],
    Field(max_length=50, description="What has to hold whatever is done."),
]
Memory = Annotated[
    bool, Field(description="Whether the planner receives what earlier missions have left.")
]
Patterns = Annotated[
    bool, Field(description="Whether the planner receives what repositories have taught.")
]
Planner = Annotated[
    str,
    Field(
        max_length=300,
        description="Who plans: local, model, codex, claude-code, opencode or a declared agent; "
        "empty: the configured model, else local.",
    ),
]
Key = Annotated[
    str,
    Field(
        max_length=200,
        pattern="^[!-~]*$",
        description="Names this request, such as a UUID: sent again with the same, it is done "
        "once, and gets the same answer.",
    ),
]
MissionStatus = Literal[""] | MissionWord


class RunStart(TypedDict):
    """A run that has just begun."""

    run: str
    mission: str
    status: str


async def plan_mission(
    ctx: Ctx,
    goal: Goal,
    repository: Repository = "",
    title: Annotated[str, Field(max_length=300)] = "",
    context: Context = "",
    constraints: Constraints = [],  # noqa: B006 - read, never changed
    memory: Memory = True,
    patterns: Patterns = True,
    planner: Planner = "",
    key: Key = "",
) -> RunStart:
    """Make a plan for a goal and carry nothing out; returns the run that plans, at once."""
    async with client_of(ctx) as client:
        begun = await client.missions.create(
            goal,
            repository=repository,
            title=title,
            context=context,
            constraints=constraints,
            execute=False,
            memory=memory,
            patterns=patterns,
            planner=planner,
            key=key,
        )
    return _run_start(begun)


async def begin_mission(
    ctx: Ctx,
    goal: Goal,
    repository: Repository = "",
    title: Annotated[str, Field(max_length=300)] = "",
    context: Context = "",
    constraints: Constraints = [],  # noqa: B006 - read, never changed
    builder: Annotated[
        str, Field(max_length=300, description="The agent that changes code; empty: hand it over.")
    ] = "",
    scaffold: Annotated[
        ScaffoldChoice,
        Field(
            description="Of a new product: create `repository`, which does not exist yet, in this "
            "stack; auto: the one that fits the goal."
        ),
    ] = "",
    cost_max: Annotated[
        float | None, Field(gt=0, le=1e6, description="The most that the run may cost, in dollars.")
    ] = None,
    tokens_max: Annotated[
        int | None, Field(gt=0, description="The most tokens that the run may use.")
    ] = None,
    memory: Memory = True,
    patterns: Patterns = True,
    planner: Planner = "",
    key: Key = "",
) -> RunStart:
    """Plan a goal and carry the plan out; returns the run at once. `follow_run` follows it."""
    async with client_of(ctx) as client:
        begun = await client.missions.create(
            goal,
            repository=repository,
            title=title,
            context=context,
            constraints=constraints,
            builder=builder,
            scaffold=scaffold,
            cost_max=None if cost_max is None else round(cost_max * MICRO),
            tokens_max=tokens_max,
            memory=memory,
            patterns=patterns,
            planner=planner,
            key=key,
        )
    return _run_start(begun)


async def list_missions(
    ctx: Ctx,
    status: MissionStatus = "",
    text: Annotated[str, Field(max_length=300, description="In id, title, goal or path.")] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List missions, newest first."""
    async with client_of(ctx) as client:
        return bounded(
            await client.missions.list(status=status or None, text=text).page(cursor, limit)
        )


async def show_plan(ctx: Ctx, mission: Mission, run: OfRun = "") -> dict[str, Any]:
    """Show the accepted plan of a mission: phases, tasks, requirements, risks and decisions."""
    async with client_of(ctx) as client:
        return bounded(await client.missions.plan(mission, run=run))


async def read_report(ctx: Ctx, mission: Mission, run: OfRun = "", offset: Offset = 0) -> Part:
    """Read the report of a mission as it stands, as Markdown, a part at a time."""
    async with client_of(ctx) as client:
        found = await client.missions.report(mission, "md", run=run)
    return part_of(found.decode(), offset)


async def execution_pack(
    ctx: Ctx,
    mission: Mission,
    task: Annotated[str, Field(max_length=2_000, description="Its key; empty for all.")] = "",
    run: OfRun = "",
    offset: Offset = 0,
) -> Part:
    """Read what an agent or a person needs to do one task of a mission, or all of its work."""
    async with client_of(ctx) as client:
        found = await client.missions.pack(mission, task, "md", run=run)
    return part_of(found.decode(), offset)


def _run_start(begun: StartedRun) -> RunStart:
    return RunStart(run=begun.run, mission=begun.mission, status=begun.status)
