"""Agents of a server: who does the work, how they stand, and how that is changed."""

from collections.abc import Mapping
from typing import Any

from missioncontrol.application.queries.agents import AgentDetail, AgentView
from missioncontrol.client.line import Line, Listed, path_of


class Agents:
    """`client.agents`. What changes one raises `Rejected` where its life does not allow it."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self, *, hours: int = 24) -> Listed[AgentView]:
        """Return agents by name: how they stand, and what they did in the last hours."""
        return self._line.listed("/agents", AgentView, hours=hours)

    def get(self, name: str) -> AgentDetail:
        """Return how an agent stands, and all that is declared of it.

        Raises:
            NotFound: `agent.unknown`.
        """
        return self._line.get(path_of("agents", name), AgentDetail)

    def add(
        self,
        name: str,
        declared: Mapping[str, Any],
        *,
        reason: str = "",
        start: bool = True,
        key: str = "",
    ) -> AgentDetail:
        """Declare an agent in the words of `agents.toml`, and let it show that it works."""
        body = {"name": name, "declared": dict(declared), "reason": reason, "start": start}
        return self._line.post("/agents", AgentDetail, body, key=key)

    def change(self, name: str, declared: Mapping[str, Any], *, reason: str = "") -> AgentDetail:
        """Declare an agent anew; if it is at work, it is started again as it is now."""
        body = {"declared": dict(declared), "reason": reason}
        return self._line.change("PUT", path_of("agents", name), AgentDetail, body)

    def remove(self, name: str, reason: str = "") -> None:
        """Remove an agent that is stopped; its past stays in the log."""
        query = {"reason": reason}
        self._line.change("DELETE", path_of("agents", name), type(None), query=query)

    def start(self, name: str, reason: str = "") -> AgentDetail:
        """Let an agent take steps, once it has shown that it works."""
        return self._turn(name, "start", {"reason": reason})

    def stop(self, name: str, reason: str = "") -> AgentDetail:
        """End all that an agent works on; its steps are ready again."""
        return self._turn(name, "stop", {"reason": reason})

    def drain(
        self, name: str, reason: str = "", *, seconds_max: float | None = None
    ) -> AgentDetail:
        """Let an agent end what it works on, for `seconds_max` at most, and begin nothing more."""
        return self._turn(name, "drain", _ending(reason, seconds_max))

    def restart(
        self, name: str, reason: str = "", *, seconds_max: float | None = None
    ) -> AgentDetail:
        """Let an agent end what it works on, and then show again that it works."""
        return self._turn(name, "restart", _ending(reason, seconds_max))

    def scale(self, name: str, scale: int, reason: str = "") -> AgentDetail:
        """Say how many steps an agent works on at once."""
        return self._turn(name, "scale", {"scale": scale, "reason": reason})

    def _turn(self, name: str, verb: str, body: dict[str, Any]) -> AgentDetail:
        return self._line.post(path_of("agents", name, verb), AgentDetail, body)


def _ending(reason: str, seconds_max: float | None) -> dict[str, Any]:
    bound = {} if seconds_max is None else {"seconds_max": seconds_max}
    return {"reason": reason, **bound}
