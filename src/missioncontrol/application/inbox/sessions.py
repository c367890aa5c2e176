"""Sessions of agent programs that wait for the person who started them."""

from collections.abc import Mapping

from missioncontrol.application.agent_sessions import AGENT_SESSIONS, STREAM, title_of
from missioncontrol.application.inbox.items import About, Group, Waiting
from missioncontrol.application.read_model import Present
from missioncontrol.domain.agent_session import TITLES, WAITS, AgentSession, AgentSessions, Wait
from missioncontrol.domain.person import person

GROUPS: Mapping[Wait, Group] = {"permission": "now", "question": "now", "prompt": "later"}
"""A session at its prompt blocks nothing: its person may be done with it."""


async def waiting_sessions(present: Present) -> list[Waiting]:
    """Return the sessions that wait, each for its own person."""
    known = await present.find(AGENT_SESSIONS, STREAM) or AgentSessions()
    return [_waiting(each, each.wait) for each in known.all.values() if each.wait is not None]


def _waiting(found: AgentSession, wait: Wait) -> Waiting:
    who, program = found.person.removeprefix("user:"), TITLES[found.program]

    def objection(actor: str) -> str:
        return "" if person(actor) == person(found.person) else f"It is a session of {who}."

    about = f"{found.text} · " if found.text else ""
    return Waiting(
        id=f"session:{found.id}",
        kind="session",
        title=f"{program} waits for {WAITS[wait]}: {title_of(found)}",
        detail=f"{about}Answer it in its terminal on {found.machine} in {found.directory}",
        about=About(run=found.run, id=found.id),
        href=f"/agents/sessions/{found.id}",
        since=found.since,
        group=GROUPS[wait],
        tone="ask",
        frees=title_of(found),
        who=who,
        # What it asks is answered where it runs; a session that is adopted has nothing else left.
        may_act=not found.run,
        objection=objection,
    )
