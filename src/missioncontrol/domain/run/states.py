"""What is true of a run now: each step in exactly one state, with only the fields true in it."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Literal

import msgspec

from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.run.deadlines import Deadlines
from missioncontrol.domain.run.events import Check, Failure, Outcome
from missioncontrol.domain.run.turns import Crowd, Queue, any_number, in_turn
from missioncontrol.domain.step import Amount, Slot, Step
from missioncontrol.domain.work import NO_BILL, NO_USAGE, ArtifactRef, Bill, Usage, Work

Word = Literal[
    "queued",
    "running",
    "waiting",
    "halted",
    "cancelling",
    "succeeded",
    "failed",
    "cancelled",
]

INTERRUPTIONS_MAX = 5
"""A step that took its engine down this often is not begun again."""


class State(msgspec.Struct, frozen=True, gc=False):
    """The common shape of a step's state."""


class Waiting(State, tag="waiting", frozen=True):
    """Needs of it have not ended yet."""


class Due(State, tag="due", frozen=True):
    """Its needs have ended, and whether and with what it runs is still to be worked out."""


class Held(State, tag="held", frozen=True):
    """It waits for a person to approve exactly this."""

    approval: str
    digest: str
    since: float


class Expanded(State, tag="expanded", frozen=True):
    """It became other steps and waits for their ends."""

    children: tuple[str, ...]


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


class Skipped(State, tag="skipped", frozen=True):
    """Left out, and that is in order."""

    reason: str
    findings: tuple[Finding, ...] = ()  # what a person wants mended before it runs


class Failed(State, tag="failed", frozen=True):
    """Tried as often as allowed."""

    failure: Failure
    checks: tuple[Check, ...] = ()


class Blocked(State, tag="blocked", frozen=True):
    """A need did not succeed."""

    by: str


class Cancelled(State, tag="cancelled", frozen=True):
    """Ended, or never begun, because the run was cancelled."""


class Halt(State, frozen=True):
    """Why nothing more starts."""

    code: str
    reason: str


SettledState = Succeeded | Skipped | Failed | Blocked | Cancelled
StepState = Waiting | Due | Held | Expanded | Ready | Working | Resting | SettledState
WAITING = Waiting()
DUE = Due()
READY = Ready()
CANCELLED = Cancelled()


class Run:
    """A run and all its steps.

    `evolve` changes it in place: a run of ten thousand steps takes twenty thousand events, and a
    copy at each of them would make the last step dearer than the first. A holder of a `Run`
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
        self.version = 0
        self.trigger = "manual"
        self.author = ""
        self.on_behalf = ""
        self.outputs: Mapping[str, Any] = {}
        self.budget: Amount | None = None
        self.schedule = ""
        self.slot = 0.0
        self.fork_of = ""
        self.forked_at = ""
        self.os_user = ""
        self.halt: Halt | None = None
        self.is_started = False
        self.at = created_at  # of the event that is being folded
        self.fence = 0
        self.usage: Usage = NO_USAGE
        self.usage_by_step: dict[str, Usage] = {}
        self.usage_by_model: dict[str, Usage] = {}
        self.usage_by_agent: dict[str, Usage] = {}
        self.bill: Bill = NO_BILL  # the money of the four above: one unknown price hides no other
        self.bill_by_step: dict[str, Bill] = {}
        self.bill_by_model: dict[str, Bill] = {}
        self.bill_by_agent: dict[str, Bill] = {}
        self.inputs_of: dict[str, dict[str, Any]] = {}  # worked out, by step
        self.slots_of: dict[str, tuple[Slot, ...]] = {}
        self.revised: dict[str, dict[str, Any]] = {}  # inputs that a person asked for
        self.revised_by: dict[str, tuple[str, ...]] = {}
        self.approvals: list[str] = []  # all that were ever asked for, in order
        self.released: dict[str, str] = {}  # digests that one attempt of a step may start with
        self.rounds: dict[str, int] = {}  # rounds done of steps that repeat
        self.previous: dict[str, Any] = {}  # outputs of those rounds
        self.deadlines = Deadlines()  # of open steps
        self.given_up: dict[str, Failure] = {}  # open steps whose own steps were cancelled
        self.tries: dict[str, int] = {}
        self.elevated: dict[str, Elevated] = {}  # of the last attempt of a step
        self.handed: dict[str, tuple[ArtifactRef, ...]] = {}  # to the last attempt of a step
        self.interruptions: dict[str, int] = {}
        self.refused: set[tuple[int, str]] = set()
        # The readings below follow from `states`; storing them saves a scan of the run.
        self.states: dict[str, StepState] = {}
        self.unmet: dict[str, int] = {}
        self.dependants: dict[str, list[str]] = {}
        self.special: set[str] = set()  # more than their needs has to be asked for these
        self.stuck: dict[str, str] = {}  # ready ones whose agent takes no steps, and why
        self.claimable: set[str] = set()  # another agent may do these as well
        self.governed: set[str] = set()  # these may need money or an approval to start
        self.due: dict[str, None] = {}  # to be worked out; also expanded ones whose steps ended
        self.held: dict[str, Held] = {}
        self.open_children: dict[str, int] = {}
        self.crowds: dict[str, Crowd] = {}  # calls for items, where only so many may be at work
        self.ready: dict[str, None] = {}
        self.queues: dict[Queue, dict[str, None]] = {}  # ready steps by what they need to start
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
        if not step.is_plain:
            self.special.add(step.key)
        if step.capability and step.approval is None:
            self.claimable.add(step.key)
        if step.is_governed:
            self.governed.add(step.key)
        needs = dict.fromkeys(step.needs)
        for need in needs:
            self.dependants.setdefault(need, []).append(step.key)
        if needs:
            self.unmet[step.key] = len(needs)
            self.states[step.key] = WAITING
        else:
            self.arrive(step.key)

    def arrive(self, key: str) -> None:
        """Take note that all needs of `key` have ended."""
        if key in self.special:
            self.make_due(key)
        else:
            self.make_ready(key)

    def make_due(self, key: str) -> None:
        """Mark `key` as due for a decision."""
        step = self.steps[key]
        self.limit_total(step)
        self.states[key] = DUE
        crowd = self._crowd_of(step)
        if crowd is None or key in crowd.inside:
            self.due[key] = None
        else:
            crowd.waiting[key] = None
            self.due.update(dict.fromkeys(crowd.admit()))

    def _crowd_of(self, step: Step) -> Crowd | None:
        """Return the calls for items that `step` is one of, where their number is limited."""
        if step.index < 0 or not step.body:
            return None
        limit = self.steps[step.parent].concurrency
        return self.crowds.setdefault(step.parent, Crowd(limit)) if limit else None

    def leave_crowd(self, key: str) -> None:
        """Give the place of `key` to another call for an item."""
        crowd = self.crowds.get(self.steps[key].parent)
        if crowd is not None:
            crowd.leave(key)
            self.due.update(dict.fromkeys(crowd.admit()))

    def make_ready(self, key: str) -> None:
        """Queue `key` to start when there is room."""
        step = self.steps[key]
        self.states[key] = READY
        self.ready[key] = None
        if step.queue_seconds_max:
            self.deadlines.begin(key, "queue", self.at + step.queue_seconds_max)
        if step.total_seconds_max:
            self.limit_total(step)
        self.queues.setdefault((step.agent, self.slots_of.get(key, ())), {})[key] = None

    def limit_total(self, step: Step) -> None:
        """Begin or continue the total time of `step`, where it is limited."""
        if step.total_seconds_max:
            self.deadlines.go_on(step.key, "total", self.at + step.total_seconds_max)

    def reassign(self, key: str, agent: str) -> None:
        """Assign `key` to another agent; it retains its place in the queue."""
        step = self.steps[key]
        slots = self.slots_of.get(key, ())
        self.steps[key] = msgspec.structs.replace(step, agent=agent)
        self.stuck.pop(key, None)
        if key in self.ready:
            self.queues[step.agent, slots].pop(key)
            self.queues.setdefault((agent, slots), {})[key] = None

    def unready(self, key: str) -> None:
        """Take `key` out of those that may start, if it is one of them."""
        if key in self.ready:
            del self.ready[key]
            if self.stuck:
                self.stuck.pop(key, None)
            if self.deadlines.running:
                self.deadlines.drop(key, "queue")
            queue = (self.steps[key].agent, self.slots_of.get(key, ()))
            keys = self.queues[queue]
            del keys[key]
            if not keys and queue[1]:
                del self.queues[queue]  # Slots come and go with items; agents are few.

    @property
    def status(self) -> Word:
        """What the run's own log says in a word; see `domain.status` for what is made of it.

        `waiting` is for a person alone.
        """
        if self.outcome is not None:
            return self.outcome
        if self.cancel_reason is not None:
            return "cancelling"
        if self.halt is not None:
            return "halted"
        if self.held and not (self.working or self.ready or self.resting or self.due):
            return "waiting"
        return "running" if self.is_started else "queued"

    @property
    def is_settled(self) -> bool:
        """Whether the run has ended; it never changes after that."""
        return self.outcome is not None

    def startable(
        self,
        now: float,
        limit: int,
        room: Callable[[str], int] = any_number,
        slot_room: Callable[[Slot], int] = any_number,
    ) -> list[str]:
        """Return steps that may start, at most `limit` and as many as slots of the run are free.

        `room` says how many more attempts an agent may take, `slot_room` how many may share a slot.
        Queues take turns, so that a long one keeps no other from a free place; each takes its
        oldest first.
        """
        free = min(limit, self.concurrency - len(self.working))
        if free <= 0 or self.outcome is not None or self.cancel_reason is not None:
            return []
        if self.halt is not None or not (self.ready or self.resting):
            return []
        if len(self.queues) == 1 and not self.resting:
            ((queue, ready),) = self.queues.items()
            return list(islice(ready, _places(queue, free, room, slot_room)))
        queues: dict[Queue, list[str]] = {}
        for key in self.resting:
            if self.has_rested(key, now) and not self.lacks_approval(key):
                queue = (self.steps[key].agent, self.slots_of.get(key, ()))
                queues.setdefault(queue, []).append(key)
        for queue, keys in self.queues.items():
            if keys:
                queues.setdefault(queue, []).extend(islice(keys, free))
        if len(queues) == 1:
            ((queue, rested_and_ready),) = queues.items()
            return rested_and_ready[: _places(queue, free, room, slot_room)]
        return in_turn(queues, free, room, slot_room)

    def lacks_approval(self, key: str) -> bool:
        """Whether `key` may not start before it is approved."""
        return self.steps[key].approval is not None and key not in self.released

    def to_work_out(self, now: float) -> list[str]:
        """Steps about which something has to be decided before they can start or end."""
        if self.outcome is not None or self.cancel_reason is not None:
            return []
        rested = (k for k in self.resting if self.lacks_approval(k) and self.has_rested(k, now))
        return [*self.due, *rested]

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

    def descendants(self, key: str) -> list[str]:
        """Steps that `key` became, and what those became, that have not ended."""
        found: list[str] = []
        todo = [key]
        while todo:
            state = self.states[todo.pop()]
            if isinstance(state, Expanded):
                found.extend(state.children)
                todo.extend(state.children)
        return [key for key in found if not isinstance(self.states[key], SettledState)]

    def top_of(self, key: str) -> str:
        """Return the step of the workflow itself that `key` came from, or `key`."""
        while self.steps[key].parent:
            key = self.steps[key].parent
        return key

    def has_rounds(self, key: str) -> bool:
        """Whether a further round follows where `key`, at the end of one, is left out."""
        parent = self.steps[key].parent
        if not parent:
            return False
        repeat = self.steps[parent].repeat
        # A round that a person asks for is one of those that don't count, which have a most too.
        most = repeat.times * (2 if repeat.uncounted else 1) if repeat else 0
        return self.rounds.get(parent, 0) + 1 < most or self.has_rounds(parent)

    def is_waiting(self, key: str) -> bool:
        """Whether needs of `key` have not ended yet."""
        return type(self.states[key]) is Waiting


def _places(
    queue: Queue, free: int, room: Callable[[str], int], slot_room: Callable[[Slot], int]
) -> int:
    """Return how many of `queue` may start, of so many places that are free at all."""
    agent, slots = queue
    return max(0, min(free, room(agent), *map(slot_room, slots)))
