"""Runs one test file with the project's own test command, in a disposable confined copy."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import Any, cast

import msgspec

from missioncontrol.confinement import HiddenDirectories, available_confinement
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.ports.confinement import Confinement, Rules, Sandbox
from missioncontrol.specialists.commits.lent import Lent, Theirs
from missioncontrol.specialists.git import top_level
from missioncontrol.specialists.ranking.kept import KEPT
from missioncontrol.specialists.tester.bench import Bench, telling
from missioncontrol.specialists.tester.choosing import PYTESTS, PYTHONS
from missioncontrol.specialists.tester.declared import declared
from missioncontrol.specialists.tester.grounds import OfCommit
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tree import read_tree

SECONDS_MAX = 120.0
FAILURES_MAX = 10
OUTPUT_MAX = 6_000
SYSTEM = ("/bin", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/sbin", "/sys", "/usr")
"""Where programs of a machine lie, with what they need."""

_RUNNERS = frozenset({"jest", "vitest", "mocha", "rspec", "phpunit"})
"""Programs that take files as arguments, besides pytest."""


class OnlyPrograms:
    """A `Sandbox` in which tests read programs and the repository, and nothing else."""

    def __init__(self, confinement: Confinement, repository: Path) -> None:
        """All is hidden but what is named here: see `sandbox_for_tests`."""
        self._all_hidden = HiddenDirectories(confinement, (Path("/"),))
        own = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[3]))
        self._reads = (*SYSTEM, *own, *_installations(), str(repository))

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
    closed = [Path.home(), *(Path(os.environ[name]) for name in (KEPT,) if name in os.environ)]
    for name in filter(None, os.environ.get("PATH", "").split(os.pathsep)):
        place = Path(name).resolve()
        is_open = not any(each.resolve().is_relative_to(place.parent) for each in closed)
        yield str(place.parent if is_open else place)


def sandbox_for_tests(repository: Path) -> Sandbox | None:
    """Return what keeps tests from what the planner itself may see; None where nothing can.

    The planner reads what is kept of all repositories, and an agent has a key of a model at home.
    What is hidden from them they can't tell apart, so tests are told what they may read.
    """
    confinement = available_confinement(os.environ)
    top = top_level(repository) or repository
    return OnlyPrograms(confinement, top) if confinement.is_available else None


class _Clock:
    """The part of a desk that a test run needs: it logs nothing, and the time is bounded."""

    def __init__(self) -> None:
        self._ends = monotonic() + SECONDS_MAX

    def log(self, level: LogLevel, message: str) -> None:
        """See `Listener.log`."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Listener.progress`."""

    def seconds_left(self) -> float:
        """See `Desk.seconds_left`."""
        return self._ends - monotonic()


def run_test(
    root: Path, commit: str, path: str, sandbox: Sandbox, place: Path | None = None
) -> dict[str, Any]:
    """Return what one test file shows at `commit`; the copy is made below `place` and removed.

    Its code is confined by `sandbox`: an agent may have written it.

    Raises:
        Rejected: `tools.no_test_command`, `tools.no_tree`.
    """
    said = declared(read_tree(root))
    commands = tuple(
        (made, source) for argv, source in said.commands if (made := _with(argv, path))
    )
    if not commands:
        raise Rejected(
            "tools.no_test_command",
            f"The project names no test command that takes the file {path!r}.",
            hint="Read the test instead.",
        )
    with tempfile.TemporaryDirectory(prefix="mission-plan-test-", dir=place) as folder:
        scratch = Path(folder).resolve()
        ground = OfCommit(Lent(Theirs.found(root), scratch / "lent.git"), commit, scratch)
        bench = Bench(ground, cast("Any", _Clock()), scratch, SECONDS_MAX, sandbox)
        try:
            trials, _ = bench.trials(msgspec.structs.replace(said, commands=commands))
        except AttemptFailed as error:
            raise Rejected("tools.no_tree", error.reason, hint=error.hint) from None
    trial = telling(trials)
    assert trial is not None, "there is a command"
    return dict(_told(trial))


def _with(argv: tuple[str, ...], path: str) -> tuple[str, ...]:
    """Return a test command for one file; nothing where its program takes none."""
    name = PurePosixPath(argv[0]).name
    if name in PYTESTS or (name in PYTHONS and argv[1:3] == ("-m", "pytest")):
        return (*argv, path)
    if argv[0] == "npx" and len(argv) > 1 and argv[1] in _RUNNERS:
        return (*argv, path)
    if name in _RUNNERS:
        return (*argv, path)
    if name == "npm":
        return (*argv, "--", path)
    if argv[:2] == ("go", "test"):
        return ("go", "test", f"./{PurePosixPath(path).parent}")
    return ()


def _told(trial: Trial) -> Iterator[tuple[str, Any]]:
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
