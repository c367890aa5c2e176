"""A step as it is written down: who does it, after what, how often, how long, and what it owes."""

import math
from typing import Any, Literal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import ExpectedArtifact

Risk = Literal["read", "write", "irreversible"]
STOP = "stop"
CONTINUE = "continue"


class Retry(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often a step is tried, and how long it rests between two tries."""

    attempts: int = 1
    wait_seconds: float = 1.0  # after the first failure
    factor: float = 2.0  # each later wait is this much longer
    wait_seconds_max: float = 60.0

    def wait(self, attempt: int, jitter: float) -> float:
        """Seconds to rest after failed attempt number `attempt`; `jitter` in [0, 1) spreads it.

        Half of the capped exponential wait is certain and half is drawn, so that steps which
        failed together do not return together.
        """
        try:
            grown = self.wait_seconds * self.factor ** (attempt - 1)
        except OverflowError:
            grown = math.inf if self.wait_seconds else 0.0
        return min(self.wait_seconds_max, grown) * (0.5 + 0.5 * jitter)


ONCE = Retry()


class Amount(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Money and tokens; None says nothing about that unit, and 0 is zero."""

    cost: int | None = None  # micro-dollars
    tokens: int | None = None  # input and output together


NO_AMOUNT = Amount(0, 0)


def tighter(one: Amount | None, other: Amount | None) -> Amount | None:
    """Return the smaller of two amounts, in each unit that either of them names."""
    if one is None or other is None:
        return one or other
    costs = [each.cost for each in (one, other) if each.cost is not None]
    tokens = [each.tokens for each in (one, other) if each.tokens is not None]
    return Amount(min(costs, default=None), min(tokens, default=None))


class Escalation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who may decide as well when there was no decision for a while."""

    after_seconds: float
    to: tuple[str, ...]


class ApprovalRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who has to agree before a step may start."""

    approvers: tuple[str, ...] = ("approver",)  # names of people or roles
    count: int = 1  # how many different ones
    expires_seconds: float = 7 * 86_400.0
    escalation: Escalation | None = None


class Repeat(msgspec.Struct, frozen=True, omit_defaults=True):
    """The step is done again until a condition on its output holds."""

    until: str  # CEL; sees `output` besides the usual names
    times: int = 10  # rounds at most; without `until` holding then, the step has failed
    uncounted: str = ""  # CEL: how many of the rounds so far don't count; at most `times` of them


class Slot(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A place that only so many attempts share, in this run or across runs."""

    key: str  # may be a template
    limit: int = 1


class Spending(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The most that one attempt can use. An attempt of a step without it must use nothing."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    by_call: bool = False  # the agent asks before every model call; nothing is reserved beforehand
    stated: Amount | None = None  # by the workflow, where the agent can't say it
    open: bool = False  # it is not stated: an attempt sets aside all that is left for it


class InputSchema(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a called workflow asks of one of its inputs."""

    type: str = "string"
    pattern: str = ""
    enum: tuple[Any, ...] = ()
    required: bool = True


class Step(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One step of a workflow.

    It holds no cycles, so the garbage collector need not look at the thousands of a long run.
    """

    key: str
    agent: str
    needs: tuple[str, ...] = ()
    runs_after: Literal["success", "any"] = "success"  # what its needs must have ended with
    inputs: dict[str, Any] = {}
    title: str = ""
    retry: Retry = ONCE
    seconds_max: float = 0.0  # of one attempt; 0 is no limit
    heartbeat_seconds_max: float = 0.0  # silence allowed in an attempt; 0 is no limit
    expects: tuple[ExpectedArtifact, ...] = ()
    when: str = ""  # CEL; empty where only its needs decide
    has_templates: bool = False  # `inputs` hold expressions in `${{ }}`
    for_each: Any = None  # CEL in `${{ }}`, or a list: the step is done once for each item
    concurrency: int = 0  # items at work at once; 0 is no limit of its own
    slots: tuple[Slot, ...] = ()
    body: tuple["Step", ...] = ()  # the steps of the workflow that this one calls
    calls: str = ""  # that workflow, as NAME@VERSION
    takes: dict[str, InputSchema] = {}  # its inputs
    outputs: dict[str, Any] = {}  # of the called workflow: templates over its steps
    budget: Amount | None = None  # of all attempts of this step, or of the called workflow
    spending: Spending | None = None
    risk: Risk = "read"
    effects: tuple[str, ...] = ()
    approval: ApprovalRule | None = None
    queue_seconds_max: float = 0.0  # from being ready to starting; 0 is no limit
    total_seconds_max: float = 0.0  # from being ready first, over all attempts; 0 is no limit
    on_failure: Literal["stop", "continue"] = "stop"
    handles: tuple[str, ...] = ()  # steps for whose failure this one is there
    repeat: Repeat | None = None
    capability: str = ""  # other agents with it may claim the step where its agent has no room
    # What follows is set when a running step brings this one in.
    parent: str = ""  # the step that brought it in
    scope: str = ""  # the call whose names its expressions see; empty is the run itself
    item: Any = None
    index: int = -1  # place of the item, 0 for the first; -1 outside of `for_each`

    @property
    def is_governed(self) -> bool:
        """Whether it, or a step that it calls, may need money or an approval to start."""
        return self.approval is not None or self.spending is not None or bool(self.body)

    @property
    def is_plain(self) -> bool:
        """Whether it may start as soon as its needs have succeeded, with nothing to work out."""
        return not (
            self.when
            or self.has_templates
            or self.body
            or self.slots
            or self.handles
            or self.approval is not None
            or self.for_each is not None
            or self.repeat is not None
        )


def name_in(scope: str, name: str) -> str:
    """Return the key in its run of the step that is called `name` within `scope`."""
    return f"{scope}/{name}" if scope else name


def _has_limits(step: Step) -> bool:
    return bool(
        step.seconds_max
        or step.heartbeat_seconds_max
        or step.queue_seconds_max
        or step.total_seconds_max
        or step.concurrency
    )


def is_own(key: str) -> bool:
    """Whether a key is of a step of the workflow itself, and not of one that a step became."""
    return "/" not in key and "[" not in key


def refuse_bad_limits(step: Step) -> None:
    """Refuse limits that mean nothing.

    Raises:
        Rejected: `step.bad_limit`, naming the step, the limit and its value.
    """
    if step.retry is ONCE and not _has_limits(step):
        return  # As most steps are.
    limits = {
        "retry.attempts": (step.retry.attempts, 1),
        "retry.wait_seconds": (step.retry.wait_seconds, 0),
        "retry.factor": (step.retry.factor, 1),
        "retry.wait_seconds_max": (step.retry.wait_seconds_max, 0),
        "seconds_max": (step.seconds_max, 0),
        "heartbeat_seconds_max": (step.heartbeat_seconds_max, 0),
        "queue_seconds_max": (step.queue_seconds_max, 0),
        "total_seconds_max": (step.total_seconds_max, 0),
        "concurrency": (step.concurrency, 0),
    }
    for name, (value, least) in limits.items():
        # JSON has no infinity: stored as null, it could never be read again.
        if not least <= value < math.inf:
            raise Rejected(
                "step.bad_limit",
                f"Step {step.key!r} sets {name} to {value}; "
                f"it must be a finite number of at least {least}.",
                hint="Change the limit.",
            )
