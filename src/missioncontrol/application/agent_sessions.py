"""The service of agent sessions that people started: reports of them, and their adoption."""

import socket
from collections.abc import Callable
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import current_request
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import TITLE_MAX
from missioncontrol.domain.agent_session import (
    TITLES,
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
    refuse_adoption,
    unknown,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.mission import CreateMission, StartMission
from missioncontrol.domain.person import person
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step
from missioncontrol.ports.agent_sessions import Activity, ActivityStore
from missioncontrol.ports.ids import Ids

STREAM = "agent-sessions"
RECORDER = "outside-session"
"""The agent that records an adopted session to its end."""

WORKFLOW = "adopted-session"
OUTSIDE = "Started outside of Mission Control: no rule was enforced before the adoption."
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


class Adopted(msgspec.Struct, frozen=True):
    """A session and the run that records it."""

    session: str
    run: str
    mission: str


class SessionFinder(Protocol):
    """Says where a session is on this machine, and what it changed."""

    async def is_here(self, program: Program, session: str) -> bool:
        """Whether the file of the session is one of this user."""
        ...

    async def has_changes(self, directory: str, started: float) -> bool:
        """Whether a directory differs from the commit that it was at then."""
        ...


class SessionService:
    """Changes the sessions of the log, and keeps the rows of what they do."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        ids: Ids,
        store: ActivityStore,
        finder: SessionFinder,
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
        self._refuse_new_run = refuse_new_run
        self._adopt = adopt
        self._now = now
        self._latest: dict[str, tuple[Activity, float]] = {}  # with since when it stands so

    async def report(self, command: ReportSessions, *, actor: str) -> SessionsKnown:
        """Keep the rows, and note what changed in how sessions stand.

        Raises:
            Rejected: `agent_session.not_a_person`, `agent_session.of_others`.
        """
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
        """Begin a run that records a session to its end, and takes in what it changed.

        Raises:
            NotFound: `agent_session.unknown`, `mission.unknown`.
            Rejected: see `domain.agent_session.refuse_adoption`; `agent_session.elsewhere`.
            Unavailable: `operation.stopped`.
        """
        found = (await self._known()).all.get(command.session)
        if found is None:
            raise unknown(command.session)
        asking = current_request()
        may_others = asking is None or "govern" in asking.permissions
        refuse_adoption(found, actor, may_others=may_others, has_changes=True)
        await self._refuse_elsewhere(found)
        has_changes = await self._finder.has_changes(found.directory, found.started)
        refuse_adoption(found, actor, may_others=may_others, has_changes=has_changes)
        if command.mission:
            await self._journal.load_mission(command.mission)
        self._refuse_new_run(actor)
        await self._known()
        run = self._ids.new("run")
        adoption = AdoptSession(found.id, run, actor, may_others, has_changes)
        self._journal.tell(AGENT_SESSIONS, STREAM, adoption, actor=actor)
        mission = self._begin(found, run, command.mission, actor)
        self._adopt(run)
        return Adopted(found.id, run, mission)

    async def _refuse_elsewhere(self, found: AgentSession) -> None:
        is_here = found.machine == socket.gethostname()[:200]
        if not is_here or not await self._finder.is_here(found.program, found.id):
            raise Rejected(
                "agent_session.elsewhere",
                f"The session is on {found.machine}, and its file is out of the engine's reach.",
                hint="Adopt sessions that run as the user and on the machine of the engine.",
            )

    def _begin(self, found: AgentSession, run: str, mission: str, actor: str) -> str:
        """Create the run, and its mission where none is named; return the mission."""
        title = title_of(found)
        is_new, mission = not mission, mission or self._ids.new("mission")
        if is_new:
            create = CreateMission(mission, title[:TITLE_MAX], title, found.directory, OUTSIDE)
            self._journal.handle_mission(mission, create, actor=actor)
        inputs: dict[str, Any] = {
            "session": found.id,
            "program": found.program,
            "directory": found.directory,
            "started": found.started,
        }
        step = Step(
            "session",
            RECORDER,
            inputs=inputs,
            title=f"{TITLES[found.program]}: {title}"[:TITLE_MAX],
            risk="write",
            effects=("reads_files", "writes_repository"),
        )
        first = CreateRun(
            run, WORKFLOW, (step,), 1, inputs={"note": OUTSIDE}, mission=mission, author=actor
        )
        self._execution.create(first, actor=actor)
        if is_new:  # Of an existing one, the run that carries its plan out goes on to speak.
            self._journal.handle_mission(mission, StartMission(run), actor=actor)
        return mission

    async def is_over(self, session: str) -> bool:
        """Whether the log knows that a session has ended."""
        found = (await self._known()).all.get(session)
        return found is None or found.is_over

    async def _known(self) -> AgentSessions:
        return await self._journal.find(AGENT_SESSIONS, STREAM) or AgentSessions()


def title_of(found: AgentSession) -> str:
    """Return by what people know a session: its first prompt, else its program."""
    return found.title or f"A session of {TITLES[found.program]}"
