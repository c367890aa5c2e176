"""Operations on sessions of agent programs that people started."""

from typing import Any

from missioncontrol.application.agent_sessions import (
    AdoptAgentSession,
    Adopted,
    ReportSessions,
    SessionsKnown,
)
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.queries.agent_session import SESSION

ADOPT = Operation(
    name="agent_session.adopt",
    title="Adopt a session",
    text="Make a session that a person started a step of a run.\n\nThe run is one of the named "
    "mission, or of a new one that is called after the first prompt. Its transcript becomes the "
    "output of the step; what it used is charged; what it changed since it began is stored as a "
    "patch and as a commit in its repository. Rules were not enforced before the adoption.\n\n"
    "With an agent of its program, the session is continued here once it is over: the agent "
    "resumes its conversation in a tree that begins with what its checkout holds, under the rules "
    "of any other step. The checkout is only read. With a task of its repository, its work is that "
    "of the task: it is tested, inspected and merged as the repository says.",
    permission="operate",
    surfaces=BY_PEOPLE,
    command=AdoptAgentSession,
    returns=Adopted,
    handle=lambda office, command, actor: office.sessions.adopt(command, actor=actor),
    target=SESSION,
    body=Body("SessionAdopted", "What a session is adopted into, and who continues it."),
    terminal=Terminal(
        metavars={"mission": "RUN", "builder": "NAME", "task": "KEY", "reviewer": "NAME"},
        resolve={"mission": "mission"},
        done="The session is a step of {run} now.",
    ),
)

REPORT = Operation(
    name="agent_session.report",
    title="Report sessions",
    text="Report sessions of one's own on this machine; `mission agent watch` does it.",
    permission="operate",
    surfaces=frozenset(),  # Not over HTTP: each request would be an event, several a second.
    command=ReportSessions,
    returns=SessionsKnown,
    handle=lambda office, command, actor: office.sessions.report(command, actor=actor),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (ADOPT, REPORT)
