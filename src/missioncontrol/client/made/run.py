"""The run methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from missioncontrol.application.asks import RunCancelled, StartedRun
from missioncontrol.application.queries.replay import (
    ReplayIndex,
    ReplayMoment,
    RunEventLine,
    TimelineRow,
)
from missioncontrol.application.queries.runs import RunCosts, RunDetail, RunGraph, RunItem
from missioncontrol.application.queries.steps import StepDetail, StepItem
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.queries.run import RunCounts


class RunRequests(Resource[L]):
    """Requests of the operations and queries of run."""

    @listed
    def list(
        self,
        *,
        status: Literal[
            "queued",
            "running",
            "waiting",
            "stuck",
            "halted",
            "cancelling",
            "succeeded",
            "failed",
            "cancelled",
        ]
        | Sequence[
            Literal[
                "queued",
                "running",
                "waiting",
                "stuck",
                "halted",
                "cancelling",
                "succeeded",
                "failed",
                "cancelled",
            ]
        ] = (),
        workflow: str = "",
        mission: str = "",
        author: str = "",
        trigger: Literal["manual", "api", "schedule", "webhook", "agent"] | None = None,
        schedule: str = "",
        since: float | None = None,
        until: float | None = None,
        text: str = "",
        attention: bool = False,
    ) -> Pages[RunItem]:
        """List runs, newest first.

        `attention` chooses those that wait for a person: those that are waiting, stuck or halted,
        and those that ask something while they work.
        """
        return requests.pages(
            "run.list",
            {
                "status": status,
                "workflow": workflow,
                "mission": mission,
                "author": author,
                "trigger": trigger,
                "schedule": schedule,
                "since": since,
                "until": until,
                "text": text,
                "attention": attention,
            },
        )

    @requested
    def counts(self) -> Call[RunCounts]:
        """Return how many runs there are of each status, and how many need a person."""
        return requests.item("run.counts")

    @requested
    def get(self, run: str, *, at: int | None = None) -> Call[RunDetail]:
        """Return a run in full but for its steps, as of now or of a position of the log."""
        return requests.item("run.get", run, {"at": at})

    @listed
    def steps(
        self,
        run: str,
        *,
        state: Literal[
            "waiting",
            "due",
            "held",
            "expanded",
            "ready",
            "working",
            "resting",
            "succeeded",
            "skipped",
            "failed",
            "blocked",
            "cancelled",
        ]
        | Sequence[
            Literal[
                "waiting",
                "due",
                "held",
                "expanded",
                "ready",
                "working",
                "resting",
                "succeeded",
                "skipped",
                "failed",
                "blocked",
                "cancelled",
            ]
        ] = (),
        parent: str | None = None,
        text: str = "",
    ) -> Pages[StepItem]:
        """List the steps of a run, each followed by those that it became."""
        return requests.pages("run.steps", {"state": state, "parent": parent, "text": text}, run)

    @requested
    def step(self, run: str, step: str, *, at: int | None = None) -> Call[StepDetail]:
        """Return a step: exact input and output, attempts, approvals, causes, what is next."""
        return requests.item("run.step", run, {"step": step, "at": at})

    @listed
    def events(self, run: str, *, step: str = "") -> Pages[RunEventLine]:
        """List what happened in a run, in order.

        `/events` has all that events say.
        """
        return requests.pages("run.events", {"step": step}, run)

    @requested
    def graph(self, run: str, *, at: int | None = None) -> Call[RunGraph]:
        """Return all steps of a run with what each needs, at most 10,000."""
        return requests.item("run.graph", run, {"at": at})

    @listed
    def timeline(self, run: str) -> Pages[TimelineRow]:
        """Return when each step waited and worked, with its attempts."""
        return requests.pages("run.timeline", {}, run)

    @requested
    def costs(self, run: str) -> Call[RunCosts]:
        """Return tokens and money by agent, by model and by step, the dearest first."""
        return requests.item("run.costs", run)

    @requested
    def moment(self, run: str, at: int) -> Call[ReplayMoment]:
        """Return a run as it stood after a position of the log.

        The same position gives the same answer.
        """
        return requests.item("run.moment", run, {"at": at})

    @requested
    def moments(self, run: str) -> Call[ReplayIndex]:
        """Return where the events of a run are, in columns: the last 50,000 of them."""
        return requests.item("run.moments", run)

    @requested
    def start(
        self,
        workflow: str,
        *,
        version: int | None = None,
        inputs: Mapping[str, Any] = {},
        key: str = "",
    ) -> Call[StartedRun]:
        """Begin a run of a saved workflow and return its id at once; it goes on by itself.

        Relative paths among the inputs are refused: the engine has a directory of its own.
        """
        return requests.operation(
            "run.start", "", {"workflow": workflow, "version": version, "inputs": inputs}, key=key
        )

    @requested
    def cancel(self, run: str, reason: str = "", *, key: str = "") -> Call[RunCancelled]:
        """End a run: nothing of it starts any more, and what is at work is ended."""
        return requests.operation("run.cancel", run, {"reason": reason}, key=key)

    @requested
    def resume(self, run: str, *, key: str = "") -> Call[StartedRun]:
        """Take a run up again that was halted or left."""
        return requests.operation("run.resume", run, {}, key=key)

    @requested
    def retry(self, run: str, step: str = "", *, key: str = "") -> Call[StartedRun]:
        """Begin a new run that keeps the results of one that has ended, and does the rest again."""
        return requests.operation("run.retry", run, {"step": step}, key=key)

    @requested
    def fork(
        self, run: str, step: str, inputs: Mapping[str, Any] = {}, *, key: str = ""
    ) -> Call[StartedRun]:
        """Begin a new run at a step of one that has ended, with other inputs."""
        return requests.operation("run.fork", run, {"step": step, "inputs": inputs}, key=key)
