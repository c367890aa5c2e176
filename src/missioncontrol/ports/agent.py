"""An agent takes an assignment, reports while it works, and hands back work."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.step import Amount, Risk
from missioncontrol.domain.work import NO_WORK, ArtifactRef, Usage, Work

LogLevel = Literal["info", "success", "warning", "error"]


class Upstream(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an earlier step left for this one."""

    state: str  # succeeded, skipped, failed, blocked, cancelled
    work: Work = NO_WORK
    error: str = ""


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt at one step."""

    run: str
    workflow: str
    step: str
    attempt: int  # 1 for the first
    fence: int  # grows with every attempt in the run; a report with an old one is refused
    key: str  # the idempotency key: the same for every attempt of this step
    agent: str
    inputs: Mapping[str, Any] = {}  # the step's own
    run_inputs: Mapping[str, Any] = {}  # shared by the whole run
    upstream: Mapping[str, Upstream] = {}  # by step key, direct needs only
    seconds_max: float = 0.0  # time limit of this attempt; 0 where there is none
    risk: Risk = "read"  # the tier of the step: what its agent may do to the world
    elevation: Elevated | None = None  # a wider mode that people have agreed to


class ProcessHandle(msgspec.Struct, frozen=True):
    """Enough to find an operating-system process again, and never another one with its number."""

    pid: int
    started: float  # seconds since the epoch, as the operating system tells it
    group: int


class AttemptFailed(Exception):
    """Raised by an agent: this attempt did not do what was asked."""

    def __init__(
        self,
        code: str,
        reason: str,
        *,
        hint: str = "",
        retryable: bool = True,
        detail: Any = None,
    ) -> None:
        """`retryable` is False where another attempt would end the same way.

        `detail` is JSON that the log keeps with the failure.
        """
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.hint = hint
        self.retryable = retryable
        self.detail = detail


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a tool wants to do in the middle of its step."""

    kind: Literal["command", "change", "tool", "question"]
    title: str  # one line that a person reads first
    detail: dict[
        str, Any
    ]  # exactly what will be done: argv and directory, diff, tool and arguments
    effects: tuple[str, ...] = ()  # see `domain.agent.MEANINGS`; the tier follows from them
    form: dict[str, Any] | None = None  # of a question: the JSON Schema of its answer


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was decided about an action."""

    is_allowed: bool
    reason: str = ""
    by: str = ""  # who decided; empty where no person had to
    answer: Any = None  # to a question


class Line(Protocol):
    """How an agent speaks to the engine while it works. Every call is also a sign of life."""

    def log(self, level: LogLevel, message: str) -> None:
        """Add a line to the output of this attempt."""
        ...

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is; `total` 0 where it is not known."""
        ...

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """Add tokens and money to what this attempt has used so far.

        A cost that is not given (None) is worked out from the tokens and the price of `model`.
        """
        ...

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Reserve the most that a model call can use, before it is made.

        Returns once the reservation is durable. `usage` then reports what the call did use.

        Raises:
            AttemptFailed: `budget.exceeded`, `budget.beyond_limit` or `budget.unknown_price`; the
                call must not be made.
        """
        ...

    async def permit(self, action: Action) -> Verdict:
        """Ask whether `action` may be done; a person is asked where its tier needs one.

        It may take weeks. The answer holds for exactly this action and for one time.
        """
        ...

    async def started(self, process: ProcessHandle) -> None:
        """Record a process of this attempt; returns once the record is durable."""
        ...

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """Store a file by its digest and return the reference to hand in with the work."""
        ...


@runtime_checkable
class Hosting(Protocol):
    """A line in the process of the engine, for what makes model calls there itself."""

    async def admit_here(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Reserve as `Line.admit` does, for a call that ends with this process.

        Raises:
            AttemptFailed: as `Line.admit`.
        """
        ...

    def room(self, model: str) -> Amount:
        """Return what the next call of a model may use; None in a unit without a cap."""
        ...

    def release(self) -> None:
        """Free what the last admitted call did not use: it has ended and its usage is reported."""
        ...


@runtime_checkable
class Estimating(Protocol):
    """A line that tells an estimated usage from a measured one."""

    def estimate(self, usage: Usage, *, model: str = "") -> None:
        """Count as `Line.usage` does, and mark it as estimated: the usage was not measured."""
        ...


@runtime_checkable
class Clocked(Protocol):
    """A line whose attempt has limits of time, for agents that may have to wait for a place."""

    def waiting(self) -> AbstractContextManager[None]:
        """Count no time, and no silence, as long as it is open: nothing is at work yet."""
        ...


class Agent(Protocol):
    """Does the work of a step."""

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """Do the work, or raise.

        Cancelling the task that runs this must leave nothing behind: no process, no half file.

        Raises:
            AttemptFailed: the work could not be done.
        """
        ...
