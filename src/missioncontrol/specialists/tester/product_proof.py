"""Proves a new product in a confined copy: installed, tested, started, and asked."""

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import ArtifactRef, CommandRan, Finding, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief, Desk, repository_of
from missioncontrol.specialists.tester import node_modules, report
from missioncontrol.specialists.tester.bench import SECONDS_RESERVED, Bench, first_started
from missioncontrol.specialists.tester.building import Built, built
from missioncontrol.specialists.tester.environments import (
    Environments,
    Made,
    environments,
    is_off,
    write_metadata,
)
from missioncontrol.specialists.tester.grounds import OfCheckout
from missioncontrol.specialists.tester.project_commands import declared
from missioncontrol.specialists.tester.proof import doubts, refuse_broken
from missioncontrol.specialists.tester.pythons import of_environment, suited
from missioncontrol.specialists.tester.results import artifacts, evidence, level, output
from missioncontrol.specialists.tester.test_requirements import needed
from missioncontrol.specialists.tester.trial import Trial

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

SECONDS_BOOT = 300.0
BOOT_LOG = "start-output.txt"


def prove_product(brief: Brief, plan: Plan, desk: Desk) -> Work:
    """Install, test and start the product of `plan`, with the changes of `brief.changes` if any.

    Of the skeleton, all tests have to pass, and what its README stores has to be there after a
    restart. Of a change, no test may fail that did not fail before, and the product has to start.

    Raises:
        AttemptFailed: `tester.no_environment`, `tester.tests_failed`, `tester.not_started`, or as
            `built`.
    """
    root = repository_of(brief, "tester", "test").resolve()
    from missioncontrol.specialists.tree import read_tree

    change = built(brief)
    ground = OfCheckout(root, desk.scratch, change)
    bench = Bench(ground, desk, desk.scratch, math.inf)
    tree = read_tree(bench.copied_root())
    bench.laid_words()
    installed = _install(bench, tree)
    found = declared(tree)
    trials, words = bench.trials(found) if found.commands else ([], bench.laid_words())
    trial = first_started(trials)
    desk.log(level(trial), report.statement(trial))
    unsure: tuple[Finding, ...] = ()
    if change is None:
        _refuse_red(trial)
    else:
        refuse_broken(trial, brief, desk)
        unsure = doubts(trial, brief, change, ground.uncommitted)
    boot = _start(plan, change, bench)
    statement = f"{_of(change)}{installed}; {_decapitalized(report.statement(trial))}"
    statement = f"{statement.rstrip('.')}; it starts and answers."
    desk.log("success", statement)
    known = [file.path for file in tree.files]
    rest = [each for each in trials if each is not trial]
    text = report.markdown(trial, rest, [], known, words, headline=statement)
    commands = bench.commands(trials, trial, found, [])
    return Work(
        summary=statement,
        output=output(trial, commands),
        facts=report.facts(trial),
        findings=(*unsure, *report.findings(trial, known)),
        artifacts=(
            *artifacts(trial, text, commands, "", desk),
            _keep_log(boot, desk),
        ),
        evidence=(_started(boot), *evidence(trial, tree, ())),
    )


def _of(change: Built | None) -> str:
    if change is None:
        return "The skeleton: "
    return f"With the changes of {change.step}: " if change.patch else "Nothing is changed: "


def _decapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]


def _refuse_red(trial: Trial | None) -> None:
    if trial is not None and trial.verdict.status == "passed":
        return
    raise AttemptFailed(
        "tester.tests_failed",
        f"The tests of the skeleton do not pass: {report.statement(trial)}",
        hint="This is a fault of Mission Control: its scaffolds pass their own tests.",
        retryable=False,
        detail={"output": trial.output[-4_000:] if trial is not None else ""},
    )


def _install(bench: Bench, tree: "Tree") -> str:
    """Install what the product has pinned; return in words how.

    Raises:
        AttemptFailed: `tester.no_environment`.
    """
    left = bench.desk.seconds_left() - SECONDS_RESERVED
    cache = environments(bench.installing, bench.tick, left)
    if cache is None:
        why = "environments are switched off" if is_off() else "no directory for them is named"
        raise _no_environment(why)
    is_node = tree.file("package.json") is not None
    made = _node(bench, tree, cache) if is_node else _python(bench, tree, cache)
    if made.directory is None:
        raise _no_environment(made.reason)
    if made.lacks:
        raise _no_environment(f"there is no wheel of {', '.join(made.lacks)} for this machine")
    took = f" in {made.seconds:.0f} s" if made.seconds else ", as before"
    bench.desk.log("info", f"installed what is pinned{took}")
    return f"installed{took}"


def _node(bench: Bench, tree: "Tree", cache: Environments) -> Made:
    npm = shutil.which("npm", path=bench.surroundings()["PATH"])
    if npm is None:
        raise _no_environment("npm is not installed here")
    made = cache.node(str(Path(npm).resolve()), node_modules.module_files(tree), ["."])
    if made.directory is not None:
        for each in node_modules.directories(made.directory):
            shutil.rmtree(bench.copy / each, ignore_errors=True)  # What a person installed.
            shutil.copytree(made.directory / each, bench.copy / each, symlinks=True)
    return made


def _python(bench: Bench, tree: "Tree", cache: Environments) -> Made:
    asked = needed(tree)
    base = suited(asked.python, bench.surroundings())
    if base is None:
        raise _no_environment(f"no Python {asked.python} is installed here")
    made = cache.python(base.program, base.version, asked.requirements, asked.constraints)
    if made.directory is not None:
        bench.use(of_environment(made.directory, base))
        place = bench.home / "own"
        if write_metadata(tree, place):
            bench.paths.append(place)
    return made


def _no_environment(why: str) -> AttemptFailed:
    return AttemptFailed(
        "tester.no_environment",
        f"What the product needs can't be installed here: {why.rstrip('.')}.",
        hint="A registry of packages has to be reachable the first time; `mission runs retry RUN` "
        "tries it again.",
    )


def _start(plan: Plan, change: Built | None, bench: Bench) -> Trial:
    """Start the product; of the skeleton, ask all that its README asks.

    Raises:
        AttemptFailed: `tester.not_started`.
    """
    from missioncontrol.specialists.scaffolding.blueprint import blueprint
    from missioncontrol.specialists.scaffolding.documents import commands
    from missioncontrol.specialists.scaffolding.running import HEALTH, running

    stack = plan.design.scaffold if plan.design else None
    assert stack, "a skeleton has a stack"
    product = blueprint(plan)
    how = running(product, stack)
    asked = {**msgspec.to_builtins(how), "health": HEALTH}
    if change is not None:
        asked |= {"requests": [], "calls": []}  # What a task has built may ask for more.
    description = bench.home / "boot.json"
    description.write_bytes(msgspec.json.encode(asked))
    program = str(Path(__file__).with_name("boot.py"))
    trial = bench.once(
        ("python", "-I", program, str(description)),
        "README.md",
        seconds_max=SECONDS_BOOT,
        is_test=False,
    )
    if trial.ran is None or trial.ran.exit_code:
        lines = [each for each in trial.output.splitlines() if each.strip()]
        fault = next((each for each in reversed(lines) if each.startswith("FAILED: ")), "")
        why = fault.removeprefix("FAILED: ") or trial.verdict.reason or (lines or ["no output"])[-1]
        by_hand = commands(product, stack)
        raise AttemptFailed(
            "tester.not_started",
            f"The product does not start and answer: {why}",
            hint=f"`{by_hand.install}`, then `{by_hand.start}` starts it by hand.",
            retryable=False,
            detail={"output": trial.output[-4_000:]},
        )
    return trial


def _keep_log(boot: Trial, desk: Desk) -> ArtifactRef:
    return desk.keep(
        BOOT_LOG,
        boot.output,
        media_type="text/plain",
        title="Output of the product while it was asked",
        obtained="started in a confined copy",
    )


def _started(boot: Trial) -> CommandRan:
    assert boot.ran is not None, "it ended well"
    return CommandRan(("start", "and", "ask"), boot.ran.exit_code, boot.ran.seconds, BOOT_LOG)
