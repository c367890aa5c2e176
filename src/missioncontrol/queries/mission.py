"""Queries of missions: lists, one in full, its plan, summary, packs, diagrams."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import diagrams as drawn
from missioncontrol.application.queries import missions
from missioncontrol.application.queries.diagrams import BlueprintView, DiagramLine
from missioncontrol.application.queries.missions import (
    MissionChoice,
    MissionLine,
    MissionView,
    PlanView,
)
from missioncontrol.application.queries.packs import packs as packs_of
from missioncontrol.application.queries.run_outcome import load_run_report, mission_of
from missioncontrol.application.queries.runs import RunItem, list_runs
from missioncontrol.application.queries.summaries import SummaryView, summary
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader
from missioncontrol.declarations import (
    EVERYWHERE,
    ItemQuery,
    ListQuery,
    NoFilters,
    Portion,
    Query,
    Target,
)
from missioncontrol.domain.errors import NotFound
from missioncontrol.ports.read_tables import RunChoice

NOT_TYPED = EVERYWHERE - {"cli"}
"""The surfaces of what commands of runs print, whose missions are named by any of their runs."""

Place = tuple[Any, ...] | None


async def _named(reader: Reader, text: str) -> str:
    """Return the id of the mission that a text means: its own, or that of one of its runs."""
    if not text.startswith("run-"):
        return text
    row = reader.present.board.run(text)
    if row is None or not row.mission:
        raise NotFound("mission.unknown", f"Run {text[:100]!r} belongs to no mission.")
    return row.mission


MISSION = Target(
    noun="mission",
    path="/missions",
    command="runs plan",
    metavar="MISSION",
    help="the mission, or one of its runs",
    resolve=_named,
)
PLANS = Target(
    noun="plan", path="/plans", parameter="mission", resource="missions", help="the mission"
)
RUNS = Target(noun="run", path="/runs", within=MISSION, help="a run of the mission")


class OfRun(msgspec.Struct, frozen=True):
    """Which run of a mission is wanted."""

    run: Annotated[
        str, Meta(max_length=300, description="One of its runs; by default the newest.")
    ] = ""


class OfMission(msgspec.Struct, frozen=True):
    """Of which mission the runs are."""

    id: str


class PlanLine(msgspec.Struct, frozen=True):
    """A plan in a list: of which mission it is, and how much is in it."""

    mission: str
    title: str
    status: str  # of the mission
    run: str  # the newest that carries it out
    requirements: int
    tasks: int
    updated: float  # when the mission changed last, seconds since the epoch


class PackLine(msgspec.Struct, frozen=True):
    """A pack in a list."""

    task: str  # its key; "" for that of the whole mission
    title: str
    size: int  # bytes of its Markdown
    digest: str  # SHA-256 of them


async def listed_after(
    present: Present, choice: MissionChoice, place: Place, limit: int
) -> Portion[MissionLine]:
    """Return missions after a place, newest first; see `missions.SCAN_MAX`."""
    before = place[0] if place else ""
    found, last = missions.missions(present, choice, before=before, limit=limit)
    return Portion(found, (last,) if last else None)


async def plans_after(
    present: Present, _: NoFilters, place: Place, limit: int
) -> Portion[PlanLine]:
    """Return plans after a place, those of the newest missions first."""
    part = await listed_after(present, MissionChoice(), place, limit - 1)
    rows = [
        PlanLine(
            line.id, line.title, line.status, line.run, line.requirements, line.tasks, line.updated
        )
        for line in part.rows
        if line.tasks or line.requirements
    ]
    return Portion(rows, part.stopped)


async def runs_after(
    present: Present, filters: OfMission, place: Place, limit: int
) -> Sequence[RunItem]:
    """Return runs of a mission after a place, newest first."""
    found = await mission_of(present, filters.id)
    before = place[0] if place else ""
    return list_runs(present, RunChoice(mission=found.id), before=before, limit=limit)


async def mission(present: Present, id_: str, of: OfRun) -> MissionView:
    """Return a mission in full."""
    return missions.view(await load_run_report(present, id_, of.run), present)


async def plan(present: Present, id_: str, of: OfRun) -> PlanView:
    """Return the plan of a mission as a run of it accepted it."""
    return missions.plan_view(await load_run_report(present, id_, of.run))


async def cockpit(present: Present, id_: str, of: OfRun) -> SummaryView:
    """Return the summary of a run of a mission."""
    return summary((await load_run_report(present, id_, of.run)).reading)


async def packs(present: Present, id_: str, of: OfRun) -> list[PackLine]:
    """Return the execution packs of a run of a mission."""
    found = packs_of((await load_run_report(present, id_, of.run)).state)
    return [PackLine(key, row.title, row.size, row.digest) for key, row in found.items()]


async def blueprint(present: Present, id_: str, of: OfRun) -> BlueprintView:
    """Return the blueprint of a mission."""
    return await drawn.blueprint(present, await load_run_report(present, id_, of.run))


async def diagrams(present: Present, id_: str, of: OfRun) -> list[DiagramLine]:
    """Return each kind of diagram of a mission."""
    return drawn.lines(await blueprint(present, id_, of))


LIST = ListQuery(
    name="mission.list",
    title="List missions",
    text="Return missions, newest first. `since` chooses those that changed then or later.\n\n"
    "A page looks at 2,000 missions at most: one that chooses few of them may be short, or empty, "
    "and still have a `next`.",
    surfaces=NOT_TYPED,
    target=MISSION,
    filters=MissionChoice,
    find_after=listed_after,
    row=MissionLine,
    key=lambda row: (row.id,),
    kinds=(str,),
)

GET = ItemQuery(
    name="mission.get",
    title="Get a mission",
    text="Return a mission in full: how it stands, tasks, requirements, what needs a person.\n\n"
    "The verdict and all that follows from it are those of its report. `likely` has for "
    "each requirement the places of the repository that will change, and why.",
    surfaces=NOT_TYPED,
    target=MISSION,
    options=OfRun,
    find=mission,
    returns=MissionView,
)

PLAN = ItemQuery(
    name="mission.plan",
    operation_id="get_plan",
    title="Get the plan of a mission",
    text="Return phases, tasks, requirements, risks, decisions and questions of a plan.",
    surfaces=NOT_TYPED,
    target=MISSION,
    path="plan",
    options=OfRun,
    find=plan,
    returns=PlanView,
)

LIST_PLANS = ListQuery(
    name="mission.plans",
    operation_id="list_plans",
    title="List plans",
    text="Return the missions that have a plan, newest first, each with how much is in it.\n\n"
    "A page of which some missions have none yet is short, and still has a `next`.",
    surfaces=NOT_TYPED,
    target=PLANS,
    filters=NoFilters,
    find_after=plans_after,
    row=PlanLine,
    key=lambda row: (row.mission,),
    kinds=(str,),
)

GET_PLAN = ItemQuery(
    name="mission.get_plan",
    operation_id="get_plan_of",
    title="Get a plan",
    text="Return the plan that holds for a mission.",
    surfaces=frozenset({"http"}),  # Others ask for `mission.plan`, which can name a run.
    target=PLANS,
    find=lambda present, id_: plan(present, id_, OfRun()),
    returns=PlanView,
)

LIST_RUNS = ListQuery(
    name="mission.runs",
    operation_id="list_runs_of",
    title="List the runs of a mission",
    text="Return the runs of a mission, newest first.",
    surfaces=NOT_TYPED,
    target=RUNS,
    filters=OfMission,
    find_after=runs_after,
    row=RunItem,
    key=lambda row: (row.id,),
    kinds=(str,),
)

SUMMARY = ItemQuery(
    name="mission.summary",
    operation_id="get_summary",
    title="Get the cockpit of a mission",
    text="Return what came of a mission, in its newest run or in `run`, and what comes next.\n\n"
    "With what proves it, what it took beside what was estimated, and what was not done and why.",
    surfaces=NOT_TYPED,
    target=MISSION,
    path="summary",
    options=OfRun,
    find=cockpit,
    returns=SummaryView,
)

PACKS = ItemQuery(
    name="mission.packs",
    operation_id="list_packs",
    title="List the execution packs",
    text="Return the execution packs: that of the mission, and one for each task of a builder.\n\n"
    "There are as many as the plan has tasks that change code, and one more.",
    surfaces=NOT_TYPED,
    target=MISSION,
    path="packs",
    options=OfRun,
    find=packs,
    returns=list[PackLine],
)

BLUEPRINT = ItemQuery(
    name="mission.blueprint",
    operation_id="get_blueprint",
    title="Get the blueprint of a mission",
    text="Return technical foundation, project shape, operating model, and diagrams as graphs.\n\n"
    "Each statement and each box names the file and line, the task or the decision "
    "behind it.",
    surfaces=NOT_TYPED,
    target=MISSION,
    path="blueprint",
    options=OfRun,
    find=blueprint,
    returns=BlueprintView,
)

DIAGRAMS = ItemQuery(
    name="mission.diagrams",
    operation_id="list_diagrams",
    title="List the diagrams of a mission",
    text="Return each kind with what its drawing shows, or why there is nothing to draw.",
    surfaces=NOT_TYPED,
    target=MISSION,
    path="diagrams",
    options=OfRun,
    find=diagrams,
    returns=list[DiagramLine],
)

QUERIES: tuple[Query, ...] = (
    LIST,
    GET,
    PLAN,
    LIST_PLANS,
    GET_PLAN,
    LIST_RUNS,
    SUMMARY,
    PACKS,
    BLUEPRINT,
    DIAGRAMS,
)
