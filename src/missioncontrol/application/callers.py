"""Who asks the engine: a person at a terminal, a part of Mission Control, or a step's program.

A process that descends from the program of a step is that step, whatever name it gives.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import AGENT, can_decide, is_agent, is_name, is_vouched, person
from missioncontrol.domain.principal import Asking
from missioncontrol.domain.run.states import Run

UNKNOWN_AGENT = f"{AGENT}unknown"
"""An agent at work whose step is not known here."""


class StepProgram(Protocol):
    """The step whose program asks; empty names where that is not known."""

    @property
    def run(self) -> str:
        """The id of its run."""
        ...

    @property
    def step(self) -> str:
        """The key of the step in its run."""
        ...


class Processes(Protocol):
    """What the operating system says about processes of this machine."""

    def is_trusted(self, pid: int) -> bool:
        """Whether `pid` is a part of Mission Control itself."""
        ...

    def program_of(self, pid: int) -> StepProgram | None:
        """Return the step that `pid` works for, or None where it works for none."""
        ...


Perform = Callable[[str, dict[str, Any], str, Asking | None], Awaitable[Any]]
Vouches = Callable[[str, Asking, str], Awaitable[bool]]
"""Whether a token permits its program to ask something, as an actor."""

FindRun = Callable[[str], Awaitable[Run | None]]


def agent_at_work(run: Run | None, step: str, os_user: str) -> tuple[str, str]:
    """Return the agent that works at a step, and the person for whom it does."""
    if run is None:
        return UNKNOWN_AGENT, f"user:{os_user}"
    found = run.steps.get(step)
    asked = (run.author, run.on_behalf, run.os_user)
    behind = next((name for name in asked if name and person(name)), f"user:{os_user}")
    return UNKNOWN_AGENT if found is None else f"{AGENT}{found.agent}", behind


def refuse_bad_actor(actor: str, on_behalf: Any, asking: Asking | None, *, os_user: str) -> None:
    """Refuse an actor that is neither a person nor an agent that acts for one.

    Names of users were checked when these were added.

    Raises:
        Rejected: `actor.bad_name`.
    """
    who = on_behalf if is_agent(actor) else actor
    is_readable = isinstance(who, str) and is_name(actor) and is_name(who) and person(who)
    is_user = asking is not None and asking.way != "os"
    if not is_readable or not (is_user or can_decide(who) or is_vouched(who, os_user)):
        raise Rejected(
            "actor.bad_name",
            f"{ascii(actor)[:80]} is no person who can ask for something.",
            hint="An actor is a person, such as user:alice, on one line with nothing hidden, under "
            "no name that Mission Control uses for itself; an agent acts on behalf of a person.",
        )


class Callers:
    """Passes on what processes ask, in the name that their ancestry gives them."""

    def __init__(
        self,
        perform: Perform,
        processes: Processes,
        find_run: FindRun,
        vouches: Vouches,
        os_user: str,
    ) -> None:
        """`perform` does what is asked, see `Office.perform`; `vouches` looks at tokens."""
        self._perform = perform
        self._vouches = vouches
        self._processes = processes
        self._find_run = find_run
        self._os_user = os_user

    async def perform(
        self,
        pid: int,
        verb: str,
        arguments: dict[str, Any],
        actor: str,
        asking: Asking | None,
        bearer: str = "",
    ) -> Any:
        """Do what process `pid` asks; `bearer` is the token that it was shown itself.

        Raises:
            Rejected: `control.not_the_console`, where it claims that a user is signed in, and
                shows no token of theirs.
            Unavailable: `control.gone`.
            MissionControlError: as `perform`.
        """
        if self._processes.is_trusted(pid):
            return await self._perform(verb, arguments, actor, asking)
        if asking is not None and asking.way != "os":
            if bearer and await self._vouches(actor, asking, bearer):
                return await self._perform(verb, arguments, actor, asking)
            raise Rejected(
                "control.not_the_console",
                f"Process {pid} is not the console of this engine, and can't say who signed in.",
                hint="Ask over HTTP, with a session or a token.",
            )
        program = self._processes.program_of(pid)
        if program is not None:
            run = await self._find_run(program.run)
            actor, behind = agent_at_work(run, program.step, self._os_user)
            arguments = {**arguments, "on_behalf": behind}
        return await self._perform(verb, arguments, actor, asking)
