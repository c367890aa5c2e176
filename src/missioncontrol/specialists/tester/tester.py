"""The tester: runs the project's own test command in a disposable copy and reports what it saw."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import (
    ArtifactRef,
    CommandRan,
    Evidence,
    FilesRead,
    Finding,
    TestsRan,
    Work,
)
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.repository import repository_of
from missioncontrol.specialists.specialist import Brief, Desk
from missioncontrol.specialists.tester import others, report
from missioncontrol.specialists.tester.building import Built, build, built, uncommitted
from missioncontrol.specialists.tester.choosing import Ready
from missioncontrol.specialists.tester.copying import FILE_BYTES_MAX, Copied, copied
from missioncontrol.specialists.tester.environment import environment
from missioncontrol.specialists.tester.offered import Offer, offers, parts
from missioncontrol.specialists.tester.proof import doubts, refuse_broken
from missioncontrol.specialists.tester.pythons import Python, best_python
from missioncontrol.specialists.tester.trial import Trial, tried
from missioncontrol.specialists.tester.unimported import COLLECTION
from missioncontrol.specialists.tester.verdict import Verdict

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Dependency
    from missioncontrol.specialists.tree import Tree

SECONDS_MAX = 55.0
"""For copying and testing together in a mission, whose main job ends within two minutes."""
SECONDS_RUN_MIN = 30.0
"""For the test run itself, however long the copy took."""
SECONDS_KEPT = 8.0
COMMANDS_MAX = 5
NOTHING_SAID = "(The tests wrote nothing.)\n"
"""What is kept of a run without output: an empty file would be no evidence of anything."""
RELEVANT_MAX = 12
CONTINUING = "--continue-on-collection-errors"
"""Has pytest run what it can where some of the modules cannot be imported."""


class Declared(msgspec.Struct, frozen=True):
    """What the project says about its tests."""

    commands: tuple[tuple[tuple[str, ...], str], ...]  # argv and source
    needed: tuple[str, ...]  # names of declared Python distributions
    offers: tuple[Offer, ...]  # what there is besides tests


class Tester:
    """Runs the tests that are there, and never says more than what was seen."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Find the test command, run it in a copy, and hand in what it showed.

        Raises:
            AttemptFailed: there is no repository to test; `tester.bad_input`, `tester.bad_patch`
                or `tester.tests_failed` where a change is to be tested.
        """
        root = repository_of(brief, "tester", "test").resolve()
        from missioncontrol.specialists.indexing import index_of
        from missioncontrol.specialists.relevance import relevant_files
        from missioncontrol.specialists.tree import read_tree

        # A step of a workflow may take as long as its author lets it.
        is_hurried = brief.plan is not None and not brief.changes
        change = built(brief)
        bench = _Bench(root, desk, SECONDS_MAX if is_hurried else math.inf, change)
        # What an agent has built may have tests where the checkout has none.
        tree = read_tree(bench.copied_root() if change is not None else root)
        declared = _declared(tree)
        known = [file.path for file in tree.files]
        trials: list[Trial] = []
        words = ""
        if declared.commands:
            trials, words = bench.trials(declared)
        trial = _telling(trials)
        rest = [each for each in trials if each is not trial]
        tried_too = bench.besides(brief.plan, declared, trial, known) if is_hurried else []
        commands = bench.commands(trials, trial, declared, tried_too)
        near = []
        if trial is not None and trial.report is not None:  # else there is nothing to count
            found = relevant_files(
                brief.goal, brief.plan, lambda: index_of(tree), limit=RELEVANT_MAX
            )
            near = report.near_goal(trial, [each.path for each in found], known)
        text = report.markdown(trial, rest, near, known, words)
        statement = report.statement(trial)
        unsure: tuple[Finding, ...] = ()
        if change is not None:
            statement = f"{_what_is_tested(change)}: {statement}"
        desk.log(_level(trial), statement)
        if change is not None:
            refuse_broken(trial, brief, desk)
            unsure = doubts(trial, brief, change, bench.uncommitted)
        if change is not None and trial is not None and trial.verdict.status == "failed":
            statement += "" if unsure else " What fails failed before."
        return Work(
            summary=statement,
            output=_output(trial, commands),
            facts=report.facts(trial),
            findings=(*unsure, *report.findings(trial, known)),
            artifacts=tuple(_artifacts(trial, text, commands, others.output(tried_too), desk)),
            # How the suite ended comes last: that is what a reader asks first.
            evidence=(*others.evidence(tried_too), *_evidence(trial))
            or (FilesRead(len(tree.files), tree.left_out_count, tree.commit),),
        )


def _what_is_tested(change: Built) -> str:
    if change.patch is None:
        return f"After {change.step} nothing is changed"
    return f"With the changes of {change.step}"


def _declared(tree: "Tree") -> Declared:
    from missioncontrol.specialists.manifests import read_manifests

    stack = read_manifests(tree)
    commands = [(tuple(each.argv), each.source) for each in stack.test_commands]
    needed = {
        each.name
        for each in stack.dependencies
        if each.ecosystem == "python" and _is_for_tests(each)
    }
    return Declared(tuple(commands), tuple(sorted(needed)), tuple(offers(stack, tree)))


def _is_for_tests(dependency: "Dependency") -> bool:
    """Whether the project itself or its tests need it; examples and tools for release do not."""
    above = PurePosixPath(dependency.manifest).parts[:-1]
    if not {"requirements", "test", "tests"}.issuperset(above):
        return False
    return (dependency.group == "runtime" and not dependency.optional) or "test" in dependency.group


def _telling(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that started, else the first: the most direct command says most."""
    started = [each for each in trials if each.verdict.status != "could_not_start"]
    return next(iter([*started, *trials]), None)


class _Bench:
    """A copy of the checkout and what is needed to run commands in it."""

    def __init__(
        self, repository: Path, desk: Desk, seconds_max: float, change: Built | None
    ) -> None:
        self.repository = repository
        self.change = change
        self.seconds_max = seconds_max
        self.desk = desk
        self.seconds_left_first = desk.seconds_left()
        self.copy = desk.scratch / "copy"
        self.home = desk.scratch / "home"
        self.uncommitted = 0
        self._done: Copied | None = None
        self._python: Python | None = None

    def copied_root(self) -> Path:
        """Return the copy, or the checkout itself where no copy could be made."""
        return self.repository if self._copied().left_out else self.copy

    def _copied(self) -> Copied:
        """Make the copy and what was built in it, once."""
        if self._done is not None:
            return self._done
        self.desk.log("info", "copying the checkout")
        done = copied(self.repository, self.copy, is_late=lambda: self._seconds() < SECONDS_KEPT)
        if self.change is not None and not done.left_out:
            scratch = self.desk.scratch / "built"
            self.uncommitted = uncommitted(self.change, self.repository, self.copy, scratch)
            if self.uncommitted:
                files = counted(self.uncommitted, "file")
                self.desk.log("warning", f"the checkout has {files} otherwise than the commit")
            count = build(self.change, self.repository, self.copy, scratch)
            self.desk.log("info", f"{counted(count, 'file')} changed by {self.change.step}")
        self._done = done
        return done

    def trials(self, declared: Declared) -> tuple[list[Trial], str]:
        """Try the declared commands until one starts; say what the copy was."""
        self.home.mkdir(parents=True, exist_ok=True)
        done = self._copied()
        if done.left_out:
            argv, source = declared.commands[0]
            verdict = Verdict("could_not_start", f"no copy to test in: {done.left_out}")
            return [Trial(Ready(argv, argv, argv, False), source, verdict)], _words(done)
        surroundings = environment(self.copy, self.home)
        python = self._python = best_python(self.repository, declared.needed, surroundings)
        found: list[Trial] = []
        wanted = list(declared.commands[:COMMANDS_MAX])
        while wanted:
            argv, source = wanted.pop(0)
            limit = self._seconds_for_a_run(is_second=CONTINUING in argv)
            if found and limit < SECONDS_KEPT:
                break
            self.desk.log("info", f"running {' '.join(argv)} for at most {max(limit, 1):.0f} s")
            trial = tried(
                argv,
                source,
                copy=self.copy,
                home=self.home,
                environment=surroundings,
                python=python,
                seconds_max=max(limit, 1.0),
                tick=self._tick,
            )
            found.append(trial)
            if trial.verdict.status != "could_not_start":
                break
            if trial.is_partly_collected and CONTINUING not in argv:
                wanted.insert(0, ((*argv, CONTINUING), source))
        return found, _words(done)

    def besides(
        self, plan: Plan | None, declared: Declared, trial: Trial | None, known: Sequence[str]
    ) -> list[others.Attempt]:
        """Try what the project offers besides its suite, in the time that the suite has left."""
        if self._done is None or self._done.left_out:
            return []
        is_pytest = trial is not None and trial.command.is_pytest and trial.report is not None
        usable = _usable(trial, known) if is_pytest else ()
        wanted = [*parts(plan, usable), *declared.offers]
        used = self.seconds_left_first - self._seconds()
        ends = self._seconds() - min(others.SECONDS_MAX, self.seconds_max - used)
        self.desk.log("info", f"trying {counted(len(wanted), 'command')} besides the suite")
        return others.attempts(
            wanted,
            copy=self.copy,
            home=self.home,
            environment=environment(self.copy, self.home),
            python=self._python,
            seconds_left=lambda: min(self._seconds() - ends, self._seconds() - SECONDS_KEPT),
            tick=self._tick,
        )

    def commands(
        self,
        trials: Sequence[Trial],
        chosen: Trial | None,
        declared: Declared,
        besides: Sequence[others.Attempt],
    ) -> tuple[others.Told, ...]:
        """Return every command of the project, and whether it was run here."""
        return others.told(trials, chosen, _untried(declared, trials), besides, self.copy)

    def _seconds(self) -> float:
        return self.desk.seconds_left()

    def _seconds_for_a_run(self, *, is_second: bool = False) -> float:
        """Return how long a run may take; a second one of a suite leaves time for the rest."""
        used = self.seconds_left_first - self._seconds()
        wanted = max(self.seconds_max - used, SECONDS_RUN_MIN)
        if is_second:
            wanted = max(self.seconds_max - used - others.SECONDS_MAX, SECONDS_KEPT)
        return min(wanted, self._seconds() - SECONDS_KEPT)

    def _tick(self, seconds: float) -> None:
        self.desk.progress(int(seconds), 0, f"tests have run for {seconds:.0f} s")


def _untried(declared: Declared, trials: Sequence[Trial]) -> list[tuple[tuple[str, ...], str]]:
    """Return the declared commands behind the last one that was tried."""
    count = sum(1 for each in trials if CONTINUING not in each.command.declared)
    return list(declared.commands[count:])


def _usable(trial: Trial | None, known: Sequence[str]) -> list[str]:
    """Return the files without those that pytest could not import."""
    failures = trial.report.failures if trial is not None and trial.report is not None else ()
    broken = {
        f"{each.name.replace('.', '/')}.py"
        for each in failures
        if each.message.startswith(COLLECTION)
    }
    return [path for path in known if path not in broken]


def _words(done: Copied) -> str:
    git = "with its .git" if done.with_git else "without .git"
    large = f"{FILE_BYTES_MAX // 1024 // 1024} MiB"
    huge = f", without {counted(done.huge, 'file')} larger than {large}" if done.huge else ""
    files = counted(done.files, "file")
    return f"a disposable copy of {files} {git}{huge}, with an empty home directory"


def _level(trial: Trial | None) -> Any:
    if trial is None:
        return "info"
    return {"passed": "success", "failed": "error"}.get(trial.verdict.status, "warning")


def _output(trial: Trial | None, commands: Sequence[others.Told]) -> dict[str, Any]:
    """Return what the steps after this one are likely to ask for."""
    nothing: dict[str, Any] = {"ran": [], "failures": [], "exit_code": None, "seconds": None}
    told = {**nothing, **_document(trial, commands)}
    counts = {name: told.pop(name, 0) for name in ("passed", "failed", "errors", "skipped")}
    return {**told, "passed": told["status"] == "passed", "counts": counts}


def _document(trial: Trial | None, commands: Sequence[others.Told]) -> dict[str, Any]:
    """Return tests.json: how the run ended, its counts, what failed, and all commands."""
    if trial is None:
        nothing = {"status": "no_test_command", "reason": "", "command": [], "source": ""}
        return {**nothing, "commands": others.as_json(commands)}
    found = trial.as_json()
    failures = trial.report.failures if trial.report else ()
    found["failures"] = [
        {"name": each.name, "group": each.group, "message": report.cause(each)}
        for each in failures[:20]
    ]
    found["commands"] = others.as_json(commands)
    return found


def _evidence(trial: Trial | None) -> Iterator[Evidence]:
    if trial is None or trial.ran is None:
        return
    ran = trial.ran
    yield CommandRan(trial.command.shown, ran.exit_code, ran.seconds, "test-output.txt")
    if trial.report is not None and trial.report.groups:
        counts = trial.report
        yield TestsRan("junit.xml", counts.passed, counts.failed, counts.errors, counts.skipped)


def _artifacts(
    trial: Trial | None, text: str, commands: Sequence[others.Told], said_too: str, desk: Desk
) -> Iterator[ArtifactRef]:
    how = "manifests and test files of the repository"
    if trial is not None:
        how = f"`{' '.join(trial.command.shown)}` in a disposable copy of the checkout"
    data = msgspec.json.format(msgspec.json.encode(_document(trial, commands)), indent=2) + b"\n"
    files: Sequence[tuple[str, bytes | str, str, str]] = (
        ("tests.json", data, "application/json", "What the test run showed"),
        ("tests.md", text, "text/markdown", "The project's own tests"),
    )
    if trial is not None and trial.ran is not None:
        said = trial.output or NOTHING_SAID
        files = (*files, ("test-output.txt", said, "text/plain", "Output of the test run"))
    if said_too:
        files = (*files, (others.LOG, said_too, "text/plain", "Output of the other commands"))
    if trial is not None and trial.report_bytes:
        files = (*files, ("junit.xml", trial.report_bytes, "application/xml", "The JUnit report"))
    for name, content, media_type, title in files:
        yield desk.keep(name, content, media_type=media_type, title=title, obtained=how)
