"""The bench: files to test that may be written to, and what is needed to run commands on them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from missioncontrol.confinement import within
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import others
from missioncontrol.specialists.tester.environment import environment
from missioncontrol.specialists.tester.grounds import Copied, Ground
from missioncontrol.specialists.tester.others import with_tools
from missioncontrol.specialists.tester.project_commands import PYTESTS, Declared, ReadyCommand
from missioncontrol.specialists.tester.pythons import Python, best_python
from missioncontrol.specialists.tester.trial import Trial, tried
from missioncontrol.specialists.tester.verdict import Verdict

SECONDS_MAX = 55.0
"""For copying and testing together in a mission, whose main job ends within two minutes."""
SECONDS_RUN_MIN = 30.0
"""For the test run itself, however long the copy took."""
SECONDS_RESERVED = 8.0
COMMANDS_MAX = 5
LEFT = "only the tests nearest to the change were run"
CHECKS = "the checks of the repository"
CONTINUING = "--continue-on-collection-errors"
"""Has pytest run what it can where some of the modules cannot be imported."""


class Bench:
    """Files to test, and what is needed to run commands on them."""

    def __init__(
        self,
        ground: Ground,
        desk: Desk,
        place: Path,
        seconds_max: float,
        sandbox: Sandbox | None = None,
        installing: Sandbox | None = None,
    ) -> None:
        """Work below `place`, for `seconds_max` as long as the desk's own time lasts.

        Without a `sandbox`, commands are hidden from what is hidden from this program. Environments
        are made in `installing`, as that reads settings of registries; else in the same.
        """
        self.ground = ground
        self.seconds_max = seconds_max
        self.desk = desk
        self.seconds_left_first = desk.seconds_left()
        self.copy = ground.root
        self.home = place / "home"
        self._sandbox = sandbox or within(os.environ)
        self.installing = installing or self._sandbox
        self.more: dict[str, str] = {}  # variables of every run, besides those of `environment`
        self.paths: list[Path] = []  # where Python finds modules, behind those of the copy
        self.seconds_each: float | None = None  # for a run; None shares out `seconds_max`
        self._done: Copied | None = None
        self._python: Python | None = None
        self._is_python_known = False

    def copied_root(self) -> Path:
        """Return the copy, or the checkout itself where no copy could be made."""
        return self.ground.repository if self._laid().left_out else self.copy

    def _laid(self) -> Copied:
        """Lay the files, once."""
        if self._done is None:
            self._done = self.ground.lay(
                self.desk, is_late=lambda: self._seconds() < SECONDS_RESERVED
            )
        return self._done

    def _interpreter(self, declared: Declared, surroundings: Mapping[str, str]) -> Python | None:
        if not self._is_python_known:
            needed = declared.needed
            self._python = best_python(self.ground.repository, needed, surroundings)
            self._is_python_known = True
        return self._python

    @property
    def python(self) -> Python | None:
        """The interpreter that was found for the runs so far."""
        return self._python

    @property
    def is_laid(self) -> bool:
        """Whether there is a whole copy to run in."""
        return self._done is not None and not self._done.left_out

    def laid_words(self) -> str:
        """Lay the copy, where nothing was run in it yet, and say what it is."""
        self.home.mkdir(parents=True, exist_ok=True)
        return self.ground.words(self._laid())

    def seek_python(self) -> bool:
        """Find an interpreter, where no run has asked for one; False where there is none."""
        return self._interpreter(Declared((), (), ()), self.surroundings()) is not None

    def use(self, python: Python) -> None:
        """Run with `python` from now on, and find the programs that are installed beside it."""
        self._python, self._is_python_known = python, True
        self.more["PATH"] = with_tools(environment(self.copy, self.home), python)["PATH"]

    def surroundings(self) -> dict[str, str]:
        """Return the variables of a run."""
        found = environment(self.copy, self.home)
        paths = [found["PYTHONPATH"], *map(str, self.paths)]
        return {**found, "PYTHONPATH": os.pathsep.join(paths), **self.more}

    def once(
        self,
        argv: tuple[str, ...],
        source: str,
        *,
        seconds_max: float,
        more: Mapping[str, str] | None = None,
        is_test: bool = True,
    ) -> Trial:
        """Run one command in the copy, which `trials` has laid, with the interpreter it found."""
        limit = max(min(seconds_max, self._seconds() - SECONDS_RESERVED), 1.0)
        self.desk.log("info", f"running {' '.join(argv)} for at most {limit:.0f} s")
        return tried(
            argv,
            source,
            copy=self.copy,
            home=self.home,
            environment={**self.surroundings(), **(more or {})},
            python=self._python,
            seconds_max=limit,
            tick=self.tick,
            sandbox=self._sandbox,
            is_test=is_test,
            where=self.ground.where,
        )

    def trials(self, declared: Declared) -> tuple[list[Trial], str]:
        """Try the declared commands until one starts; say what the copy was."""
        self.home.mkdir(parents=True, exist_ok=True)
        done = self._laid()
        if done.left_out:
            argv, source = declared.commands[0]
            verdict = Verdict("could_not_start", f"no copy to test in: {done.left_out}")
            return [
                Trial(ReadyCommand(argv, argv, argv, False), source, verdict)
            ], self.ground.words(done)
        surroundings = self.surroundings()
        python = self._interpreter(declared, surroundings)
        found: list[Trial] = []
        wanted = list(declared.commands[:COMMANDS_MAX])
        while wanted:
            argv, source = wanted.pop(0)
            limit = self._seconds_for_a_run(is_second=CONTINUING in argv)
            if found and limit < SECONDS_RESERVED:
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
                tick=self.tick,
                sandbox=self._sandbox,
                where=self.ground.where,
            )
            found.append(trial)
            if trial.verdict.status != "could_not_start":
                break
            if trial.is_partly_collected and CONTINUING not in argv:
                wanted.insert(0, ((*argv, CONTINUING), source))
        return found, self.ground.words(done)

    def checks(self, declared: Declared, wanted: Sequence[tuple[str, ...]]) -> list[Trial]:
        """Run commands that have to end well, each with all the time that is left."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._laid()
        surroundings = self.surroundings()
        python = self._interpreter(declared, surroundings)
        found: list[Trial] = []
        for argv in wanted:
            limit = max(self._seconds() - SECONDS_RESERVED, 1.0)
            self.desk.log("info", f"checking {' '.join(argv)} for at most {limit:.0f} s")
            trial = tried(
                argv,
                CHECKS,
                copy=self.copy,
                home=self.home,
                environment=with_tools(surroundings, python),
                python=python,
                seconds_max=limit,
                tick=self.tick,
                sandbox=self._sandbox,
                is_test=False,
                where=self.ground.where,
            )
            found.append(trial)
        return found

    def besides(self, declared: Declared) -> list[others.Attempt]:
        """Try what the project offers besides its tests, for a while of its own."""
        if self._done is None or self._done.left_out:
            return []
        wanted = list(declared.offers)
        ends = self._seconds() - others.SECONDS_MAX
        self.desk.log("info", f"trying {counted(len(wanted), 'command')} besides the suite")
        return others.attempts(
            wanted,
            copy=self.copy,
            home=self.home,
            environment=self.surroundings(),
            python=self._python,
            seconds_left=lambda: self._seconds() - max(ends, SECONDS_RESERVED),
            tick=self.tick,
            sandbox=self._sandbox,
        )

    def commands(
        self,
        trials: Sequence[Trial],
        chosen: Trial | None,
        declared: Declared,
        besides: Sequence[others.Attempt],
    ) -> tuple[others.CommandResult, ...]:
        """Return every command of the project, and whether it was run here."""
        return others.command_results(
            trials, chosen, _untried(declared, trials), besides, self.copy
        )

    def commands_near(
        self,
        trials: Sequence[Trial],
        chosen: Trial | None,
        declared: Declared,
        besides: Sequence[others.Attempt],
    ) -> tuple[others.CommandResult, ...]:
        """The same where the nearest tests were run; the suite is left to the builder."""
        ran = {each.command.declared for each in trials}
        rest = [each for each in declared.commands if _plain(each[0]) not in ran]
        if len(rest) < len(declared.commands):
            return self.commands(trials, chosen, declared, besides)
        near = others.command_results(trials, chosen, [], besides, self.copy, purpose="test a part")
        suites = [
            others.CommandResult("test", argv, source, "not_run", result=LEFT)
            for argv, source in rest
        ]
        return (*near, *suites)

    def _seconds(self) -> float:
        return self.desk.seconds_left()

    def _seconds_for_a_run(self, *, is_second: bool = False) -> float:
        """Return how long a run may take; a second one of a suite leaves time for the rest."""
        if self.seconds_each is not None:
            return min(self.seconds_each, self._seconds() - SECONDS_RESERVED)
        used = self.seconds_left_first - self._seconds()
        wanted = max(self.seconds_max - used, SECONDS_RUN_MIN)
        if is_second:
            wanted = max(self.seconds_max - used - others.SECONDS_MAX, SECONDS_RESERVED)
        return min(wanted, self._seconds() - SECONDS_RESERVED)

    def tick(self, seconds: float) -> None:
        """Report how long the run under way has taken."""
        self.desk.progress(int(seconds), 0, f"tests have run for {seconds:.0f} s")


def _untried(declared: Declared, trials: Sequence[Trial]) -> list[tuple[tuple[str, ...], str]]:
    """Return the declared commands behind the last one that was tried."""
    count = sum(1 for each in trials if CONTINUING not in each.command.declared)
    return list(declared.commands[count:])


def _plain(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command as trials name it: pytest by its module."""
    return ("python", "-m", *argv) if argv[0] in PYTESTS else argv


def first_started(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that started, else the first: the most direct command says most."""
    started = [each for each in trials if each.verdict.status != "could_not_start"]
    return next(iter([*started, *trials]), None)
