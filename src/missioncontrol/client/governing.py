"""What holds for all work of a server: caps, limits, the emergency stop."""

from typing import Any, Literal, TypeAlias

from missioncontrol.application.queries.costs import CapView, Costs
from missioncontrol.application.queries.measures import Health
from missioncontrol.client.calls import Call, Pages, change, get, pages, path_of, post
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.client.shapes import Operation

Scope = Literal["workspace", "agent", "model", "workflow", "run", "step"]
Period = Literal["total", "month", "day"]
Caps: TypeAlias = list[CapView]


class Budgets(Resource[L]):
    """`client.budgets`. Money is in micro-dollars."""

    @listed
    def list(self) -> Pages[CapView]:
        """Return every cap that holds, with what is spent, set aside and left."""
        return pages("/budgets", CapView)

    @requested
    def get(self, scope: Scope, name: str = "") -> Call[Caps]:
        """Return what was spent in a scope: in all, this month and today, each with its cap."""
        return get(path_of("budgets", scope), Caps, name=name)

    @requested
    def set(
        self,
        scope: Scope,
        *,
        reason: str,
        name: str = "",
        period: Period = "total",
        cost: int | None = None,
        tokens: int | None = None,
    ) -> Call[Caps]:
        """Set a cap in money, in tokens or in both; what is None stays as it is."""
        body: dict[str, Any] = {"scope": scope, "name": name, "period": period, "reason": reason}
        body |= {} if cost is None else {"cost": cost}
        body |= {} if tokens is None else {"tokens": tokens}
        return change("PUT", "/budgets", Caps, body)

    @requested
    def remove(
        self, scope: Scope, *, reason: str, name: str = "", period: Period = "total"
    ) -> Call[Caps]:
        """Take a cap away, in money and in tokens."""
        query = {"scope": scope, "name": name, "period": period, "reason": reason}
        return change("DELETE", "/budgets", Caps, query=query)

    @requested
    def costs(self) -> Call[Costs]:
        """Return what was spent today and this month, the pace, breakdowns and a forecast."""
        return get("/costs", Costs)


class Operations(Resource[L]):
    """`client.operation`: how far all work may go."""

    @requested
    def get(self) -> Call[Operation]:
        """Return the stage of the workspace, since when and why, and the limits that hold."""
        return get("/operation", Operation)

    @requested
    def stop(self, reason: str) -> Call[Operation]:
        """End every attempt at work, and prevent all starts before work is resumed."""
        return post("/operation/stop", Operation, {"reason": reason})

    @requested
    def start(
        self, stage: Literal["paused", "drain", "all"] = "all", reason: str = ""
    ) -> Call[Operation]:
        """Go on: `paused` plans, `drain` ends what has begun, `all` works."""
        return post("/operation/start", Operation, {"stage": stage, "reason": reason})

    @requested
    def limit(
        self,
        kind: Literal["agent", "actor", "workspace"],
        *,
        starts: int,
        reason: str,
        name: str = "",
        seconds: float = 60.0,
    ) -> Call[Operation]:
        """Bound how often attempts of an agent, runs of a person, or attempts at all start."""
        body = {"kind": kind, "name": name, "starts": starts, "seconds": seconds, "reason": reason}
        return change("PUT", "/limits", Operation, body)

    @requested
    def unlimit(
        self, kind: Literal["agent", "actor", "workspace"], *, name: str = "", reason: str = ""
    ) -> Call[Operation]:
        """Take a bound away."""
        query = {"kind": kind, "name": name, "reason": reason}
        return change("DELETE", "/limits", Operation, query=query)

    @requested
    def health(self) -> Call[Health]:
        """Return how agents, tasks and schedules stand, and what is unusual."""
        return get("/health", Health)
