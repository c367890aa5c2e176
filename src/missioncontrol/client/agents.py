"""Agents of a server; what is not declared yet are their wider modes."""

from collections.abc import Sequence

import msgspec

from missioncontrol.application.queries.elevations import ElevationView
from missioncontrol.client.calls import Call, Pages, pages, path_of, post
from missioncontrol.client.made.agent import AgentRequests
from missioncontrol.client.resource import L, listed, requested
from missioncontrol.domain.elevation import Mode


class Elevated(msgspec.Struct, frozen=True):
    """The wider modes of an agent, as they are now: at most one that waits, and one in force."""

    items: list[ElevationView]


class Agents(AgentRequests[L]):
    """`client.agents`. What changes one raises `Rejected` where its life does not allow it."""

    @listed
    def elevations(self) -> Pages[ElevationView]:
        """Return wider modes: those that wait for an answer, then those in force."""
        return pages("/elevations", ElevationView)

    @requested
    def elevate(
        self,
        name: str,
        modes: Sequence[Mode],
        *,
        reason: str,
        seconds: float,
        paths: Sequence[str] = (),
        key: str = "",
    ) -> Call[Elevated]:
        """Ask for a wider mode for so long; another person has to agree."""
        body = {"modes": modes, "reason": reason, "seconds": seconds, "paths": paths}
        return post(path_of("agents", name, "elevations"), Elevated, body, key=key)

    @requested
    def approve_elevation(self, name: str, elevation: str, reason: str = "") -> Call[Elevated]:
        """Agree to a wider mode, as another person than who asked."""
        return _answer_elevation(name, elevation, "approve", reason)

    @requested
    def refuse_elevation(self, name: str, elevation: str, reason: str = "") -> Call[Elevated]:
        """Say no to a wider mode that waits."""
        return _answer_elevation(name, elevation, "refuse", reason)

    @requested
    def end_elevation(self, name: str, elevation: str, reason: str = "") -> Call[Elevated]:
        """End a wider mode that is in force, or take back one that waits."""
        return _answer_elevation(name, elevation, "end", reason)


def _answer_elevation(name: str, elevation: str, verb: str, reason: str) -> Call[Elevated]:
    return post(
        path_of("agents", name, "elevations", elevation, verb), Elevated, {"reason": reason}
    )
