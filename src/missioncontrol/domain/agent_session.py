"""Sessions of agent programs that a person started: what the log keeps of each.

The log has few events of a session: that it was seen, that it waits for its person, that it works
again, its end, and its adoption into a run. What it does meanwhile is output and stands in rows
(`ports/agent_sessions.py`).
"""

from typing import Annotated, Literal, assert_never

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.person import person

Program = Literal["claude", "codex"]
TITLES: dict[Program, str] = {"claude": "Claude Code", "codex": "Codex"}

RECORDER = "outside-session"
"""The agent that records a session to its end."""

Wait = Literal["permission", "question", "prompt"]
WAITS: dict[Wait, str] = {
    "permission": "a permission",
    "question": "an answer",
    "prompt": "its next prompt",
}
"""What a session waits for, in words after "waits for"."""

Status = Literal["working", "waiting", "ended", "lost"]
End = Literal["ended", "lost"]

SESSIONS_MAX = 500
"""Sessions that are at hand; the oldest ones that have ended go first. The log has all."""

SESSION_ID = r"^[0-9A-Za-z][0-9A-Za-z_-]{7,99}$"
TEXT_MAX = 200
PATH_MAX = 1_000

SessionId = Annotated[str, Meta(pattern=SESSION_ID, description="The id that its program gives.")]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Place = Annotated[str, Meta(max_length=PATH_MAX)]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""

    session: str


class AgentSessionSeen(Event, frozen=True, kw_only=True):
    """A session of a person is there."""

    program: Program
    person: str
    machine: str
    directory: str
    started: float  # seconds since the epoch, by its own record
    version: str = ""
    branch: str = ""
    title: str = ""  # its first prompt


class AgentSessionWaiting(Event, frozen=True, kw_only=True):
    """The session waits for its person."""

    wait: Wait
    text: str = ""


class AgentSessionWorking(Event, frozen=True):
    """The session waits no longer, or works again after it had ended."""


class AgentSessionEnded(Event, frozen=True, kw_only=True):
    """The session is over; `lost` where its process went away without saying so."""

    how: End


class AgentSessionAdopted(Event, frozen=True, kw_only=True):
    """A person made the session a step of a run; no rule was enforced before that."""

    run: str
    by: str


SessionEvent = (
    AgentSessionSeen
    | AgentSessionWaiting
    | AgentSessionWorking
    | AgentSessionEnded
    | AgentSessionAdopted
)

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    AgentSessionSeen: ("agent_session_seen", 1),
    AgentSessionWaiting: ("agent_session_waiting", 1),
    AgentSessionWorking: ("agent_session_working", 1),
    AgentSessionEnded: ("agent_session_ended", 1),
    AgentSessionAdopted: ("agent_session_adopted", 1),
}
"""The lasting name and version of every event."""


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a session stands: it works, unless it waits or has ended."""

    wait: Wait | None = None
    text: Text = ""  # of what it waits for
    end: End | None = None


class NoteSession(msgspec.Struct, frozen=True):
    """Note a session, and how it stands now."""

    session: SessionId
    program: Program
    person: str
    machine: Text
    directory: Place
    started: float
    standing: Standing = Standing()
    version: Text = ""
    branch: Text = ""
    title: Text = ""


class AdoptSession(msgspec.Struct, frozen=True):
    """Make a session a step of a run."""

    session: SessionId
    run: str
    by: str
    may_others: bool  # whether the caller may adopt sessions of other people
    has_changes: bool  # whether its directory differs from the commit that it began at
    continues: bool = False  # whether an agent continues it, in place of a record to its end


SessionCommand = NoteSession | AdoptSession


class AgentSession(msgspec.Struct, frozen=True):
    """What is true of a session now. Times are seconds since the epoch; 0 is never."""

    id: str
    program: Program
    person: str
    machine: str
    directory: str
    started: float
    version: str
    branch: str
    title: str
    status: Status
    since: float  # it stands so
    wait: Wait | None = None
    text: str = ""  # of what it waits for
    run: str = ""  # that it was adopted into
    adopted_by: str = ""
    adopted: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in one way or the other."""
        return self.status in ("ended", "lost")


class AgentSessions(msgspec.Struct):
    """All of them, by id; the one that was seen first comes first."""

    all: dict[str, AgentSession] = {}


def decide(command: SessionCommand, known: AgentSessions | None, now: float) -> list[SessionEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `agent_session.of_others`, or as `refuse_adoption`.
        NotFound: `agent_session.unknown`.
    """
    del now
    found = (known or AgentSessions()).all.get(command.session)
    match command:
        case NoteSession():
            return _noted(command, found)
        case AdoptSession():
            return [_adopted(command, found)]
        case _:
            assert_never(command)


def _noted(command: NoteSession, found: AgentSession | None) -> list[SessionEvent]:
    events: list[SessionEvent] = []
    name, new = command.session, command.standing
    if found is None:
        fields = msgspec.structs.asdict(command)
        del fields["standing"]
        events.append(AgentSessionSeen(**fields))
        before = Standing()
    else:
        if person(found.person) != person(command.person):
            raise Rejected(
                "agent_session.of_others",
                f"Session {name!r} is one of {found.person}.",
                hint="Each person reports the sessions of their own.",
            )
        before = _standing(found)
    if new.end is not None:
        return events if before.end == new.end else [*events, AgentSessionEnded(name, how=new.end)]
    if new.wait is not None:
        is_same = before.end is None and (before.wait, before.text) == (new.wait, new.text)
        return (
            events
            if is_same
            else [
                *events,
                AgentSessionWaiting(name, wait=new.wait, text=new.text),
            ]
        )
    return events if before == Standing() else [*events, AgentSessionWorking(name)]


def _standing(found: AgentSession) -> Standing:
    match found.status:
        case "ended" | "lost" as end:
            return Standing(end=end)
        case _:
            return Standing(found.wait, found.text)


def _adopted(command: AdoptSession, found: AgentSession | None) -> AgentSessionAdopted:
    if found is None:
        raise unknown(command.session)
    refuse_adoption(
        found,
        command.by,
        may_others=command.may_others,
        has_changes=command.has_changes,
        continues=command.continues,
    )
    return AgentSessionAdopted(found.id, run=command.run, by=command.by)


def refuse_adoption(
    found: AgentSession, by: str, *, may_others: bool, has_changes: bool, continues: bool = False
) -> None:
    """Refuse an adoption that has no sense, or that the caller may not ask for.

    Raises:
        Rejected: `agent_session.adopted`, `.not_yours`, `.no_changes` or `.at_work`.
    """
    if found.run:
        raise Rejected(
            "agent_session.adopted",
            f"The session is adopted already: it is a step of {found.run}.",
            hint=f"`mission show {found.run}` shows it.",
        )
    if person(found.person) != person(by) and not may_others:
        raise Rejected(
            "agent_session.not_yours",
            f"The session is one of {found.person.removeprefix('user:')}; "
            "adopting sessions of others needs the permission 'govern'.",
            hint="Ask that person, or an admin of this workspace.",
        )
    if continues and not found.is_over:
        raise Rejected(
            "agent_session.at_work",
            f"The session is {found.status} in a terminal on {found.machine}, and two can't "
            "continue it at once.",
            hint=f"End it there, in {found.directory} (`/exit`, or Ctrl-C twice). It is listed as "
            "ended some seconds later, as long as `mission agent watch` is at work.",
        )
    if found.is_over and not has_changes and not continues:
        raise Rejected(
            "agent_session.no_changes",
            "The session is over, and its directory is as it was when the session began.",
            hint="There is nothing that a run could record. An agent can continue it.",
        )


def evolve(known: AgentSessions | None, event: SessionEvent, at: float) -> AgentSessions:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    known = known or AgentSessions()
    if isinstance(event, AgentSessionSeen):
        fields = msgspec.structs.asdict(event)
        del fields["session"]
        known.all[event.session] = AgentSession(
            id=event.session, status="working", since=at, **fields
        )
        _bound(known.all)
        return known
    found = known.all.get(event.session)
    if found is None:
        return known  # It is out of those that are at hand.
    known.all[event.session] = _changed(found, event, at)
    return known


def _changed(found: AgentSession, event: SessionEvent, at: float) -> AgentSession:
    replace = msgspec.structs.replace
    match event:
        case AgentSessionWaiting():
            return replace(found, status="waiting", since=at, wait=event.wait, text=event.text)
        case AgentSessionWorking():
            return replace(found, status="working", since=at, wait=None, text="")
        case AgentSessionEnded():
            return replace(found, status=event.how, since=at, wait=None, text="")
        case AgentSessionAdopted():
            return replace(found, run=event.run, adopted_by=event.by, adopted=at)
        case AgentSessionSeen():
            raise Corrupt("agent_session.two_beginnings", f"{event.session!r} was seen twice.")
        case _:
            assert_never(event)


def _bound(sessions: dict[str, AgentSession]) -> None:
    while len(sessions) > SESSIONS_MAX:
        over = (name for name, each in sessions.items() if each.is_over)
        del sessions[next(over, next(iter(sessions)))]


def unknown(session: str) -> NotFound:
    """Say that there is no such session."""
    return NotFound(
        "agent_session.unknown",
        f"There is no session {session[:80]!r} here.",
        hint="`mission agent sessions` lists them.",
    )
