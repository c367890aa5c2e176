"""What holds for all work of a server: schedules, caps, prices, limits, the emergency stop."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from missioncontrol.application.queries.costs import CapView, Costs, PriceView
from missioncontrol.application.queries.measures import Health
from missioncontrol.application.queries.schedules import Preview, ScheduleDetail, ScheduleView
from missioncontrol.client.line import Line, Listed, path_of
from missioncontrol.client.shapes import Operation, Started

Scope = Literal["workspace", "agent", "model", "workflow", "run", "step"]
Period = Literal["total", "month", "day"]
Caps: TypeAlias = list[CapView]


class Schedules:
    """`client.schedules`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self, *, removed: bool = False) -> Listed[ScheduleView]:
        """Return schedules by name, each with its next slot and its last run."""
        return self._line.listed("/schedules", ScheduleView, removed=removed)

    def get(self, name: str) -> ScheduleDetail:
        """Return a schedule with its next slots and what became of the ones before.

        Raises:
            NotFound: `schedule.unknown`.
        """
        return self._line.get(path_of("schedules", name), ScheduleDetail)

    def preview(self, cron: str, zone: str = "UTC") -> Preview:
        """Return the next ten slots of a cron expression in a zone."""
        return self._line.get("/schedule-preview", Preview, cron=cron, zone=zone)

    def add(
        self,
        name: str,
        workflow: str,
        cron: str,
        *,
        zone: str = "UTC",
        inputs: Mapping[str, Any] = {},
        key: str = "",
        **more: Any,
    ) -> ScheduleDetail:
        """Start a workflow by the clock from now on; `more` is version, policy and reason.

        Raises:
            Rejected: `schedule.bad_cron`, `schedule.bad_zone` and others.
            NotFound: `workflow.unknown`.
        """
        body = {"name": name, **_times(workflow, cron, zone, inputs), **more}
        return self._line.post("/schedules", ScheduleDetail, body, key=key)

    def change(
        self,
        name: str,
        workflow: str,
        cron: str,
        *,
        zone: str = "UTC",
        inputs: Mapping[str, Any] = {},
        **more: Any,
    ) -> ScheduleDetail:
        """Let a schedule start something else, or at other times."""
        body = {**_times(workflow, cron, zone, inputs), **more}
        return self._line.change("PUT", path_of("schedules", name), ScheduleDetail, body)

    def pause(self, name: str, reason: str = "") -> ScheduleDetail:
        """Let no slot fire until it is resumed; runs that have begun go on."""
        path = path_of("schedules", name, "pause")
        return self._line.post(path, ScheduleDetail, {"reason": reason})

    def resume(self, name: str, reason: str = "") -> ScheduleDetail:
        """Let slots fire again from now on."""
        path = path_of("schedules", name, "resume")
        return self._line.post(path, ScheduleDetail, {"reason": reason})

    def skip(self, name: str, slot: float, reason: str = "") -> ScheduleDetail:
        """Let the next slot go by, which is at `slot`, in seconds since the epoch."""
        path = path_of("schedules", name, "skip")
        return self._line.post(path, ScheduleDetail, {"slot": slot, "reason": reason})

    def run(self, name: str, reason: str = "", *, force: bool = False, key: str = "") -> Started:
        """Start a run of it now; `force` also beside one that has not ended."""
        body = {"reason": reason, "force": force}
        return self._line.post(path_of("schedules", name, "run"), Started, body, key=key)

    def remove(self, name: str, reason: str = "") -> None:
        """End a schedule; its runs go on."""
        query = {"reason": reason}
        self._line.change("DELETE", path_of("schedules", name), type(None), query=query)


def _times(workflow: str, cron: str, zone: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"workflow": workflow, "cron": cron, "zone": zone, "inputs": dict(inputs)}


class Budgets:
    """`client.budgets`. Money is in micro-dollars."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self) -> Listed[CapView]:
        """Return every cap that holds, with what is spent, set aside and left."""
        return self._line.listed("/budgets", CapView)

    def get(self, scope: Scope, name: str = "") -> Caps:
        """Return what was spent in a scope: in all, this month and today, each with its cap."""
        return self._line.get(path_of("budgets", scope), Caps, name=name)

    def set(
        self,
        scope: Scope,
        *,
        reason: str,
        name: str = "",
        period: Period = "total",
        cost: int | None = None,
        tokens: int | None = None,
    ) -> Caps:
        """Set a cap in money, in tokens or in both; what is None stays as it is."""
        body: dict[str, Any] = {"scope": scope, "name": name, "period": period, "reason": reason}
        body |= {} if cost is None else {"cost": cost}
        body |= {} if tokens is None else {"tokens": tokens}
        return self._line.change("PUT", "/budgets", Caps, body)

    def remove(
        self, scope: Scope, *, reason: str, name: str = "", period: Period = "total"
    ) -> Caps:
        """Take a cap away, in money and in tokens."""
        query = {"scope": scope, "name": name, "period": period, "reason": reason}
        return self._line.change("DELETE", "/budgets", Caps, query=query)

    def costs(self) -> Costs:
        """Return what was spent today and this month, the pace, breakdowns and a forecast."""
        return self._line.get("/costs", Costs)


class Prices:
    """`client.prices`: US dollars a million tokens, as text so that no digit is lost."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self) -> Listed[PriceView]:
        """Return the prices that people have set; a table knows all others."""
        return self._line.listed("/prices", PriceView)

    def get(self, model: str) -> PriceView:
        """Return what a model costs now, and where that is taken from."""
        return self._line.get(path_of("prices", model), PriceView)

    def set(
        self,
        model: str,
        *,
        input: str,  # noqa: A002 - what the API calls it
        output: str,
        reason: str,
        **more: str,
    ) -> PriceView:
        """Say what a model costs; `more` is cached, cache_write and valid_from, a UTC date."""
        body = {"input": input, "output": output, "reason": reason, **more}
        return self._line.change("PUT", path_of("prices", model), PriceView, body)


class Operations:
    """`client.operation`: how far all work may go."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def get(self) -> Operation:
        """Return the stage of the workspace, since when and why, and the limits that hold."""
        return self._line.get("/operation", Operation)

    def stop(self, reason: str) -> Operation:
        """End every attempt at work, and let nothing start before somebody lets work go on."""
        return self._line.post("/operation/stop", Operation, {"reason": reason})

    def start(
        self, stage: Literal["paused", "drain", "all"] = "all", reason: str = ""
    ) -> Operation:
        """Go on: `paused` plans, `drain` ends what has begun, `all` works."""
        return self._line.post("/operation/start", Operation, {"stage": stage, "reason": reason})

    def limit(
        self,
        kind: Literal["agent", "actor", "workspace"],
        *,
        starts: int,
        reason: str,
        name: str = "",
        seconds: float = 60.0,
    ) -> Operation:
        """Bound how often attempts of an agent, runs of a person, or attempts at all start."""
        body = {"kind": kind, "name": name, "starts": starts, "seconds": seconds, "reason": reason}
        return self._line.change("PUT", "/limits", Operation, body)

    def unlimit(
        self, kind: Literal["agent", "actor", "workspace"], *, name: str = "", reason: str = ""
    ) -> Operation:
        """Take a bound away."""
        query = {"kind": kind, "name": name, "reason": reason}
        return self._line.change("DELETE", "/limits", Operation, query=query)

    def health(self) -> Health:
        """Return how agents, tasks and schedules stand, and what is unusual."""
        return self._line.get("/health", Health)
