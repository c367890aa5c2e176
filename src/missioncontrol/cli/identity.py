"""Who types here, as the log names them, and how far that is known.

Without sign-in a name is a claim. The record says so: `os` where the operating system vouches for
the name, `claimed` where it was given, together with the user of the operating system who gave it.
"""

import getpass
import os
from collections.abc import Mapping

import msgspec

from missioncontrol.domain.approval.events import SignedIn
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import is_name, person

VARIABLE = "MISSION_ACTOR"
IN_ATTEMPT = "MISSION_ATTEMPT"
"""Set in the environment of every program that an agent starts."""


class Identity(msgspec.Struct, frozen=True):
    """Somebody at a terminal."""

    actor: str  # such as `user:alice`
    signed_in: SignedIn
    os_user: str  # "" where the operating system vouches for the actor itself


def identity(chosen: str | None, environment: Mapping[str, str]) -> Identity:
    """Return who types: `chosen` (--as), else MISSION_ACTOR, else the operating system's user.

    Raises:
        Rejected: `actor.bad_name`.
    """
    user = _user()
    name = environment.get(VARIABLE) if chosen is None else chosen
    if not name and chosen is None:
        return Identity(f"user:{user}", "os", "")
    where = VARIABLE if chosen is None else "--as"
    if name is None or not is_name(name) or not person(f"user:{name}"):
        raise Rejected(
            "actor.bad_name",
            f"{ascii(name)[:80]} ({where}) is no person's name.",
            hint="A name is one line without a colon, with nothing hidden in it.",
        )
    if name == user:
        return Identity(f"user:{user}", "os", "")
    return Identity(f"user:{name}", "claimed", user)


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


def _user() -> str:
    """Return the user whom this process belongs to, whatever LOGNAME and the like say."""
    try:
        import pwd
    except ImportError:
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
