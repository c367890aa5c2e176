"""What is true of a run now: each step in exactly one state, with only the fields true in it."""

from collections.abc import Callable, Mapping
from itertools import chain, islice, zip_longest
from typing import Any

import msgspec

from missioncontrol.domain.run.events import Check, Failure, Outcome
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import NO_USAGE, Usage, Work

INTERRUPTIONS_MAX = 5
"""A step that took its engine down this often is not begun again."""


class State(msgspec.Struct, frozen=True, gc=False):
    """The common shape of a step's state."""


class Waiting(State, tag="waiting", frozen=True):
    """Needs of it have not ended yet."""


class Ready(State, tag="ready", frozen=True):
    """It may start."""


class Process(State, frozen=True):
    """The operating-system process of an attempt."""

    pid: int
    started: float
    group: int


class Working(State, tag="working", frozen=True):
    """An attempt has the lease."""

    attempt: int
    fence: int
    agent: str
    since: float
    processes: tuple[Process, ...] = ()


class Resting(State, tag="resting", frozen=True):
    """An attempt failed and the next may begin at `retry_at`."""

    attempt: int
    retry_at: float
    failure: Failure


class Succeeded(State, tag="succeeded", frozen=True):
    """Done and checked."""

    work: Work
    checks: tuple[Check, ...] = ()
    kept_from: str = ""


class Failed(State, tag="failed", frozen=True):
    """Tried as often as allowed."""

    failure: Failure
    checks: tuple[Check, ...] = ()


class Blocked(State, tag="blocked", frozen=True):
    """A need did not succeed."""

    by: str


class Cancelled(State, tag="cancelled", frozen=True):
    """Ended, or never begun, because the run was cancelled."""


StepState = Waiting | Ready | Working | Resting | Succeeded | Failed | Blocked | Cancelled
SettledState = Succeeded | Failed | Blocked | Cancelled
WAITING = Waiting()
READY = Ready()
CANCELLED = Cancelled()


class Run:
    """A run and all its steps.

    `evolve` changes it in place: a run of ten thousand steps takes twenty thousand events, and a
    copy at each of them would make the last step dearer than the first. Whoever holds a `Run`
    reads it and leaves the changing to `evolve`.
    """

    def __init__(self, run: str, workflow: str, steps: tuple[Step, ...], created_at: float) -> None:
        """Set up every step as waiting or ready, by its needs alone."""
        self.id = run
        self.workflow = workflow
        self.steps: dict[str, Step] = {}
        self.created_at = created_at
        self.started_at: float | None = None
        self.settled_at: float | None = None
        self.outcome: Outcome | None = None
        self.cancel_reason: str | None = None
        self.cancel_outcome: Outcome = "cancelled"
        self.concurrency = 1
        self.seconds_max = 0.0
        self.inputs: Mapping[str, Any] = {}
        self.mission = ""
        self.retry_of = ""
        self.is_started = False
        self.fence = 0
        self.usage: Usage = NO_USAGE
        self.usage_by_step: dict[str, Usage] = {}
        self.tries: dict[str, int] = {}
        self.interruptions: dict[str, int] = {}
        self.refused: set[tuple[int, str]] = set()
        # The readings below follow from `states`; they are kept so that no decision scans a run.
        self.states: dict[str, StepState] = {}
        self.unmet: dict[str, int] = {}
        self.dependants: dict[str, list[str]] = {}
        self.ready: dict[str, None] = {}
        self.ready_by_agent: dict[str, dict[str, None]] = {}
        self.working: dict[str, Working] = {}
        self.resting: dict[str, Resting] = {}
        self.unsettled = 0
        self.add(steps)

    def add(self, steps: tuple[Step, ...]) -> None:
        """Take more steps in; none of their needs has ended yet."""
        self.steps.update((step.key, step) for step in steps)
        self.unsettled += len(steps)
        for step in steps:
            self._place(step)

    def _place(self, step: Step) -> None:
        needs = dict.fromkeys(step.needs)
        for need in needs:
            self.dependants.setdefault(need, []).append(step.key)
        if needs:
            self.unmet[step.key] = len(needs)
            self.states[step.key] = WAITING
        else:
            self.make_ready(step.key)

    def make_ready(self, key: str) -> None:
        """Let `key` start when there is room."""
        self.states[key] = READY
        self.ready[key] = None
        agent = self.steps[key].agent
        keys = self.ready_by_agent.get(agent)
        if keys is None:
            keys = self.ready_by_agent[agent] = {}
        keys[key] = None

    def unready(self, key: str) -> None:
        """Take `key` out of those that may start, if it is one of them."""
        if key in self.ready:
            del self.ready[key]
            del self.ready_by_agent[self.steps[key].agent][key]

    @property
    def status(self) -> str:
        """One word: queued, running, cancelling, succeeded, failed or cancelled."""
        if self.outcome is not None:
            return self.outcome
        if self.cancel_reason is not None:
            return "cancelling"
        return "running" if self.is_started else "queued"

    @property
    def is_settled(self) -> bool:
        """Whether the run has ended; it never changes after that."""
        return self.outcome is not None

    def startable(
        self, now: float, limit: int, room: Callable[[str], int] | None = None
    ) -> list[str]:
        """Return steps that may start, at most `limit` and as many as slots of the run are free.

        `room` says how many more attempts an agent may take. Agents take turns, so that one whose
        queue is long keeps no other from a free slot; each takes its oldest first.
        """
        free = min(limit, self.concurrency - len(self.working))
        if free <= 0 or self.outcome is not None or self.cancel_reason is not None:
            return []
        queues: dict[str, list[str]] = {}
        for key in self.resting:
            if self.has_rested(key, now):
                queues.setdefault(self.steps[key].agent, []).append(key)
        for agent, keys in self.ready_by_agent.items():
            if keys:
                queues.setdefault(agent, []).extend(islice(keys, free))
        if room is not None:
            queues = {agent: keys[: max(0, room(agent))] for agent, keys in queues.items()}
        return _in_turn(list(queues.values()), free)

    def has_rested(self, key: str, now: float) -> bool:
        """Whether a resting step may be tried again.

        It never rests longer than its longest wait: where more than that seems left, the clock was
        set back, and waiting for it could take for ever.
        """
        left = self.resting[key].retry_at - now
        return left <= 0 or left > self.steps[key].retry.wait_seconds_max + 1.0

    def can_never_run(self, key: str) -> tuple[str, ...]:
        """Steps that wait, through any number of others, for the success of `key`."""
        found: dict[str, None] = {}
        todo = [key]
        while todo:
            for dependant in self.dependants.get(todo.pop(), ()):
                needs_success = self.steps[dependant].runs_after == "success"
                if dependant not in found and needs_success and self.is_waiting(dependant):
                    found[dependant] = None
                    todo.append(dependant)
        return tuple(found)

    def is_waiting(self, key: str) -> bool:
        """Whether needs of `key` have not ended yet."""
        return type(self.states[key]) is Waiting


def _in_turn(queues: list[list[str]], limit: int) -> list[str]:
    """Return at most `limit` members, one of each queue after the other."""
    if len(queues) == 1:
        return queues[0][:limit]
    turns = chain.from_iterable(zip_longest(*queues))
    return list(islice((key for key in turns if key is not None), limit))
