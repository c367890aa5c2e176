"""A mission of as many tasks as a plan may have, written into the log as an engine would have."""

from pathlib import Path
from typing import Any

from missioncontrol.adapters.home import Home
from missioncontrol.domain import mission as m
from missioncontrol.domain.plan import TASKS_MAX, Phase, Plan, Requirement, Task
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import Step
from tests.console.hostile_mission import write_events

MISSION, RUN = "mission-large", "run-large"
PHASES = 10
TASKS_OF_ONE = 4
"""Tasks that serve one requirement."""


def write_large_mission(root: Path) -> None:
    """Write it into the home under `root`: planned, and begun."""
    home = Home(root / "home")
    home.make()
    write_events(home, RUN, _events(large_plan()))


def large_plan() -> Plan:
    """Return a plan of so many tasks, in phases of the same length."""
    wanted = [f"R{n}" for n in range(1, TASKS_MAX // TASKS_OF_ONE + 1)]
    requirements = tuple(
        Requirement(name, f"Ledger {name[1:]} keeps what was booked in it", source="goal")
        for name in wanted
    )
    tasks = [
        Task(
            f"book-{n:03}",
            f"Book entry {n} of ledger {n // TASKS_OF_ONE + 1}",
            f"Entry {n} is written and read again.",
            "writer",
            acceptance=(f"Entry {n} stands in its ledger after a restart.",),
            requirements=(wanted[n // TASKS_OF_ONE],),
        )
        for n in range(TASKS_MAX)
    ]
    size = TASKS_MAX // PHASES
    phases = tuple(
        Phase(f"quarter-{n}", f"Quarter {n}", "", tuple(tasks[n * size : (n + 1) * size]))
        for n in range(PHASES)
    )
    return Plan("Keep ledgers", "Keep ledgers.", "", (), (), phases, requirements, (), ())


def _events(plan: Plan) -> list[tuple[str, Any]]:
    steps = (Step("plan", "planner"), *(Step(task.key, "writer") for task in plan.tasks()))
    created = r.RunCreated(RUN, "mission", steps, 1, inputs={"goal": plan.goal}, mission=MISSION)
    return [
        (MISSION, m.MissionCreated(MISSION, plan.title, plan.goal, "", "", ())),
        (RUN, created),
        (MISSION, m.MissionStarted(RUN)),
        (RUN, r.RunStarted()),
        (MISSION, m.PlanAccepted(RUN, plan)),
        (RUN, r.RunSettled("cancelled")),
        (MISSION, m.MissionSettled(RUN, "cancelled")),
    ]
