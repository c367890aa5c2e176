"""What a user may do now from the command palette, and what it can be done to."""

from collections.abc import Iterable

import msgspec

from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.application.queries.actions import ACTIONS, Action, Choice
from missioncontrol.application.queries.agent_lives import lives
from missioncontrol.application.queries.approvals import queue
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.missions import MissionChoice, missions
from missioncontrol.application.queries.questions import questions
from missioncontrol.application.queries.repositories import repositories
from missioncontrol.application.queries.runs import RunItem, list_runs
from missioncontrol.application.queries.schedules import ScheduleView, schedules
from missioncontrol.application.queries.shelf import Shelf
from missioncontrol.application.read_model import Present
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.status import ENDED, MISSION_OPEN, OPEN
from missioncontrol.ports.read_tables import RunChoice

CHOICES_MAX = 50
"""Of each kind, the newest; older ones are found by search."""

WORKFLOWS_MAX = 200


class Palette(msgspec.Struct, frozen=True):
    """All actions that a user may do now."""

    actions: list[Action]
    choices: dict[str, list[Choice]]


async def palette(
    present: Present,
    shelf: Shelf,
    instruments: Instruments,
    principal: Principal,
    actions: Iterable[Action] = ACTIONS,
) -> Palette:
    """Return what `principal` may do now; an action that nothing can be done to is left out."""
    now = instruments.now
    choices = {
        **_runs(present),
        **_missions(present),
        **_of_schedules(schedules(present, instruments.calendar, now)[:CHOICES_MAX]),
        **_approvals(present, principal, now),
        "workflow": [
            Choice(each.name, each.name, each.description)
            for each in list((await shelf.listed()).values())[:WORKFLOWS_MAX]
        ],
        "agent": [_agent(life) for life in lives(present, instruments)[:WORKFLOWS_MAX]],
        "question": [
            Choice(each.question, each.title, f"{each.step} of {each.run}")
            for each in questions(present)[:CHOICES_MAX]
        ],
        "repository": [
            Choice(row.id, row.path.rpartition("/")[2] or row.path, row.path)
            for row in repositories(present, limit=CHOICES_MAX)
        ],
        "stage": await _stages(present),
    }
    mine = [action for action in actions if may_do(principal, action) and _can(action, choices)]
    asked = {argument.choices for action in mine for argument in action.arguments}
    return Palette(mine, {kind: found for kind, found in choices.items() if kind in asked})


def may_do(principal: Principal, action: Action) -> bool:
    """Whether a person has the permission for an action."""
    return action.needs == "sign_in" or principal.may(action.needs)


def _can(action: Action, choices: dict[str, list[Choice]]) -> bool:
    return all(choices[one.choices] for one in action.arguments if one.choices)


def _missions(present: Present) -> dict[str, list[Choice]]:
    found = [
        Choice(line.id, line.title, line.repository, line.status)
        for line in missions(present, MissionChoice(), limit=CHOICES_MAX)[0]
    ]
    return {
        "mission": found,
        "planned": [each for each in found if each.state == "planned"],
        "begun": [each for each in found if each.state in MISSION_OPEN],
        "over": [each for each in found if each.state in ENDED - {"succeeded"}],
    }


def _approvals(present: Present, principal: Principal, now: float) -> dict[str, list[Choice]]:
    """Return what others asked for; users can't decide about their own requests."""
    found: dict[str, list[Choice]] = {"approval": [], "own": []}
    for row in queue(present, now)[:CHOICES_MAX]:
        detail, bound = f"{row.risk} · {row.run}", {"digest": row.digest}
        choice = Choice(row.id, row.title or row.step, detail, row.state, bound)
        found["own" if row.author == principal.actor else "approval"].append(choice)
    return found


async def _stages(present: Present) -> list[Choice]:
    """Return the stages up to which work may be allowed, where it may not go all the way."""
    now = await present.find(OPERATION, STREAM)
    if now is None or now.stage == "all":
        return []
    return [
        Choice("all", "Everything works again"),
        Choice("drain", "What has begun goes on", "nothing new starts"),
        Choice("paused", "Only planning and answers", "no step starts"),
    ]


def _runs(present: Present) -> dict[str, list[Choice]]:
    newest = list_runs(present, RunChoice(), limit=CHOICES_MAX)
    live = list_runs(present, RunChoice(statuses=OPEN), limit=CHOICES_MAX)
    return {
        "run": _chosen(newest),
        "live": _chosen(live),
        "halted": _chosen(run for run in live if run.status == "halted"),
        "failed": _chosen(run for run in newest if run.status in ENDED - {"succeeded"}),
    }


def _chosen(runs: Iterable[RunItem]) -> list[Choice]:
    return [Choice(run.id, run.title, run.id, run.status) for run in runs]


def _agent(life: AgentLife) -> Choice:
    return Choice(life.name, life.name, life.declared.kind, life.status(0))


def _of_schedules(found: list[ScheduleView]) -> dict[str, list[Choice]]:
    every = [Choice(each.id, each.id, each.words, each.status) for each in found]
    return {
        "schedule": every,
        "active": [each for each in every if each.state == "active"],
        "paused": [each for each in every if each.state == "paused"],
    }
