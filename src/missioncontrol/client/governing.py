"""Rules for all work of a server: caps, limits, the emergency stop."""

from typing import Any, Literal, TypeAlias

from missioncontrol.application.queries.costs import CapView
from missioncontrol.client.calls import Call, Pages, change, get, pages, path_of, post
from missioncontrol.client.made.budget import BudgetRequests
from missioncontrol.client.made.operation import OperationRequests
from missioncontrol.client.resource import L, listed, requested
from missioncontrol.queries.operation import OperationView

Scope = Literal["workspace", "agent", "model", "workflow", "run", "step"]
Period = Literal["total", "month", "day"]
Caps: TypeAlias = list[CapView]


class Budgets(BudgetRequests[L]):
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


class Operations(OperationRequests[L]):
    """`client.operation`: how far all work may go."""

    @requested
    def stop(self, reason: str) -> Call[OperationView]:
        """End every attempt at work, and prevent all starts before work is resumed."""
        return post("/operation/stop", OperationView, {"reason": reason})

    @requested
    def start(
        self, stage: Literal["paused", "drain", "all"] = "all", reason: str = ""
    ) -> Call[OperationView]:
        """Go on: `paused` plans, `drain` ends what has begun, `all` works."""
        return post("/operation/start", OperationView, {"stage": stage, "reason": reason})

    @requested
    def limit(
        self,
        kind: Literal["agent", "actor", "workspace"],
        *,
        starts: int,
        reason: str,
        name: str = "",
        seconds: float = 60.0,
    ) -> Call[OperationView]:
        """Bound how often attempts of an agent, runs of a person, or attempts at all start."""
        body = {"kind": kind, "name": name, "starts": starts, "seconds": seconds, "reason": reason}
        return change("PUT", "/limits", OperationView, body)

    @requested
    def unlimit(
        self, kind: Literal["agent", "actor", "workspace"], *, name: str = "", reason: str = ""
    ) -> Call[OperationView]:
        """Take a bound away."""
        query = {"kind": kind, "name": name, "reason": reason}
        return change("DELETE", "/limits", OperationView, query=query)
