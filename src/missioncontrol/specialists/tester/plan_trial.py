"""Tries a plan before anything is changed: the tests nearest to it, and what is red today."""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tester import lines, node_modules, report
from missioncontrol.specialists.tester.bench import Bench, first_started
from missioncontrol.specialists.tester.criterion import Criterion, of_goal, of_nearest
from missioncontrol.specialists.tester.environments import (
    Made,
    environments,
    is_off,
    write_metadata,
)
from missioncontrol.specialists.tester.line_coverage import watched_lines
from missioncontrol.specialists.tester.lines import LinesRan
from missioncontrol.specialists.tester.missing_requirements import Lack, installer, lack_of
from missioncontrol.specialists.tester.nearest import (
    SOURCE,
    Nearest,
    commands_for,
    counts_in,
    nearest,
    runner_of,
)
from missioncontrol.specialists.tester.project_commands import Declared
from missioncontrol.specialists.tester.pythons import ENVIRONMENTS, of_environment, suited
from missioncontrol.specialists.tester.test_requirements import Needed, needed, normal
from missioncontrol.specialists.tester.trial import Trial

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

SECONDS_NEAREST = 60.0
SECONDS_CRITERION = 30.0
SECONDS_COMPILED = 120.0
NAMED_MAX = 6
"""Packages that a command for a line of the terminal names."""
SECONDS_RESERVED = 60.0
"""What making an environment leaves for the runs behind it."""


class EnvironmentResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the environment for the tests."""

    state: str  # none (not needed), made, kept (from an earlier trial), missing
    lacked: str = ""  # what the interpreter lacked
    requirements: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    seconds: float = 0.0
    is_locked: bool = False
    without: tuple[str, ...] = ()  # requirements that have no wheel
    words: str = ""  # one line on what is missing, and the command that installs it


class PlanTrial(msgspec.Struct, frozen=True):
    """What a plan showed when it was tried."""

    near: Nearest
    trials: tuple[Trial, ...]
    trial: Trial | None
    copy_words: str
    environment: EnvironmentResult
    lines: LinesRan
    sharpened: str
    criterion: Criterion | None
    counts: tuple[tuple[str, int, int], ...] = ()  # file, tests run, failed or in error


def try_plan(brief: Brief, bench: Bench, found: Declared, tree: "Tree") -> PlanTrial:
    """Run the nearest tests in a copy, in an environment that has what they need, and more."""
    plan = brief.plan
    assert plan is not None
    near = nearest(plan, tree)
    wanted = _to_run(near, found)
    if near.commands:
        bench.seconds_each = SECONDS_NEAREST
    _give_metadata(bench, tree)
    _compile(near, bench)
    trials, words = bench.trials(wanted) if wanted.commands else ([], bench.laid_words())
    environment = EnvironmentResult("none")
    lack = lack_of(first_started(trials), bench.python, tree) if near.files else None
    if lack is not None and trials and bench.is_laid:
        environment = _with_environment(lack, near, bench, tree)
        if environment.state in {"made", "kept"}:
            trials, words = bench.trials(wanted)
    trial = first_started(trials)
    if near.files and _lacks_pytest(trial, bench):
        trial = bench.once(
            ("python", "-m", "unittest", *near.files), SOURCE, seconds_max=SECONDS_NEAREST
        )
        trials = [trial, *trials]
    seen = LinesRan()
    if bench.is_laid:
        seen = watched_lines(plan, brief.goal, trial, near.files, bench, tree)
    known = [file.path for file in tree.files]
    counts = report.near_goal(trial, near.files, known)
    if not counts and trial is not None:
        counts = counts_in(trial.output, near.files)
    return PlanTrial(
        near,
        tuple(trials),
        trial,
        words,
        environment,
        seen,
        lines.sharpened(seen, brief.goal),
        _criterion(brief, plan, trial, bench, tree) if bench.is_laid else None,
        tuple(counts),
    )


def run_tests(files: Sequence[str], bench: Bench, tree: "Tree", seconds_max: float) -> Trial | None:
    """Run some test files of a project in its copy; None where no runner for them is known.

    For a test that is run while a plan is made: the copy, the interpreter and the environment
    are those that `bench` has.
    """
    commands = commands_for(tuple(files), tree)
    if not commands:
        return None
    bench.seconds_each = seconds_max
    trials, _ = bench.trials(Declared(tuple((argv, SOURCE) for argv in commands), (), ()))
    return first_started(trials)


def _compile(near: Nearest, bench: Bench) -> None:
    """Build tests of Go before they are run: in an empty home that alone may take a minute."""
    if not near.files or runner_of(near.files[0]) != "go":
        return
    bench.laid_words()
    for argv, source in near.commands if bench.is_laid else ():
        bench.once((*argv, "-run", "^$"), source, seconds_max=SECONDS_COMPILED, is_test=False)


def _to_run(near: Nearest, found: Declared) -> Declared:
    """Return the nearest tests; the suite where they are all of it, or no file runs by itself."""
    if not near.is_known or (near.is_all and found.commands):
        return found
    return Declared(near.commands, found.needed, found.offers)


def _lacks_pytest(trial: Trial | None, bench: Bench) -> bool:
    """Whether tests of pytest's own kind cannot run, and those of unittest may."""
    is_pytest = trial is not None and trial.command.is_pytest
    return is_pytest and bench.is_laid and bench.python is not None and not bench.python.pytest


def _give_metadata(bench: Bench, tree: "Tree") -> None:
    """Say of the project what an installation would; one that the checkout has says it itself."""
    place = bench.home / "own"
    repository = bench.ground.repository
    has_own = any((repository / name / "bin" / "python").is_file() for name in ENVIRONMENTS)
    if not has_own and write_metadata(tree, place):
        bench.paths.append(place)


def _with_environment(lack: Lack, near: Nearest, bench: Bench, tree: "Tree") -> EnvironmentResult:
    if lack.ecosystem == "javascript":
        return _with_node(lack, near, bench, tree)
    asked = needed(tree, lack.imported(near.files, tree))
    if not asked.requirements:
        return _none(lack, near, asked, bench, "")
    base = suited(asked.python, bench.surroundings())
    cache = environments(bench.installing, bench.tick, bench.desk.seconds_left() - SECONDS_RESERVED)
    if base is None or cache is None:
        why = _why_none() if cache is None else f"no Python {asked.python} is installed here"
        return _none(lack, near, asked, bench, why)
    bench.desk.log("info", f"making an environment: {lack.words}")
    made = cache.python(base.program, base.version, asked.requirements, asked.constraints)
    if made.directory is None:
        return _none(lack, near, asked, bench, made.reason)
    bench.use(of_environment(made.directory, base))
    return _made(made, lack, asked.requirements, asked.sources)


def _with_node(lack: Lack, near: Nearest, bench: Bench, tree: "Tree") -> EnvironmentResult:
    files = node_modules.module_files(tree)
    packages = sorted({node_modules.package_of(path, files) for path in near.files})
    cache = environments(bench.installing, bench.tick, bench.desk.seconds_left() - SECONDS_RESERVED)
    node = shutil.which("npm", path=bench.surroundings()["PATH"])
    if cache is None or node is None:
        why = _why_none() if cache is None else "npm is not installed here"
        words = f"`{installer(tree)}` is missing for {near.files[0]}: {why}."
        return EnvironmentResult("missing", lack.words, words=words)
    bench.desk.log("info", f"making node_modules: {lack.words}")
    made = cache.node(str(Path(node).resolve()), files, packages)
    if made.directory is None:
        words = f"`{installer(tree)}` is missing for {near.files[0]}: {made.reason.rstrip('.')}."
        return EnvironmentResult("missing", lack.words, words=words)
    for each in node_modules.directories(made.directory):
        shutil.rmtree(bench.copy / each, ignore_errors=True)  # An incomplete one.
        shutil.copytree(made.directory / each, bench.copy / each, symlinks=True)
    return _made(made, lack, (node_modules.install_command(files),), tuple(sorted(files)))


def _made(
    made: Made, lack: Lack, requirements: tuple[str, ...], sources: tuple[str, ...]
) -> EnvironmentResult:
    return EnvironmentResult(
        "made" if made.seconds else "kept",
        lack.words,
        requirements,
        sources,
        made.seconds,
        made.is_locked,
        made.lacks,
    )


def _why_none() -> str:
    return "environments are switched off" if is_off() else "no directory for environments is named"


def _none(lack: Lack, near: Nearest, asked: Needed, bench: Bench, why: str) -> EnvironmentResult:
    """Say in one line what is missing, for what, why, and the command that installs it."""
    absent = set(map(normal, bench.python.missing)) if bench.python else set()
    names = [each for each in asked.requirements if normal(each) in absent]
    if not names:
        names = list(asked.requirements) or list(lack.names)
    words = f"{lack.words} for {near.files[0]}, and no manifest declares what its tests need."
    if asked.requirements:
        reason = (why or lack.words).rstrip(".")
        what = f"`pip install {shlex.join(names)}` is missing"
        if len(names) > NAMED_MAX:
            what = f"{len(names)} packages that {', '.join(asked.sources[:2])} asks for are missing"
            reason += "; install them into `.venv` of the checkout"
        words = f"{what} for {near.files[0]}: {reason}."
    return EnvironmentResult("missing", lack.words, asked.requirements, asked.sources, words=words)


def _criterion(
    brief: Brief, plan: Plan, trial: Trial | None, bench: Bench, tree: "Tree"
) -> Criterion | None:
    def run(argv: tuple[str, ...], name: str, text: str) -> Trial:
        if name:
            (bench.copy / name).write_text(text)
        try:
            is_test = "pytest" in argv
            return bench.once(argv, "the goal", seconds_max=SECONDS_CRITERION, is_test=is_test)
        finally:
            if name:
                (bench.copy / name).unlink(missing_ok=True)

    asked = [each.text for each in plan.requirements]
    is_python = bench.python is not None or bench.seek_python()
    found = of_goal(brief.goal, brief.context, asked, tree, run, has_python=is_python)
    if found is not None and found.state == "red":
        return found
    has_run = trial is not None and trial.verdict.status in {"passed", "failed"}
    if trial is None or not has_run or (found is not None and found.state == "green"):
        return found
    failures = trial.report.failures if trial.report else ()
    return of_nearest(trial, [each.name for each in failures])
