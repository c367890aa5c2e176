"""The service of decisions: it changes their log, and takes decisions of plans into it."""

from typing import Annotated, Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.decision_files import FILES_MAX, DecisionFile, Import, intended
from missioncontrol.application.journal import Journal
from missioncontrol.domain.decision import (
    ChangeStatus,
    DecisionCommand,
    DecisionEvent,
    DecisionLog,
    LinkDecision,
    RecordDecision,
    Supersede,
    decide,
    evolve,
    unknown,
)
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.planned_decision import as_logged, planned_decisions

STREAM = "decisions"
PATH_MAX = 4_096

DECISIONS: Concept[DecisionLog, DecisionCommand, DecisionEvent] = Concept(decide, evolve, unknown)

Change = RecordDecision | ChangeStatus | Supersede | LinkDecision
"""What people do to a single decision."""


class DecisionNow(msgspec.Struct, frozen=True):
    """A decision after a change."""

    id: str
    status: str


class ImportDecisions(msgspec.Struct, frozen=True):
    """Take files of decisions into the log."""

    files: Annotated[tuple[DecisionFile, ...], msgspec.Meta(max_length=FILES_MAX)]
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # that they are in


class Decisions:
    """Changes the log of decisions."""

    def __init__(self, journal: Journal) -> None:
        """The log is read when a command arrives."""
        self._journal = journal

    async def change(self, command: Change, *, actor: str) -> DecisionNow:
        """Do what the command says; return the id of the decision and its status now.

        Raises:
            Rejected, NotFound: see `domain.decision.decide`; `decision.unknown_task`.
        """
        await self._journal.find(DECISIONS, STREAM)
        named, tasks = _decisions_in(command), _tasks_in(command)
        missions = await self._missions((*named, *tasks))
        _refuse_unknown_tasks(tasks, missions)
        # From here on nothing waits: what follows is one transaction, or nothing of it.
        missing = [name for name in named if name not in self._log().decisions]
        fresh = [self._of_plan(name, missions) for name in missing]
        commands: list[DecisionCommand] = [each for each in fresh if each is not None]
        commands.append(command)
        self._refuse_any(commands)
        made: list[Any] = []
        for each in commands:
            made = self._journal.tell(DECISIONS, STREAM, each, actor=actor)
        id_: str = made[0].id if isinstance(command, RecordDecision) else command.id
        return DecisionNow(id_, self._log().decisions[id_].status)

    async def take_files(self, command: ImportDecisions, *, actor: str) -> Import:
        """Take in what is new in the files, or changed since they were read, and say what was."""
        await self._journal.find(DECISIONS, STREAM)
        now = self._journal.clock.now()
        found = intended(self._log(), command.files, command.repository, now=now)
        for each in found.commands:
            self._journal.tell(DECISIONS, STREAM, each, actor=actor)
        return Import(found.lines)

    def _log(self) -> DecisionLog:
        log: DecisionLog = self._journal.others.get(STREAM) or DecisionLog({})
        return log

    def _refuse_any(self, commands: list[DecisionCommand]) -> None:
        """Decide all of them on a copy, so that one that is refused leaves nothing behind."""
        log, now = DecisionLog(dict(self._log().decisions)), self._journal.clock.now()
        for command in commands:
            for event in decide(command, log, now):
                log = evolve(log, event, now)

    async def _missions(self, names: tuple[str, ...]) -> dict[str, Mission]:
        """Return the missions that ids of decisions and tasks name, as far as they exist."""
        found: dict[str, Mission] = {}
        for name in {each.partition("/")[0] for each in names if "/" in each}:
            if name.startswith("mission-"):
                try:
                    found[name] = await self._journal.load_mission(name)
                except NotFound:
                    continue
        return found

    def _of_plan(self, name: str, missions: dict[str, Mission]) -> RecordDecision | None:
        """Return what puts a decision of a plan into the log; None where no plan has it."""
        mission = missions.get(name.partition("/")[0])
        planned = planned_decisions(mission.id, mission.plan) if mission and mission.plan else ()
        known = self._log().decisions
        found = next((e for e in (as_logged(p, known) for p in planned) if e.id == name), None)
        if mission is None or found is None:
            return None
        return RecordDecision(
            found.text,
            id=found.id,
            mission=mission.id,
            repository=mission.repository,
            tasks=found.tasks,
            files=found.files,
        )


def _decisions_in(command: Change) -> tuple[str, ...]:
    """Return the ids of the decisions that a command names, each once."""
    match command:
        case RecordDecision():
            named: tuple[str, ...] = command.supersedes
        case Supersede():
            named = (command.id, command.by)
        case _:
            named = (command.id,)
    return tuple(dict.fromkeys(named))


def _tasks_in(command: Change) -> tuple[str, ...]:
    """Return the tasks that a command links a decision to; those that it unlinks may be gone."""
    match command:
        case RecordDecision():
            return command.tasks
        case LinkDecision(remove=False):
            return command.tasks
        case _:
            return ()


def _refuse_unknown_tasks(tasks: tuple[str, ...], missions: dict[str, Mission]) -> None:
    for link in tasks:
        name, _, key = link.partition("/")
        mission = missions.get(name)
        known = mission.plan.tasks() if mission and mission.plan else iter(())
        if key not in {task.key for task in known}:
            raise Rejected(
                "decision.unknown_task",
                f"There is no task {link[:200]!r} here.",
                hint="Write MISSION/KEY; `mission show RUN` names the tasks of a run.",
            )
