"""Runs one test file, or tries a whole plan, in a disposable confined copy."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, cast

import msgspec

from missioncontrol.confinement import HiddenDirectories, available_confinement, within
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.ports.confinement import Confinement, Rules, Sandbox
from missioncontrol.specialists.commits.borrowed_repository import Lent, Theirs
from missioncontrol.specialists.git import top_level
from missioncontrol.specialists.ranking.facts_cache import FACTS_VARIABLE
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tester import plan_trial, trial_text
from missioncontrol.specialists.tester.bench import Bench
from missioncontrol.specialists.tester.environment import ENVIRONMENTS_DIRECTORY
from missioncontrol.specialists.tester.grounds import OfCommit
from missioncontrol.specialists.tester.plan_trial import run_tests
from missioncontrol.specialists.tester.project_commands import declared
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tree import read_tree

SECONDS_MAX = 120.0
SECONDS_PLAN = 420.0
"""For the nearest tests, the lines they run, what the goal allows to be run, and an environment."""
SHARE = 0.4
"""The most of the time for planning that trying a plan may take."""
FAILURES_MAX = 10
OUTPUT_MAX = 6_000
SYSTEM = ("/bin", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/sbin", "/sys", "/usr")
"""Where programs of a machine lie, with what they need."""


class OnlyPrograms:
    """A `Sandbox` in which tests read programs and the repository, and nothing else."""

    def __init__(
        self, confinement: Confinement, repository: Path, more: Iterable[str] = ()
    ) -> None:
        """All is hidden but what is named here, and `more`: see `sandbox_for_tests`."""
        self._all_hidden = HiddenDirectories(confinement, (Path("/"),))
        own = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[3]))
        self._reads = (*SYSTEM, *own, *_installations(), str(repository), *more)

    def rules(
        self,
        *,
        own: Iterable[str | Path] = (),
        reads: Iterable[str | Path] = (),
        writes: Iterable[str | Path] = (),
        ports: Iterable[int] | None = None,
        unix_sockets: bool = False,
    ) -> Rules:
        """See `Sandbox.rules`."""
        return self._all_hidden.rules(
            own=own,
            reads=(*reads, *self._reads),
            writes=writes,
            ports=ports,
            unix_sockets=unix_sockets,
        )


def _installations() -> Iterator[str]:
    """Yield the directories of installed programs, as far as nothing of ours lies in them."""
    closed = [
        Path.home(),
        *(Path(os.environ[name]) for name in (FACTS_VARIABLE,) if name in os.environ),
    ]
    for name in filter(None, os.environ.get("PATH", "").split(os.pathsep)):
        place = Path(name).resolve()
        is_open = not any(each.resolve().is_relative_to(place.parent) for each in closed)
        yield str(place.parent if is_open else place)


def sandbox_for_tests(repository: Path, more: Iterable[str] = ()) -> Sandbox | None:
    """Return what keeps tests from what the planner itself may see; None where nothing can.

    They read the repository, and `more`.

    The planner reads data of all repositories, and an agent has a key of a model at home.
    Tests can't recognise what is hidden from them, so they get a list of what they may read.
    """
    confinement = available_confinement(os.environ)
    top = top_level(repository) or repository
    return OnlyPrograms(confinement, top, more) if confinement.is_available else None


class Trying(msgspec.Struct, frozen=True):
    """How tests run on request while a plan is made."""

    sandbox: Sandbox  # that holds them
    place: Path | None = None  # below which copies are made and removed
    installing: Sandbox | None = None  # that holds pip and npm; without it nothing is installed
    seconds_left: Callable[[], float] = lambda: SECONDS_PLAN / SHARE  # for the plan as a whole

    @property
    def seconds_plan(self) -> float:
        """How long trying a plan may take."""
        return min(SECONDS_PLAN, self.seconds_left() * SHARE)


def trying_in_planner(repository: Path, seconds_left: Callable[[], float]) -> Trying | None:
    """Return how the planner's own program runs tests; None where it can't confine them."""
    directory = os.environ.get(ENVIRONMENTS_DIRECTORY, "")
    sandbox = sandbox_for_tests(repository, (directory,) if directory else ())
    if sandbox is None:
        return None
    return Trying(sandbox, installing=within(os.environ), seconds_left=seconds_left)


class _Clock:
    """The part of a desk that a test run needs: it logs nothing, and the time is bounded."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def log(self, level: LogLevel, message: str) -> None:
        """See `Listener.log`."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Listener.progress`."""

    def seconds_left(self) -> float:
        """See `Desk.seconds_left`."""
        return self._ends - monotonic()


def run_test(root: Path, commit: str, path: str, trying: Trying) -> dict[str, Any]:
    """Return what one test file shows at `commit`, in a copy that is removed.

    Its code is confined: an agent may have written it.

    Raises:
        Rejected: `tools.no_test_command`, `tools.no_tree`.
    """
    with _bench(root, commit, trying, SECONDS_MAX) as bench:
        trial = run_tests([path], bench, read_tree(root), SECONDS_MAX)
    if trial is None:
        raise Rejected(
            "tools.no_test_command",
            f"No runner is known that takes the file {path!r}.",
            hint="Read the test instead.",
        )
    return dict(_trial_fields(trial))


def try_plan(root: Path, commit: str, plan: Plan, trying: Trying) -> dict[str, Any]:
    """Return what `plan` shows at `commit` when it is tried, as the tester of its mission does it.

    What its tests lack is installed in an environment that the tester finds again.

    Raises:
        Rejected: `tools.no_tree`.
    """
    tree = read_tree(root)
    seconds = trying.seconds_plan
    brief = Brief(plan.goal, plan.title, (), "", root, plan, None, {}, seconds)
    with _bench(root, commit, trying, seconds) as bench:
        tried = plan_trial.try_plan(brief, bench, declared(tree), tree)
    result = trial_text.as_json(tried)
    return result | {"tests": dict(_trial_fields(tried.trial)) if tried.trial is not None else None}


@contextmanager
def _bench(root: Path, commit: str, trying: Trying, seconds: float) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="mission-plan-test-", dir=trying.place) as folder:
        scratch = Path(folder).resolve()
        ground = OfCommit(Lent(Theirs.found(root), scratch / "lent.git"), commit, scratch)
        try:
            clock = cast("Any", _Clock(seconds))
            yield Bench(ground, clock, scratch, seconds, trying.sandbox, trying.installing)
        except AttemptFailed as error:
            raise Rejected("tools.no_tree", error.reason, hint=error.hint) from None


def _trial_fields(trial: Trial) -> Iterator[tuple[str, Any]]:
    yield from trial.as_json().items()
    if trial.report is not None:
        yield (
            "failures",
            [
                {"test": f"{each.group}::{each.name}", "message": each.message[:500]}
                for each in trial.report.failures[:FAILURES_MAX]
            ],
        )
    yield "output", trial.output[-OUTPUT_MAX:]
