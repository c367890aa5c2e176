"""Turns a project's own test command into one that can be run and read here."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from missioncontrol.specialists.tester.pythons import Python

PYTHONS = frozenset({"python", "python3"})
PYTESTS = frozenset({"pytest", "py.test"})
NO_CACHE = ("-p", "no:cacheprovider")


class Ready(msgspec.Struct, frozen=True):
    """A command as it will be started."""

    argv: tuple[str, ...]
    shown: tuple[str, ...]  # the same without a path of this machine
    declared: tuple[str, ...]  # as the project has it, without what we added
    is_pytest: bool
    program: str = ""  # the program it needs, where that is not to be found


def ready(
    argv: Sequence[str], python: Python | None, report: Path, environment: Mapping[str, str]
) -> Ready:
    """Prepare `argv`: ask pytest for a report at `report`, and use `python` for Python."""
    rest = _after_pytest(argv)
    if rest is not None:
        options = (*rest, *NO_CACHE, "--color=no", f"--junitxml={report}")
        shown = ("python", "-m", "pytest", *rest, *NO_CACHE, "--color=no", "--junitxml=junit.xml")
        own = ("python", "-m", "pytest", *rest)
        if python is None:
            return Ready((), shown, own, True, "python")
        return Ready((python.program, "-m", "pytest", *options), shown, own, True)
    same = tuple(argv)
    if argv[0] in PYTHONS and python is not None:
        return Ready((python.program, *argv[1:]), same, same, False)
    if "/" not in argv[0] and shutil.which(argv[0], path=environment.get("PATH")) is None:
        return Ready((), same, same, False, argv[0])
    return Ready(same, same, same, False)


def _after_pytest(argv: Sequence[str]) -> tuple[str, ...] | None:
    """Return the arguments that follow pytest; None where `argv` is something else."""
    if argv[0] in PYTESTS:
        return tuple(argv[1:])
    if argv[0] in PYTHONS and tuple(argv[1:3]) == ("-m", "pytest"):
        return tuple(argv[3:])
    return None
