"""What a specialist is given, which repository, what it may use, and what it hands back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from missioncontrol.domain.estimates import Actual, Recalled
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports import wire
from missioncontrol.ports.agent import AttemptFailed, LogLevel

HINT = (
    "Name a directory: --repo of a mission, `with: {repository: …}` of a step, "
    "or an input `repository` of its workflow."
)


class Delivered(msgspec.Struct, frozen=True):
    """What an earlier task left, with its artifacts as readable files."""

    state: str
    work: Work
    files: Mapping[str, Path]  # artifact name → file with its bytes
    error: str = ""


class Agreed(msgspec.Struct, frozen=True):
    """A document as people agreed to it."""

    path: str  # from the top of the repository
    digest: str  # SHA-256 of its bytes


class Submitted(msgspec.Struct, frozen=True):
    """A change as a commit, what it is held against, and where it is to go."""

    commit: str | None = None  # "" where nothing was changed, None where none is asked for
    base: str = ""  # the commit at which the change began
    into: str = ""  # the branch that it is to be merged into
    message: str = ""
    task: str = ""  # in the words of people, for those whose change meets with it
    scope: tuple[str, ...] = ()  # patterns of the files that may be changed; none: all
    checks: tuple[tuple[str, ...], ...] = ()  # commands of the repository's own
    acceptance: tuple[str, ...] = ()  # what has to hold, in words
    tests: Mapping[str, Any] | None = None  # what a tester handed back
    guard: bool = False  # the rules of the repository that ask for specs count as well
    accepting: bool = False  # whether a person or another agent accepts changes of tests later
    accepted: str = ""  # the digest of those that are accepted
    agreed: tuple[Agreed, ...] = ()  # documents that it was built, reviewed and approved by
    head: str = ""  # the commit of people that `into` is to have as well; "" for none
    mend: bool = False  # whether the change is to mend a branch that is red
    known_failures: tuple[str, ...] = ()  # names of tests and checks that people allow to fail
    untested: bool = False  # whether people accept that no test says anything


class Brief(msgspec.Struct, frozen=True):
    """What one task is about."""

    goal: str
    title: str
    constraints: tuple[str, ...]
    context: str
    repository: Path | None  # read only: a specialist never writes here
    plan: Plan | None  # None while planning
    task: Task | None
    upstream: Mapping[str, Delivered]  # by task key, direct needs only
    seconds_max: float  # finish, or say what was left out, before this many seconds have passed
    planner: str = ""  # who plans, see `domain.planners`
    builder: str = ""  # the agent that changes the code; empty where that is handed over
    changes: str = ""  # the step whose patch is to be tested; empty where none is
    commits: str = ""  # the step whose proven patch is to be committed; empty where none is
    scaffold: str = ""  # the stack to begin a repository in, or `auto`; empty: there is one
    package: str = ""  # look at this part of the repository alone; its directory or its name
    kind: str = ""  # of work, where a template says it; else it is read from the goal
    recalled: tuple[Recalled, ...] = ()  # what is remembered of earlier missions, best first
    silenced: tuple[str, ...] = ()  # how ids begin of what people had forgotten or corrected
    memory: bool = True  # whether the repository's own documents count as remembered
    actuals: tuple[Actual, ...] = ()  # what earlier runs took, newest first
    commission: Mapping[str, Any] = {}  # a task of a repository that is to be carried out
    former: Mapping[str, Any] = {}  # how its round before ended; empty in the first
    line: Mapping[str, Any] = {}  # how the branch of a task was brought up to date
    submitted: Submitted = Submitted()  # for those who test, review or merge a commit
    run: str = ""
    step: str = ""


class Listener(Protocol):
    """A listener to the progress of a piece of work."""

    def log(self, level: LogLevel, message: str) -> None:
        """Send a message to the listener."""
        ...

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is; `total` 0 where it is not known."""
        ...


class Desk(Listener, Protocol):
    """Where a specialist works: it accepts reports, stores files, and gives the time."""

    scratch: Path
    """An empty directory of this attempt alone; it is removed afterwards."""

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """Add tokens and money used."""
        ...

    def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Set aside the most that a model call can use; returns once it may be made.

        Raises:
            AttemptFailed: `budget.exceeded` or `budget.unknown_price`; it must not be made.
        """
        ...

    def keep(
        self, name: str, content: bytes | str, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """Keep a file as an artifact; put the answer into the `Work`."""
        ...

    def seconds_left(self) -> float:
        """Seconds until the time limit; negative once it has passed."""
        ...


@runtime_checkable
class AgentConsulter(Protocol):
    """A desk from which agents of the workspace can be asked."""

    def consult(self, asked: wire.Consults) -> wire.Consulted:
        """Ask an agent that reads the repository of the step; its usage is metered by the engine.

        Raises:
            AttemptFailed: it could not answer, or may not.
        """
        ...


class Specialist(Protocol):
    """One kind of work. Runs in a process of its own, so it may be slow and blocking."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Do the task.

        Raises:
            AttemptFailed: it could not be done; say why and what to do.
        """
        ...


def repository_of(brief: Brief, specialist: str, purpose: str) -> Path:
    """Return the directory in which `specialist` works; `purpose` completes “nothing to …”.

    Raises:
        AttemptFailed: `NAME.no_repository`.
    """
    code = f"{specialist}.no_repository"
    if brief.repository is None:
        reason = f"There is no repository to {purpose}."
        raise AttemptFailed(code, reason, hint=HINT, retryable=False)
    if not brief.repository.is_dir():
        reason = f"{str(brief.repository)!r} is no directory: there is nothing to {purpose}."
        raise AttemptFailed(code, reason, hint=HINT, retryable=False)
    return brief.repository
