"""Agents of a server: who does the work, how they stand, and how that is changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.application.queries.agents import AgentDetail, AgentView
from missioncontrol.application.queries.elevations import ElevationView
from missioncontrol.client.calls import Call, Pages, change, get, pages, path_of, post
from missioncontrol.client.made.agent import AgentRequests
from missioncontrol.client.resource import L, listed, requested
from missioncontrol.domain.elevation import Mode


class Elevated(msgspec.Struct, frozen=True):
    """The wider modes of an agent, as they are now: at most one that waits, and one in force."""

    items: list[ElevationView]


class Agents(AgentRequests[L]):
    """`client.agents`. What changes one raises `Rejected` where its life does not allow it."""

    @listed
    def list(self, *, hours: int = 24) -> Pages[AgentView]:
        """Return agents by name: how they stand, and what they did in the last hours."""
        return pages("/agents", AgentView, hours=hours)

    @requested
    def get(self, name: str) -> Call[AgentDetail]:
        """Return how an agent stands, and all that is declared of it.

        Raises:
            NotFound: `agent.unknown`.
        """
        return get(path_of("agents", name), AgentDetail)

    @requested
    def add(
        self,
        name: str,
        declared: Mapping[str, Any],
        *,
        reason: str = "",
        start: bool = True,
        key: str = "",
    ) -> Call[AgentDetail]:
        """Declare an agent in the words of `agents.toml`, and have it show that it works."""
        body = {"name": name, "declared": dict(declared), "reason": reason, "start": start}
        return post("/agents", AgentDetail, body, key=key)

    @requested
    def change(
        self, name: str, declared: Mapping[str, Any], *, reason: str = ""
    ) -> Call[AgentDetail]:
        """Declare an agent again; if it is at work, it is started again as it is now."""
        body = {"declared": dict(declared), "reason": reason}
        return change("PUT", path_of("agents", name), AgentDetail, body)

    @requested
    def remove(self, name: str, reason: str = "") -> Call[None]:
        """Remove an agent that is stopped; its past stays in the log."""
        query = {"reason": reason}
        return change("DELETE", path_of("agents", name), type(None), query=query)

    @requested
    def start(self, name: str, reason: str = "") -> Call[AgentDetail]:
        """Start an agent, which takes steps once it has shown that it works."""
        return self._turn(name, "start", {"reason": reason})

    @requested
    def stop(self, name: str, reason: str = "") -> Call[AgentDetail]:
        """End all that an agent works on; its steps are ready again."""
        return self._turn(name, "stop", {"reason": reason})

    @requested
    def drain(
        self, name: str, reason: str = "", *, seconds_max: float | None = None
    ) -> Call[AgentDetail]:
        """Drain an agent: it ends its work within `seconds_max`, and begins nothing more."""
        return self._turn(name, "drain", _ending(reason, seconds_max))

    @requested
    def restart(
        self, name: str, reason: str = "", *, seconds_max: float | None = None
    ) -> Call[AgentDetail]:
        """Restart an agent: it ends its work, and then shows again that it works."""
        return self._turn(name, "restart", _ending(reason, seconds_max))

    @requested
    def scale(self, name: str, scale: int, reason: str = "") -> Call[AgentDetail]:
        """Say how many steps an agent works on at once."""
        return self._turn(name, "scale", {"scale": scale, "reason": reason})

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

    def _turn(self, name: str, verb: str, body: dict[str, Any]) -> Call[AgentDetail]:
        return post(path_of("agents", name, verb), AgentDetail, body)


def _answer_elevation(name: str, elevation: str, verb: str, reason: str) -> Call[Elevated]:
    return post(
        path_of("agents", name, "elevations", elevation, verb), Elevated, {"reason": reason}
    )


def _ending(reason: str, seconds_max: float | None) -> dict[str, Any]:
    bound = {} if seconds_max is None else {"seconds_max": seconds_max}
    return {"reason": reason, **bound}
