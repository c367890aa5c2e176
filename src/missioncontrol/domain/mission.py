"""A mission: a goal and where it applies, the plan it was given, and the runs that carry it out."""

from typing import Literal, assert_never

import msgspec

from missioncontrol.domain import plan_answers, scope, waivers
from missioncontrol.domain.coverage_gaps import Asked, RiskOwner, Waiver
from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.plan import Plan, accepted
from missioncontrol.domain.plan_answers import AnswerPlan, PlanAnswer, PlanAnswered
from missioncontrol.domain.scope import ChangeScope, ScopeChanged, TaskScope, with_scopes
from missioncontrol.domain.waivers import (
    AssignRisk,
    CompleteMission,
    GapWaived,
    MissionCompleted,
    RiskAssigned,
    Traced,
    WaiveGap,
    WaiverWithdrawn,
    WithdrawWaiver,
)

GOAL_MAX = 20_000
TEXT_MAX = 200_000
CONSTRAINTS_MAX = 200
PATH_MAX = 4_096
"""Longer paths are refused by the systems we run on."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class MissionCreated(Event, frozen=True):
    """A user asked for something."""

    mission: str
    title: str
    goal: str
    repository: str = ""  # absolute path, or "" where there is none
    context: str = ""
    constraints: tuple[str, ...] = ()
    template: str = ""  # the key of the template that it was made from


class PlanAccepted(Event, frozen=True):
    """A sound plan was made by a run, and replaces any plan before it."""

    run: str
    plan: Plan


class MissionStarted(Event, frozen=True):
    """A run took the mission up."""

    run: str


class MissionSettled(Event, frozen=True):
    """That run ended."""

    run: str
    outcome: Literal["succeeded", "failed", "cancelled"]


MissionEvent = (
    MissionCreated
    | PlanAccepted
    | MissionStarted
    | MissionSettled
    | ScopeChanged
    | PlanAnswered
    | waivers.WaiverEvent
)


class CreateMission(msgspec.Struct, frozen=True):
    """Take a goal in."""

    mission: str
    title: str
    goal: str
    repository: str = ""
    context: str = ""
    constraints: tuple[str, ...] = ()
    template: str = ""


class AcceptPlan(msgspec.Struct, frozen=True):
    """Make this the plan, if it is sound."""

    run: str
    plan: Plan


class StartMission(msgspec.Struct, frozen=True):
    """Say which run carries the mission out."""

    run: str


class SettleMission(msgspec.Struct, frozen=True):
    """Say how that run ended."""

    run: str
    outcome: Literal["succeeded", "failed", "cancelled"]


MissionCommand = (
    CreateMission
    | AcceptPlan
    | StartMission
    | SettleMission
    | ChangeScope
    | AnswerPlan
    | waivers.WaiverCommand
)


class Mission(msgspec.Struct):
    """What is true of a mission now."""

    id: str
    title: str
    goal: str
    repository: str
    context: str
    constraints: tuple[str, ...]
    created_at: float
    updated_at: float
    status: str = "created"  # created, running, succeeded, completed, failed, cancelled
    template: str = ""
    plan: Plan | None = None
    runs: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()  # that are in force
    owners: tuple[RiskOwner, ...] = ()
    scopes: tuple[TaskScope, ...] = ()  # that people gave tasks
    answers: tuple[PlanAnswer, ...] = ()  # to questions of its plans
    completed: str = ""  # the run after which nothing was lacking, as long as that holds

    @property
    def planned(self) -> Plan | None:
        """The plan with people's later changes to its tasks."""
        return with_scopes(self.plan, self.scopes) if self.plan else None

    @property
    def asked(self) -> Asked:
        """What is traced through the plan."""
        return Asked(self.goal, self.constraints, self.context)

    @property
    def traced(self) -> Traced:
        """What tells whether anything is lacking."""
        return Traced(self.plan, self.asked, self.waivers, self.owners)


def decide(command: MissionCommand, mission: Mission | None) -> list[MissionEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `mission.exists`, `mission.bad_input` (naming the field) or `plan.malformed`.
        Rejected, NotFound, Conflict: as `domain.waivers.decide`.
        NotFound: `mission.unknown`.
    """
    if mission is None:
        return [_created(command)]
    match command:
        case CreateMission():
            raise Rejected("mission.exists", f"Mission {mission.id!r} exists already.")
        case AcceptPlan():
            return [PlanAccepted(command.run, accepted(command.plan))]
        case StartMission():
            return [] if command.run in mission.runs else [MissionStarted(command.run)]
        case SettleMission():
            return [MissionSettled(command.run, command.outcome)]
        case CompleteMission():
            return _completed(command, mission)
        case WaiveGap() | WithdrawWaiver() | AssignRisk():
            return [*waivers.decide(command, mission.traced)]
        case ChangeScope():
            return [*scope.decide(command, mission.plan, mission.scopes)]
        case AnswerPlan():
            given = mission.constraints, mission.answers
            return [*plan_answers.decide(command, mission.plan, *given)]
        case _:
            assert_never(command)


def evolve(mission: Mission | None, event: MissionEvent, at: float) -> Mission:
    """Apply `event`, which became true at `at` (seconds since the epoch), and return the mission.

    Raises:
        Corrupt: `mission.no_beginning`, where the stream does not begin with `MissionCreated`.
    """
    if mission is None:
        return _begin(event, at)
    mission.updated_at = at
    match event:
        case PlanAccepted():
            mission.plan = event.plan
        case MissionStarted():
            mission.runs = (*mission.runs, event.run)
            mission.status = "running"
        case MissionSettled():
            # An older run may end after a newer one began: only the newest speaks for the mission.
            if mission.runs and event.run == mission.runs[-1]:
                mission.status = event.outcome
        case MissionCompleted():
            mission.status, mission.completed = "completed", event.run
        case GapWaived() | WaiverWithdrawn() | RiskAssigned():
            _evolve_waivers(mission, event, at)
        case ScopeChanged() | PlanAnswered():
            _evolve_plan(mission, event, at)
        case MissionCreated():
            raise Corrupt("mission.two_beginnings", f"Mission {mission.id!r} was created twice.")
        case _:
            assert_never(event)
    return mission


def _completed(command: CompleteMission, mission: Mission) -> list[MissionEvent]:
    if mission.status == "completed" and mission.completed == command.run:
        return []
    if mission.status != "succeeded" or command.run != mission.runs[-1]:
        raise Rejected(
            "mission.incomplete",
            f"The mission is not complete: run {command.run!r} is not its newest one that "
            f"succeeded; the mission is {mission.status}.",
            hint="`mission runs retry RUN` does again what did not succeed.",
        )
    return [*waivers.decide(command, mission.traced)]


def _evolve_plan(mission: Mission, event: ScopeChanged | PlanAnswered, at: float) -> None:
    if isinstance(event, ScopeChanged):
        mission.scopes = scope.evolve(mission.scopes, event, at)
        return
    mission.answers = plan_answers.evolve(mission.answers, event)
    mission.constraints = event.constraints


def _evolve_waivers(
    mission: Mission, event: GapWaived | WaiverWithdrawn | RiskAssigned, at: float
) -> None:
    match event:
        case GapWaived():
            waiver = Waiver(event.gap, event.digest, event.what, event.reason, event.by, at)
            mission.waivers = (*mission.waivers, waiver)
        case WaiverWithdrawn():
            gone = (event.gap, event.digest)
            mission.waivers = tuple(w for w in mission.waivers if (w.gap, w.digest) != gone)
            if mission.status == "completed":
                mission.status = "succeeded"  # What it stood on is gone; it may be complete again.
            mission.completed = ""
        case RiskAssigned():
            owner = RiskOwner(event.risk, event.digest, event.owner, event.by, at)
            others = (o for o in mission.owners if (o.risk, o.digest) != (owner.risk, owner.digest))
            mission.owners = (*others, owner)


def _begin(event: MissionEvent, at: float) -> Mission:
    if not isinstance(event, MissionCreated):
        raise Corrupt(
            "mission.no_beginning",
            f"A mission's log begins with {type(event).__name__}, not MissionCreated.",
        )
    return Mission(
        event.mission,
        event.title,
        event.goal,
        event.repository,
        event.context,
        event.constraints,
        created_at=at,
        updated_at=at,
        template=event.template,
    )


def _created(command: MissionCommand) -> MissionCreated:
    if not isinstance(command, CreateMission):
        raise NotFound(
            "mission.unknown", "There is no such mission.", hint="`mission list` names them."
        )
    _refuse_bad_text("goal", command.goal, GOAL_MAX, required=True)
    _refuse_bad_text("title", command.title, 300, required=True)
    _refuse_bad_text("repository", command.repository, PATH_MAX)
    _refuse_bad_text("context", command.context, TEXT_MAX)
    _refuse_bad_text("template", command.template, 100)
    if len(command.constraints) > CONSTRAINTS_MAX:
        raise Rejected(
            "mission.bad_input",
            f"There are {len(command.constraints)} constraints; at most {CONSTRAINTS_MAX} fit.",
            hint="Join some of them.",
        )
    for number, constraint in enumerate(command.constraints, start=1):
        _refuse_bad_text(f"constraint {number}", constraint, GOAL_MAX, required=True)
    return MissionCreated(
        command.mission,
        command.title,
        command.goal,
        command.repository,
        command.context,
        command.constraints,
        command.template,
    )


def _refuse_bad_text(field: str, text: str, most: int, *, required: bool = False) -> None:
    if required and not text.strip():
        raise Rejected("mission.bad_input", f"The {field} is empty.", hint="Say it in words.")
    if len(text) > most:
        raise Rejected(
            "mission.bad_input",
            f"The {field} has {len(text):,} characters; at most {most:,} fit.",
            hint="Shorten it, or put the rest into a file of the repository.",
        )
    odd = next(
        (c for c in text if (c < " " and c not in "\n\t\r") or "\ud800" <= c <= "\udfff"), ""
    )
    if odd:
        raise Rejected(
            "mission.bad_input",
            f"The {field} holds the control character U+{ord(odd):04X}.",
            hint="Take it out.",
        )
