"""What workers elsewhere and the engine's side say to each other, and who keeps track of them.

A worker reaches the server outward, and says each time all that it holds. The server answers with
what differs: what else to do, what to end, what was decided. So an answer that the network loses
is an answer given again. Events of an attempt are sent in numbered messages, each of which
counts once however often it comes.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import HERE, Declaration
from missioncontrol.ports.agent import Action, Assignment, Verdict
from missioncontrol.ports.gateway import Access
from missioncontrol.ports.wire import Done, LogMessage, Moved, Refused, Used

KIND = "worker"
"""The kind of an agent of which only its worker knows how it works."""

ANYWHERE = "any"
"""The location of an agent that every worker may carry out that offers it."""

POLL_SECONDS_MAX = 20.0
LEASE_SECONDS = 60.0
"""A worker that is silent for longer has lost what it holds."""

AGENTS_MAX = 100
HELD_MAX = 1_000
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
BODY_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
ARTIFACT_BYTES_MAX = 256 * 1024 * 1024
LINE_MAX = 256 * 1024
"""Characters of one line of output."""

QUESTIONS_OPEN_MAX = 32
"""Of one attempt at once; the rest is asked when one of them is answered."""

QUESTION_BYTES_MAX = 256 * 1024
ARTIFACTS_MAX = 1_000
"""Files that one attempt may hand in."""


def is_remote(declared: Declaration) -> bool:
    """Whether an agent is carried out by a worker."""
    return declared.kind == KIND or declared.location != HERE


def location_of(declared: Declaration) -> str:
    """Return the worker that carries an agent out, or `any`."""
    return ANYWHERE if declared.location == HERE else declared.location


def agent_there(declared: Declaration) -> str:
    """Return the name by which workers know an agent."""
    named = declared.settings.get("agent") if declared.kind == KIND else None
    return named if named and isinstance(named, str) else declared.name


class Lease(msgspec.Struct, frozen=True, order=True):
    """Which attempt it is about. The fence tells it from every other attempt in its run."""

    run: str
    step: str
    fence: int


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that an attempt waits for: an action to be permitted, or a call to be admitted."""

    number: int  # among the questions of its lease
    after: int  # the message that has to be received first
    action: Action | None = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lease that a worker has, with all that is open about it."""

    lease: Lease
    heard: int = 0  # the last message that the server has acknowledged
    questions: tuple[Question, ...] = ()
    is_ending: bool = False  # its work has ended, or was asked to end


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent that a worker carries out."""

    card: AgentCard
    scale: int = 1


class Introduction(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who a worker is."""

    name: str
    instance: str  # of its state directory: another must not use its name while it is present
    version: str
    location: str  # the machine, in words for people
    platform: str
    scale: int  # attempts at once
    offers: tuple[Offer, ...] = ()


class Welcome(msgspec.Struct, frozen=True):
    """What a worker has to keep to."""

    poll_seconds_max: float
    lease_seconds: float


class Poll(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a worker stands; answered once there is something to say, or the time is over."""

    instance: str
    room: int = 0  # attempts that it could begin now
    holds: tuple[Held, ...] = ()
    is_draining: bool = False
    has_left: bool = False  # it holds nothing and goes
    seconds_max: float = POLL_SECONDS_MAX


class Given(msgspec.Struct, frozen=True):
    """An attempt to carry out."""

    lease: Lease
    agent: str  # as the worker calls it
    assignment: Assignment


class Answered(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a question: a verdict, or a no; neither is a yes to a model call."""

    lease: Lease
    number: int
    verdict: Verdict | None = None
    refused: Refused | None = None


class Orders(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker is to do."""

    give: tuple[Given, ...] = ()
    cancel: tuple[Lease, ...] = ()  # end these, and say so
    lost: tuple[Lease, ...] = ()  # end these; nothing more is accepted from them
    answers: tuple[Answered, ...] = ()
    drain: bool = False  # end what is held, begin nothing, leave

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.give or self.cancel or self.lost or self.answers or self.drain)


Message = LogMessage | Moved | Used | Done | Refused


class Numbered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of an attempt."""

    number: int  # from 1, without gaps
    message: Message
    usage: int = 0  # of a `Used`: which one it is, from 1
    line: int = 0  # of a `Said`: which one it is, from 1


class Report(msgspec.Struct, frozen=True):
    """What happened in an attempt since."""

    instance: str
    lease: Lease
    messages: tuple[Numbered, ...]


class ReportReceipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a report was accepted, durably."""

    number: int  # of the last message that counts
    missing: tuple[str, ...] = ()  # digests of files to send before the rest
    is_over: bool = False  # the end of the attempt was accepted
    is_lost: bool = False  # nothing more is accepted from this attempt


class WorkerSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A worker as people see it."""

    name: str
    location: str
    platform: str
    version: str
    agents: tuple[str, ...]
    load: int  # attempts that it works on
    scale: int
    silent_seconds: float  # since its last report
    status: str  # present, draining, silent
    versions: dict[str, str] = {}  # of agents, as their programs say


class WorkersListed(msgspec.Struct, frozen=True):
    """The question which workers there are."""


class WorkerDrained(msgspec.Struct, frozen=True):
    """The wish that a worker ends what it holds and leaves."""

    name: str


Joined = Callable[[Introduction], Awaitable[None]]
"""Called for each worker that registers, before it receives an assignment."""

Late = Callable[[str, Lease, Numbered], Awaitable[bool]]
"""Takes in what a worker says of an attempt that has lost its lease: refused, and recorded.

False where that worker never had it: then it is not worth a record.
"""


class Workforce(Protocol):
    """Keeps track of the workers, and of what each of them holds."""

    joined: Joined
    late: Late
    changed: Callable[[], None]
    """Called when a worker comes, goes or falls silent."""

    async def register(self, who: Introduction) -> Welcome:
        """Register a worker; one that is known already is registered again as it is now.

        Raises:
            Conflict: `worker.exists`, where another present worker has this name.
            Rejected: `worker.bad_offer`.
        """
        ...

    async def poll(self, name: str, poll: Poll) -> Orders:
        """Return what a worker is to do, once there is something or its time is over.

        Raises:
            NotFound: `worker.unknown`: it has to register first.
        """
        ...

    async def report(self, name: str, report: Report) -> ReportReceipt:
        """Take in what happened; returns once that is durable.

        Raises:
            NotFound: `worker.unknown`.
        """
        ...

    async def take_artifact(
        self, name: str, lease: Lease, digest: str, content: AsyncIterator[bytes]
    ) -> None:
        """Take a file in that an attempt hands in.

        Raises:
            NotFound: `lease.lost`.
            Rejected: `artifact.bad_digest`, `artifact.too_large` or `artifact.too_many`.
        """
        ...

    def access(self, name: str, lease: Lease, models: tuple[str, ...]) -> Access:
        """Return the way to models of the attempt of `lease`, for as long as it is at work.

        Raises:
            NotFound: `lease.lost`.
            Unavailable: `gateway.not_open`.
            Rejected: `worker.too_many`, of different lists of models.
        """
        ...

    def artifact(self, name: str, lease: Lease, digest: str) -> Any:
        """Return the path of a file that an earlier step handed to the one of `lease`.

        Raises:
            NotFound: `lease.lost` or `artifact.unknown`.
        """
        ...

    def seen(self) -> Sequence[WorkerSeen]:
        """Return all workers by name."""
        ...

    def offers(self, agent: str, location: str) -> bool:
        """Whether a present worker carries out `agent` there."""
        ...

    def scale(self, agent: str, location: str) -> int:
        """Return how many attempts at `agent` the present workers there accept together."""
        ...

    def drain(self, name: str) -> None:
        """Drain a worker: it ends what it holds and leaves.

        Raises:
            NotFound: `worker.unknown`.
        """
        ...
