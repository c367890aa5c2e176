"""Who types here, as the log names them.

Without sign-in a name is a claim. How far it is known does not appear here: the engine with the
home finds that out by itself, see `domain.person.is_vouched`.
"""

from collections.abc import Callable, Mapping

import msgspec

from missioncontrol.adapters.os_user import os_user
from missioncontrol.application.callers import agent_at_work
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import is_name, is_reserved, person
from missioncontrol.domain.run.states import Run

VARIABLE = "MISSION_ACTOR"
IN_ATTEMPT, IN_RUN, IN_STEP = "MISSION_ATTEMPT", "MISSION_RUN", "MISSION_STEP"
"""Set in the environment of every program that an agent starts."""


class Identity(msgspec.Struct, frozen=True):
    """A person at a terminal, or an agent at work."""

    actor: str  # such as `user:alice` or `agent:command`
    on_behalf: str = ""  # the person for whom an agent works


def identity(chosen: str | None, environment: Mapping[str, str]) -> Identity:
    """Return who types: `chosen` (--as), else MISSION_ACTOR, else the operating system's user.

    Raises:
        Rejected: `actor.bad_name`.
    """
    name = environment.get(VARIABLE) if chosen is None else chosen
    if not name and chosen is None:
        return Identity(f"user:{os_user()}")
    where = VARIABLE if chosen is None else "--as"
    if name is not None and is_reserved(name) and person(name) != person(os_user()):
        raise Rejected(
            "actor.bad_name",
            f"{ascii(name)[:80]} ({where}) is a name that Mission Control uses for something that "
            "is no person.",
            hint="Give the name of a person.",
        )
    if name is None or not is_name(name) or not person(f"user:{name}"):
        raise Rejected(
            "actor.bad_name",
            f"{ascii(name)[:80]} ({where}) is no person's name.",
            hint="A name is one line without a colon, with nothing hidden in it.",
        )
    return Identity(f"user:{name}")


def who_types(environment: Mapping[str, str], find: Callable[[str], Run | None]) -> Identity:
    """Return the person who types, or the agent whose program does, on behalf of a person.

    An agent's runs are the work of the person who began the run in which the agent works: that
    person can't decide about them, by whatever name. `find` reads a run; None where it is not
    here, and then the agent acts for the user of the operating system.

    Raises:
        Rejected: `actor.bad_name`, or `actor.by_agent` where an agent claims another name.
    """
    if not environment.get(IN_ATTEMPT):
        return identity(None, environment)
    run, step = find(environment.get(IN_RUN, "")), environment.get(IN_STEP, "")
    who = Identity(*agent_at_work(run, step, os_user()))
    claimed = environment.get(VARIABLE)
    if claimed and person(identity(None, environment).actor) != person(who.on_behalf):
        raise Rejected(
            "actor.by_agent",
            f"This command was started by an agent at work ({IN_ATTEMPT} is set) on behalf of "
            f"{who.on_behalf!r}, and can't be given as {claimed!r} ({VARIABLE}).",
            hint=f"Leave {VARIABLE} out.",
        )
    return who


def refuse_programs(environment: Mapping[str, str]) -> None:
    """Refuse where an agent's program types: it can't decide about its own work.

    Raises:
        Rejected: `approval.by_agent`.
    """
    if environment.get(IN_ATTEMPT):
        raise Rejected(
            "approval.by_agent",
            f"This command was started by an agent at work ({IN_ATTEMPT} is set), "
            "and agents can't decide about approvals.",
            hint="A person decides, in a terminal of their own.",
        )
