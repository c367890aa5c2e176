"""The service of agent sessions that people started: reports of them, and their adoption."""

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from missioncontrol.application.agent_runs import INSTRUCTION_MAX, SECONDS_MAX, name_of
from missioncontrol.application.agents import Agents
from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import current_request
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import TITLE_MAX
from missioncontrol.application.runs import Origin, Runs
from missioncontrol.application.task_runs import SessionWork, TaskRuns
from missioncontrol.application.work_items import WorkItemService
from missioncontrol.application.workflows import Workflows
from missioncontrol.domain.agent_session import (
    RECORDER,
    TITLES,
    WAITS,
    AdoptSession,
    AgentSession,
    AgentSessions,
    NoteSession,
    Program,
    SessionCommand,
    SessionEvent,
    SessionId,
    Standing,
    decide,
    evolve,
    unknown,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.mission import CreateMission, StartMission
from missioncontrol.domain.person import person
from missioncontrol.domain.repository.events import SessionAtWork
from missioncontrol.domain.repository.process import RECORD
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step
from missioncontrol.ports.agent_sessions import Activity, ActivityStore, Checkout, Snapshot
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.ids import Ids

STREAM = "agent-sessions"
WORKFLOW = "adopted-session"
OUTSIDE = "Started outside of Mission Control: no rule was enforced before the adoption."
GO_ON = "Go on where this session stopped, and finish what its last request asks for."
WAIT_SECONDS = 5.0
"""A wait is an event once it lasted so long: what a person answers at once is chatter."""

REPORT_MAX = 500

AGENT_SESSIONS: Concept[AgentSessions, SessionCommand, SessionEvent] = Concept(
    decide, evolve, unknown
)


class ReportSessions(msgspec.Struct, frozen=True):
    """Report sessions of one's own on this machine that changed."""

    rows: Annotated[tuple[Activity, ...], Meta(max_length=REPORT_MAX)] = ()


class SessionsKnown(msgspec.Struct, frozen=True):
    """Sessions of the caller that are not over, as far as the log knows."""

    open: tuple[str, ...]


class AdoptAgentSession(msgspec.Struct, frozen=True):
    """Make a session a step of a run."""

    session: SessionId
    mission: Annotated[
        str, Meta(max_length=100, description="The mission that it is a run of; else a new one.")
    ] = ""
    builder: Annotated[
        str,
        Meta(
            max_length=127,
            description="The agent that continues it; empty to record it to its end.",
        ),
    ] = ""
    instruction: Annotated[
        str,
        Meta(max_length=INSTRUCTION_MAX, description="What that agent is to do next."),
    ] = ""
    task: Annotated[
        str,
        Meta(max_length=200, description="The key of the repository's task whose work it is."),
    ] = ""
    reviewer: Annotated[
        str,
        Meta(
            max_length=127,
            description="The agent that reviews the work of the task; empty for rules alone.",
        ),
    ] = ""


class Adopted(msgspec.Struct, frozen=True):
    """A session and the run that records it."""

    session: str
    run: str
    mission: str  # "" of a task of a repository


class SessionFinder(Protocol):
    """Says where a session is on this machine, and what it changed."""

    async def is_here(self, program: Program, session: str) -> bool:
        """Whether the file of the session is one of this user."""
        ...

    async def has_changes(self, directory: str, started: float) -> bool:
        """Whether a directory differs from the commit that it was at then."""
        ...

    async def base(self, directory: str, started: float) -> str:
        """Return the commit that a directory was at then; "" where there was none."""
        ...

    async def checkout(self, directory: str, repository: str, into: str, base: str) -> Checkout:
        """Say how a directory and its base stand to a checkout of a repository and a branch."""
        ...

    async def snapshot(
        self,
        program: Program,
        session: str,
        directory: str,
        started: float,
        without: Sequence[str] = (),
    ) -> Snapshot:
        """Return a session as it is now, without some paths; its checkout is only read.

        Raises:
            Rejected: `agent_session.no_checkout`, `agent_session.too_large`.
        """
        ...


class Parts(Protocol):
    """The services with which a run begins."""

    agents: Agents
    workflows: Workflows
    runs: Runs
    task_runs: TaskRuns
    work_items: WorkItemService


class _StoredSession(msgspec.Struct, frozen=True):
    """A session as it was stored: a commit, and SHA-256 of its changes and of its file."""

    base: str
    changes: str
    record: str


class SessionService:
    """Changes the sessions of the log, and keeps the rows of what they do."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        ids: Ids,
        store: ActivityStore,
        finder: SessionFinder,
        parts: Parts,
        artifacts: ArtifactStore,
        *,
        refuse_new_run: Callable[[str], None],
        adopt: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        """`adopt` has the engine carry a run out; `refuse_new_run` raises where none may begin."""
        self.store = store
        self._journal = journal
        self._execution = execution
        self._ids = ids
        self._finder = finder
        self._parts = parts
        self._artifacts = artifacts
        self._one_at_a_time = asyncio.Lock()
        self._refuse_new_run = refuse_new_run
        self._adopt = adopt
        self._now = now
        self._latest: dict[str, tuple[Activity, float]] = {}  # with since when it stands so

    async def report(self, command: ReportSessions, *, actor: str) -> SessionsKnown:
        """Keep the rows, and note what changed in how sessions stand.

        Raises:
            Rejected: `agent_session.not_here`, `agent_session.not_a_person`,
                `agent_session.of_others`.
        """
        if current_request() is not None:  # Over HTTP, any directory could be named.
            raise Rejected(
                "agent_session.not_here",
                "Sessions are reported by the machine on which they run, not by signing in.",
                hint="Run `mission agent watch` there.",
            )
        if not person(actor):
            raise Rejected(
                "agent_session.not_a_person",
                f"{actor!r} is a program; sessions are those of people.",
                hint="Run `mission agent watch` as yourself.",
            )
        known = await self._known()
        own = {name for name, each in known.all.items() if person(each.person) == person(actor)}
        rows = [
            each for each in command.rows if each.session in own or each.session not in known.all
        ]
        if rows:
            self.store.save(rows)
        for row in rows:
            before, since = self._latest.pop(row.session, (row, self._now()))
            is_same = before.standing == row.standing
            self._latest[row.session] = row, since if is_same else self._now()
        while len(self._latest) > REPORT_MAX:
            del self._latest[next(iter(self._latest))]
        for row, since in list(self._latest.values()):
            self._note(known, row, since, actor)
        found = await self._known()
        return SessionsKnown(
            tuple(
                each.id
                for each in found.all.values()
                if not each.is_over and person(each.person) == person(actor)
            )
        )

    def _note(self, known: AgentSessions, row: Activity, since: float, actor: str) -> None:
        found = known.all.get(row.session)
        if found is not None and person(found.person) != person(actor):
            return
        standing = row.standing
        if standing.wait is not None and self._now() < since + WAIT_SECONDS:
            if found is not None:
                return
            standing = Standing()
        command = NoteSession(
            row.session,
            row.program,
            actor,
            row.machine,
            row.directory,
            row.started,
            standing,
            row.version,
            row.branch,
            row.title,
        )
        self._journal.tell(AGENT_SESSIONS, STREAM, command, actor=actor)

    async def adopt(self, command: AdoptAgentSession, *, actor: str) -> Adopted:
        """Begin a run that records a session to its end, or in which an agent continues it.

        Raises:
            NotFound: `agent_session.unknown`, `agent.unknown`, `mission.unknown`,
                `work_item.unknown`.
            Rejected: see `domain.agent_session.refuse_adoption`; `agent_session.elsewhere`,
                `.bad_input`, `.other_program`, `.other_repository`, `.no_checkout`, `.too_large`;
                for a task, as `application.task_runs`.
            Conflict: `repository.at_work`, `repository.scope_taken`.
            Unavailable: `operation.stopped`.
        """
        _refuse_bad(command)
        async with self._one_at_a_time:
            found = (await self._known()).all.get(command.session)
            if found is None:
                raise unknown(command.session)
            adoption = await self._adoption(command, found, actor)
            if command.mission:
                await self._journal.load_mission(command.mission)
            self._refuse_new_run(actor)
            snapshot = None
            if command.builder:
                self._refuse_other_program(command.builder, found)
                snapshot = await self._snapshot(found, RECORD if command.task else ())
            if command.task:
                run, mission = await self._begin_task(command, found, snapshot, actor), ""
            elif snapshot is not None:
                run, mission = await self._continue(command, found, snapshot, actor)
            else:
                run, mission = self._record(command, found, actor)
            adopted = msgspec.structs.replace(adoption, run=run)
            self._journal.tell(AGENT_SESSIONS, STREAM, adopted, actor=actor)
        self._adopt(run)
        return Adopted(found.id, run, mission)

    async def _adoption(
        self, command: AdoptAgentSession, found: AgentSession, actor: str
    ) -> AdoptSession:
        """Return the adoption, whose run is not known yet; refuse one that can't be."""
        asking = current_request()
        adoption = AdoptSession(
            found.id,
            "",
            actor,
            may_others=asking is None or "govern" in asking.permissions,
            has_changes=True,
            continues=bool(command.builder),
        )
        known = await self._known()
        decide(adoption, known, 0.0)
        await self._refuse_elsewhere(found)
        has_changes = await self._finder.has_changes(found.directory, found.started)
        adoption = msgspec.structs.replace(adoption, has_changes=has_changes)
        decide(adoption, known, 0.0)
        return adoption

    async def _refuse_elsewhere(self, found: AgentSession) -> None:
        is_here = found.machine == socket.gethostname()[:200]
        if not is_here or not await self._finder.is_here(found.program, found.id):
            raise Rejected(
                "agent_session.elsewhere",
                f"The session is on {found.machine}, and its file is out of the engine's reach.",
                hint="Adopt sessions that run as the user and on the machine of the engine.",
            )

    def _refuse_other_program(self, agent: str, found: AgentSession) -> None:
        """Refuse an agent that can't continue a session; only Claude Code resumes its own."""
        self._parts.agents.refuse_failed([agent])
        declared = self._parts.agents.life(agent).declared
        is_here = declared.location == "here"
        if declared.kind == found.program and is_here:
            return
        what = f"is of kind {declared.kind}" if is_here else f"works on {declared.location}"
        raise Rejected(
            "agent_session.other_program",
            f"Agent {agent!r} {what}; a session of {TITLES[found.program]} is continued by an "
            f"agent of kind {found.program} on this machine.",
            hint=f"`mission agent add NAME --kind {found.program}` declares one.",
        )

    async def _snapshot(self, found: AgentSession, without: Sequence[str]) -> _StoredSession:
        """Store what an agent needs to continue a session; the run is bound to its digests."""
        taken = await self._finder.snapshot(
            found.program, found.id, found.directory, found.started, without
        )
        put = self._artifacts.put
        changes = await asyncio.to_thread(put, taken.patch) if taken.patch else ""
        return _StoredSession(taken.base, changes, await asyncio.to_thread(put, taken.record))

    def _mission(self, command: AdoptAgentSession, found: AgentSession, actor: str) -> str:
        """Return the mission of a run, a new one where none is named."""
        if command.mission:
            return command.mission
        mission, title = self._ids.new("mission"), title_of(found)
        create = CreateMission(mission, title[:TITLE_MAX], title, found.directory, OUTSIDE)
        self._journal.handle_mission(mission, create, actor=actor)
        return mission

    def _begun(self, command: AdoptAgentSession, mission: str, run: str, actor: str) -> None:
        if not command.mission:  # Of an existing one, the run that carries its plan out speaks.
            self._journal.handle_mission(mission, StartMission(run), actor=actor)

    def _record(
        self, command: AdoptAgentSession, found: AgentSession, actor: str
    ) -> tuple[str, str]:
        """Create the run that records a session; return it and its mission."""
        mission, run = self._mission(command, found, actor), self._ids.new("run")
        step = Step(
            "session",
            RECORDER,
            inputs=_recorded(found),
            title=_titled(found),
            risk="write",
            effects=("reads_files", "writes_repository"),
        )
        first = CreateRun(
            run, WORKFLOW, (step,), 1, inputs={"note": OUTSIDE}, mission=mission, author=actor
        )
        self._execution.create(first, actor=actor)
        self._begun(command, mission, run, actor)
        return run, mission

    async def _continue(
        self, command: AdoptAgentSession, found: AgentSession, stored: _StoredSession, actor: str
    ) -> tuple[str, str]:
        """Create the run in which an agent continues a session; return it and its mission."""
        name = f"continue-{name_of(command.builder).removeprefix('run-')}"
        text = _continuing_text(name, command.builder)
        saved = await self._parts.workflows.save(text, f"{name}.json", actor=actor)
        inputs = {
            "instruction": command.instruction.strip() or GO_ON,
            "repository": found.directory,
            "base": stored.base,
            "session": _continued(found, stored),
        }
        prepared = await self._parts.runs.prepare(name, saved.version, inputs)
        mission = self._mission(command, found, actor)
        # Who wrote the change in the session does not approve it alone either.
        on_behalf = found.person if found.person != actor else ""
        run = self._parts.runs.begin(prepared, Origin(actor, on_behalf, mission=mission))
        self._begun(command, mission, run, actor)
        return run, mission

    async def _begin_task(
        self,
        command: AdoptAgentSession,
        found: AgentSession,
        stored: _StoredSession | None,
        actor: str,
    ) -> str:
        """Make the work of a session that of a task of its repository; return the run."""
        asked = await self._parts.work_items.builders(
            command.task, command.builder or RECORDER, command.reviewer
        )
        base = stored.base if stored else await self._finder.base(found.directory, found.started)
        checkout = await self._finder.checkout(found.directory, asked.path, asked.into, base)
        if not checkout.is_same:
            raise Rejected(
                "agent_session.other_repository",
                f"The session works in {found.directory}, which is no checkout of "
                f"{asked.path}, the repository of {command.task}.",
                hint="Name a task of that repository, or adopt the session without one.",
            )
        if not checkout.has_base:  # What else the checkout has is no change of the session.
            asked = msgspec.structs.replace(asked, head=base, update=True)
        given = _recorded(found) if stored is None else _continued(found, stored)
        given["instruction"] = command.instruction.strip()
        return await self._parts.task_runs.begin(
            asked, actor=actor, session=SessionWork(_at_work(found, stored), base, given)
        )

    async def is_adopted(self, session: str, directory: str) -> bool:
        """Whether a session that works in a directory is a step of a run.

        No other one is recorded, and no other checkout is read, whatever a workflow says.
        """
        found = (await self._known()).all.get(session)
        return found is not None and bool(found.run) and found.directory == directory

    async def is_over(self, session: str) -> bool:
        """Whether the log knows that a session has ended."""
        found = (await self._known()).all.get(session)
        return found is None or found.is_over

    async def _known(self) -> AgentSessions:
        return await self._journal.find(AGENT_SESSIONS, STREAM) or AgentSessions()


def title_of(found: AgentSession) -> str:
    """Return by what people know a session: its first prompt, else its program."""
    return found.title or f"A session of {TITLES[found.program]}"


def _refuse_bad(command: AdoptAgentSession) -> None:
    """Refuse what does not go together.

    Raises:
        Rejected: `agent_session.bad_input`.
    """
    fault = ""
    if command.mission and command.task:
        fault = "A session becomes a run of a mission or the work of a task, not both."
    elif command.instruction.strip() and not command.builder:
        fault = "An instruction needs an agent that follows it; a recorded session has its person."
    elif command.reviewer and not command.task:
        fault = "A reviewer looks at the work of a task, and none is named."
    if fault:
        raise Rejected("agent_session.bad_input", fault, hint="Leave one of them out.")


def _titled(found: AgentSession) -> str:
    return f"{TITLES[found.program]}: {title_of(found)}"[:TITLE_MAX]


def _recorded(found: AgentSession) -> dict[str, Any]:
    return {
        "session": found.id,
        "program": found.program,
        "directory": found.directory,
        "started": found.started,
    }


def _continued(found: AgentSession, stored: _StoredSession) -> dict[str, Any]:
    return {
        "id": found.id,
        "record": stored.record,
        "directory": found.directory,
        "changes": stored.changes,
    }


def _at_work(found: AgentSession, stored: _StoredSession | None) -> SessionAtWork:
    name = f"{TITLES[found.program]} of {found.person.removeprefix('user:')}"
    waits = f"It waits for {WAITS[found.wait]}." if found.wait is not None else ""
    follows = stored is None and not found.is_over
    return SessionAtWork(id=found.id, name=name, person=found.person, follows=follows, waits=waits)


def _continuing_text(name: str, agent: str) -> str:
    """Return the workflow in which an agent continues a session."""
    step = {
        "title": f"Continue the session with {agent}",
        "agent": agent,
        "timeout": {"run": SECONDS_MAX},
        "effects": ["writes_repository"],
        "with": {
            "prompt": "${{ inputs.instruction }}",
            "repository": "${{ inputs.repository }}",
            "base": "${{ inputs.base }}",
            "former": "${{ inputs.session.changes }}",
            "session": "${{ inputs.session }}",
            "keep": True,
        },
    }
    definition = {
        "name": name,
        "description": f"{agent} continues the session of a person.",
        "inputs": {
            "instruction": {"type": "string"},
            "repository": {"type": "path"},
            "base": {"type": "string"},
            "session": {"type": "object"},
        },
        "steps": {"session": step},
    }
    return json.dumps(definition, indent=2, ensure_ascii=False) + "\n"
