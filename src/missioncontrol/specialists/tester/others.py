"""Tries the commands that a project offers besides its suite, and tells how each of them ended."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from missioncontrol.domain.work import CommandRan
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.tester.project_commands import PYTHONS, Offer
from missioncontrol.specialists.tester.pythons import Python
from missioncontrol.specialists.tester.report import reached
from missioncontrol.specialists.tester.trial import Trial, tried
from missioncontrol.specialists.tester.verdict import last_line, without_wrappers

SECONDS_MAX = 24.0
"""For all of them together: the mission waits for them."""
SECONDS_EACH = 12.0
SECONDS_MIN = 2.0
OUTPUT_MAX = 12_000
"""Characters of the output of one of them that are stored."""
LOG = "commands.txt"
ERROR = re.compile(r"^\W*((?:\w+ )?error: .+)$", re.MULTILINE)
SUM = re.compile(
    r"^(Found \d+ .*|\W*\d+ (?:errors?|problems?|issues?|files? would)\b.*)$", re.MULTILINE
)
"""How a linter sums up what it found; hints stand behind that."""
CAUSE_MAX = 200
FIRST_ORDER = ("test a part", "lint", "type check", "format", "build")
"""What leaves files behind comes last."""

Ran = Literal["ran", "not_run"]


class CommandResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One command of the project: whether it was run here, and how it ended."""

    purpose: str
    command: tuple[str, ...]  # to be run in the root of the repository
    source: str
    status: Ran
    environment: Mapping[str, str] = {}  # that it was run with, relative to that root
    exit_code: int | None = None
    seconds: float | None = None
    result: str = ""  # in words: counts, or why it was not run
    log: str = ""  # the artifact with its output


class Attempt(msgspec.Struct, frozen=True):
    """An offer and what became of it."""

    offer: Offer
    trial: Trial | None = None
    reason: str = ""  # why it was not tried


def attempts(
    offers: Iterable[Offer],
    *,
    copy: Path,
    home: Path,
    environment: Mapping[str, str],
    python: Python | None,
    seconds_left: Callable[[], float],
    tick: Callable[[float], None],
    sandbox: Sandbox,
) -> list[Attempt]:
    """Run `offers` one by one while there is time; those left over say that there was none."""
    ordered = sorted(offers, key=lambda each: FIRST_ORDER.index(each.purpose))
    surroundings = with_tools(environment, python)
    found: list[Attempt] = []
    for offer in ordered:
        limit = min(SECONDS_EACH, seconds_left())
        if limit < SECONDS_MIN:
            found.append(Attempt(offer, None, "there was no time left to try it"))
            continue
        trial = tried(
            offer.argv,
            offer.source,
            copy=copy,
            home=home,
            environment=surroundings,
            python=python,
            seconds_max=limit,
            tick=tick,
            sandbox=sandbox,
            is_test=offer.purpose in {"test", "test a part"},
        )
        found.append(Attempt(offer, trial))
    return found


def with_tools(environment: Mapping[str, str], python: Python | None) -> Mapping[str, str]:
    """Make tools available that are installed beside the Python that is used."""
    if python is None:
        return environment
    beside = str(Path(python.program).parent)
    return {**environment, "PATH": os.pathsep.join([beside, environment.get("PATH", "")])}


def command_results(
    trials: Sequence[Trial],
    chosen: Trial | None,
    untried: Sequence[tuple[tuple[str, ...], str]],
    others: Sequence[Attempt],
    copy: Path,
    purpose: str = "test",
) -> tuple[CommandResult, ...]:
    """Return every command of the project, first those that were run; `trials` serve `purpose`."""
    suites = [_of_trial(purpose, trial, copy, "test-output.txt") for trial in trials]
    why = _untried(chosen)
    suites += [
        CommandResult("test", argv, source, "not_run", result=f"not tried: {why}")
        for argv, source in untried
    ]
    rest = [
        _of_trial(each.offer.purpose, each.trial, copy, LOG)
        if each.trial is not None
        else CommandResult(
            each.offer.purpose, each.offer.argv, each.offer.source, "not_run", result=each.reason
        )
        for each in others
    ]
    return tuple(sorted([*suites, *rest], key=lambda each: each.status != "ran"))


def _untried(chosen: Trial | None) -> str:
    """Say why the commands behind the chosen one were left alone."""
    if chosen is None or chosen.verdict.status == "could_not_start":
        return "there was no time left to try it"
    ran = f"`{' '.join(chosen.command.declared)}`"
    if chosen.verdict.status == "timed_out":
        return f"{ran} took all the time there was"
    return f"{ran} runs the tests"


def _of_trial(purpose: str, trial: Trial, copy: Path, log: str) -> CommandResult:
    status = trial.verdict.status
    ran = trial.ran if status in {"passed", "failed"} else None
    return CommandResult(
        purpose,
        trial.command.declared,
        trial.source,
        "ran" if ran is not None else "not_run",
        _environment(trial, copy),
        ran.exit_code if ran is not None else None,
        ran.seconds if ran is not None else None,
        _result(trial),
        log if ran is not None else "",
    )


def _environment(trial: Trial, copy: Path) -> dict[str, str]:
    """Return what a Python that the project is not installed for needs to find it."""
    argv = trial.command.declared
    is_python = trial.command.is_pytest or (argv[0] in PYTHONS and argv[1:3] != ("-m", "pip"))
    return {"PYTHONPATH": "src"} if is_python and (copy / "src").is_dir() else {}


def _result(trial: Trial) -> str:
    if trial.verdict.status == "timed_out":
        return f"{trial.verdict.reason}; {reached(trial)}"
    if trial.verdict.status not in {"passed", "failed"}:
        return trial.verdict.reason or trial.verdict.status.replace("_", " ")
    counts = trial.report
    if counts is None and trial.seen.any:
        return f"{trial.seen.passed} passed, {trial.seen.failed} failed"
    if counts is None:
        is_well = trial.ran is None or trial.ran.exit_code == 0
        return "" if is_well else _cause(trial.output)
    named = (
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errors, "in error"),
        (counts.skipped, "skipped"),
    )
    return ", ".join(f"{count} {word}" for count, word in named if count or word == "passed")


def _cause(output: str) -> str:
    """Return the last reported error, for a tool that has reported one, else its last line."""
    errors = [line for line in ERROR.findall(output) if "subprocess-exited" not in line]
    sums = SUM.findall(output)
    last = last_line(without_wrappers(output) or output)
    cause: str = [last, *sums[-1:], *errors[-1:]][-1]
    return cause.strip()[:CAUSE_MAX]


def evidence(others: Sequence[Attempt]) -> tuple[CommandRan, ...]:
    """Return how the commands ended that were started, besides the suite."""
    ran = [each.trial for each in others if each.trial is not None]
    return tuple(
        CommandRan(trial.command.shown, trial.ran.exit_code, trial.ran.seconds, LOG)
        for trial in ran
        if trial.ran is not None
    )


def output(others: Sequence[Attempt]) -> str:
    """Return their outputs, one behind the other; empty where none was started."""
    parts = [
        f"$ {' '.join(each.trial.command.shown)}\n{_shortened(each.trial.output)}"
        f"(exit status {each.trial.ran.exit_code} after {each.trial.ran.seconds} s)\n"
        for each in others
        if each.trial is not None and each.trial.ran is not None
    ]
    return "\n".join(parts)


def _shortened(text: str) -> str:
    if text and not text.endswith("\n"):
        text += "\n"
    if len(text) <= OUTPUT_MAX:
        return text
    half = OUTPUT_MAX // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out here …\n{text[-half:]}"


def as_json(commands: Sequence[CommandResult]) -> list[Any]:
    """Return the commands as plain values."""
    return [msgspec.to_builtins(each) for each in commands]
