"""Runs one test file with the project's own test command, in a disposable confined copy."""

import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import Any, cast

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.specialists.commits.lent import Lent, Theirs
from missioncontrol.specialists.tester.bench import Bench, telling
from missioncontrol.specialists.tester.choosing import PYTESTS, PYTHONS
from missioncontrol.specialists.tester.declared import declared
from missioncontrol.specialists.tester.grounds import OfCommit
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tree import read_tree

SECONDS_MAX = 120.0
FAILURES_MAX = 10
OUTPUT_MAX = 6_000
_RUNNERS = frozenset({"jest", "vitest", "mocha", "rspec", "phpunit"})
"""Programs that take files as arguments, besides pytest."""


class _Clock:
    """The part of a desk that a test run needs: nobody listens, and the time is bounded."""

    def __init__(self) -> None:
        self._ends = monotonic() + SECONDS_MAX

    def log(self, level: LogLevel, message: str) -> None:
        """See `Listener.log`."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Listener.progress`."""

    def seconds_left(self) -> float:
        """See `Desk.seconds_left`."""
        return self._ends - monotonic()


def run_test(root: Path, commit: str, path: str, place: Path | None = None) -> dict[str, Any]:
    """Return what one test file shows at `commit`; the copy is made below `place` and removed.

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
        bench = Bench(ground, cast("Any", _Clock()), scratch, SECONDS_MAX)
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
