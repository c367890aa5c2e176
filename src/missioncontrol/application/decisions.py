"""The way in for people who decide: decisions recorded, judged, replaced, linked and imported."""

from typing import Annotated, Any, Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.decision_files import DecisionFile, Import, intended
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
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.planned_decision import as_logged, planned_decisions

STREAM = "decisions"
PATH_MAX = 4_096

DECISIONS: Concept[DecisionLog, DecisionCommand, DecisionEvent] = Concept(decide, evolve, unknown)

Verb = Literal["record", "accept", "reject", "deprecate", "supersede", "link", "unlink"]


class DecisionAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wants of a decision."""

    verb: Verb
    id: str = ""  # D7, or <mission>/D1; not where one is recorded
    text: DecisionText | None = None  # where one is recorded
    status: Literal["proposed", "accepted"] = "proposed"  # likewise
    supersedes: tuple[str, ...] = ()  # likewise
    by: str = ""  # what takes its place
    tasks: tuple[str, ...] = ()  # <mission>/<key>
    files: tuple[str, ...] = ()  # relative to the repository
    reason: str = ""


class DecisionsImported(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files of decisions, to be taken into the log."""

    files: tuple[DecisionFile, ...]
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # that they are in


class Decisions:
    """Changes the log of decisions."""

    def __init__(self, journal: Journal) -> None:
        """The log is read when somebody asks."""
        self._journal = journal

    async def take(self, ask: DecisionAsked, *, actor: str) -> dict[str, Any]:
        """Do what is asked; return the id of the decision and how it stands.

        Raises:
            Rejected, NotFound: see `domain.decision.decide`; `decision.unknown_task`.
        """
        await self._journal.find(DECISIONS, STREAM)
        missions = await self._missions(ask)
        self._refuse_unknown_tasks(ask, missions)
        # From here on nothing waits: what follows is one transaction, or nothing of it.
        fresh = [self._of_plan(name, missions) for name in self._named(ask)]
        commands = [*(each for each in fresh if each is not None), _command(ask)]
        self._refuse_any(commands)
        made: list[Any] = []
        for command in commands:
            made = self._journal.tell(DECISIONS, STREAM, command, actor=actor)
        id_ = ask.id if ask.verb != "record" else made[0].id
        return {"id": id_, "status": self._log().decisions[id_].status}

    async def take_files(self, ask: DecisionsImported, *, actor: str) -> dict[str, Any]:
        """Take in what is new in the files, or changed since they were read, and say what was."""
        await self._journal.find(DECISIONS, STREAM)
        found = intended(self._log(), ask.files, ask.repository, now=self._journal.clock.now())
        for command in found.commands:
            self._journal.tell(DECISIONS, STREAM, command, actor=actor)
        told: dict[str, Any] = msgspec.to_builtins(Import(found.lines))
        return told

    def _log(self) -> DecisionLog:
        log: DecisionLog = self._journal.others.get(STREAM) or DecisionLog({})
        return log

    def _refuse_any(self, commands: list[DecisionCommand]) -> None:
        """Decide all of them on a copy, so that one that is refused leaves nothing behind."""
        log, now = DecisionLog(dict(self._log().decisions)), self._journal.clock.now()
        for command in commands:
            for event in decide(command, log, now):
                log = evolve(log, event, now)

    def _named(self, ask: DecisionAsked) -> list[str]:
        """Return the decisions that `ask` names and the log does not have yet."""
        names = [ask.id if ask.verb != "record" else "", ask.by, *ask.supersedes]
        return [name for name in dict.fromkeys(names) if name and name not in self._log().decisions]

    async def _missions(self, ask: DecisionAsked) -> dict[str, Mission]:
        """Return the missions that are named, as far as they exist."""
        named = [ask.id, ask.by, *ask.supersedes]
        tasks = ask.tasks if ask.verb != "unlink" else ()
        found: dict[str, Mission] = {}
        for name in {each.partition("/")[0] for each in (*named, *tasks) if "/" in each}:
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

    def _refuse_unknown_tasks(self, ask: DecisionAsked, missions: dict[str, Mission]) -> None:
        for link in ask.tasks if ask.verb in ("link", "record") else ():
            name, _, key = link.partition("/")
            mission = missions.get(name)
            tasks = mission.plan.tasks() if mission and mission.plan else iter(())
            if key not in {task.key for task in tasks}:
                raise Rejected(
                    "decision.unknown_task",
                    f"There is no task {link[:200]!r} here.",
                    hint="Write MISSION/KEY; `mission show RUN` names the tasks of a run.",
                )


def _command(ask: DecisionAsked) -> DecisionCommand:
    match ask.verb:
        case "record":
            text = ask.text or DecisionText("")
            return RecordDecision(
                text,
                ask.status,
                supersedes=ask.supersedes,
                tasks=ask.tasks,
                files=ask.files,
            )
        case "accept":
            return ChangeStatus(ask.id, "accepted", ask.reason)
        case "reject":
            return ChangeStatus(ask.id, "rejected", ask.reason)
        case "deprecate":
            return ChangeStatus(ask.id, "deprecated", ask.reason)
        case "supersede":
            return Supersede(ask.id, ask.by, ask.reason)
        case "link" | "unlink":
            return LinkDecision(ask.id, ask.tasks, ask.files, remove=ask.verb == "unlink")
