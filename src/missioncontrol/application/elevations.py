"""Wider modes of agents, as people ask for them, agree to them and end them."""

from typing import Literal

import msgspec

from missioncontrol.application.agents import Agents
from missioncontrol.application.current_request import current_request
from missioncontrol.domain.elevation import Mode
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.lifecycle.commands import (
    ApproveElevation,
    AskElevation,
    Elevating,
    EndElevation,
)
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.person import is_vouched


class ElevationWished(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person says about a wider mode of an agent, as it may come from another process."""

    verb: Literal["ask", "approve", "refuse", "end"]
    name: str
    reason: str = ""
    modes: tuple[Mode, ...] = ()  # with `ask`
    paths: tuple[str, ...] = ()  # with `ask`
    seconds: float = 0.0  # with `ask`
    elevation: str = ""  # with `approve` and `refuse`


class Elevations:
    """The service to request, answer and end elevations."""

    def __init__(self, agents: Agents, os_user: str) -> None:
        """`os_user` is the user of the operating system whose home this is."""
        self._agents = agents
        self._os_user = os_user

    async def take(self, ask: ElevationWished, *, actor: str) -> AgentLife:
        """Do what a person says; return how the agent stands then.

        Raises:
            Rejected: `elevation.no_mode`, and see `domain.lifecycle.elevation_rules`.
            NotFound: `agent.unknown`, `elevation.unknown`.
        """
        if ask.verb == "ask":
            self._refuse_idle(ask)
        return self._agents.elevate(ask.name, self._command(ask, actor), actor=actor)

    def _command(self, ask: ElevationWished, actor: str) -> Elevating:
        # A signed-in user needs no other proof, nor does the user whose home this is.
        is_known = current_request() is not None or is_vouched(actor, self._os_user)
        os_user = "" if is_known else self._os_user
        match ask.verb:
            case "ask":
                return AskElevation(ask.modes, ask.paths, ask.reason, ask.seconds, actor, os_user)
            case "approve":
                return ApproveElevation(ask.elevation, actor, os_user, ask.reason)
            case "refuse" | "end":
                return EndElevation(actor, ask.elevation, ask.reason)

    def _refuse_idle(self, ask: ElevationWished) -> None:
        """Refuse a mode that would change nothing: no user shall believe that it did."""
        life = self._agents.life(ask.name)
        known = self._agents.card(ask.name).elevations if life.source != "built_in" else {}
        for mode in ask.modes:
            if mode not in known:
                which = f"`{mode}`" if known else "wider mode"
                hint = f"It has {', '.join(known)}."
                if not known:
                    hint = "What keeps the engine's user from something keeps the agent from it."
                raise Rejected(
                    "elevation.no_mode",
                    f"Agent {ask.name!r} is of kind {life.declared.kind}, which has no {which}: "
                    "Mission Control sets no bound there that could be opened.",
                    hint=hint,
                )
