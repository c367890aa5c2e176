"""How a mission stands, with all that decides about its next action; read from rows and its run."""

from collections import Counter

from missioncontrol.application.queries.halts import needs_of
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.domain.building import KINDS_THAT_BUILD, PATCH
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.mission_action import MissionProgress, MissionStand
from missioncontrol.domain.plan_answers import OpenPoint, open_points
from missioncontrol.domain.run.states import Held
from missioncontrol.domain.status import Status

AGENTS_MAX = 500
STUCK = ("failed", "blocked", "cancelled")


def stand_of(story: RunReport, present: Present, status: Status) -> MissionStand:
    """Return what decides about the next action of a mission with `status`."""
    plan, run = story.reading.plan, story.state
    return MissionStand(
        status,
        progress_of(story),
        present.statuses.around.asks.get(run.id, ()),
        sum(not each.answer for each in points_of(story)),
        bool(needs_of(run.halt)),
        bool(story.mission.repository),
        plan.design is not None,
        builders(present),
        any(each.artifact.name == PATCH for each in story.reading.exhibits),
    )


def points_of(story: RunReport) -> tuple[OpenPoint, ...]:
    """Return the questions of the plan of a run, with the answers that people gave."""
    return open_points(story.reading.plan, story.mission.answers)


def progress_of(story: RunReport) -> MissionProgress:
    """Count the tasks of a plan by where they stand."""
    run, tasks = story.state, story.reading.record.tasks
    held = sum(isinstance(run.states.get(one.task.key), Held) for one in tasks)
    count = Counter(one.state for one in tasks)
    stuck = sum(count[state] for state in STUCK)
    return MissionProgress(len(tasks), count["succeeded"], count["running"], held, stuck)


def builders(present: Present) -> tuple[str, ...]:
    """Return the agents that take steps and can change the code of a mission, by name."""
    lives: list[AgentLife] = present.board.listed("agent", is_open=True, limit=AGENTS_MAX)
    able = (each for each in lives if each.may_begin and each.declared.kind in KINDS_THAT_BUILD)
    return tuple(sorted(each.name for each in able))
