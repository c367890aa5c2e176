"""The bench: files to test that may be written to, and what is needed to run commands on them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from missioncontrol.confinement import within
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import others
from missioncontrol.specialists.tester.choosing import Ready
from missioncontrol.specialists.tester.copying import Copied
from missioncontrol.specialists.tester.declared import Declared
from missioncontrol.specialists.tester.environment import environment
from missioncontrol.specialists.tester.grounds import Ground
from missioncontrol.specialists.tester.offered import parts
from missioncontrol.specialists.tester.others import with_tools
from missioncontrol.specialists.tester.pythons import Python, best_python
from missioncontrol.specialists.tester.trial import Trial, tried
from missioncontrol.specialists.tester.unimported import COLLECTION
from missioncontrol.specialists.tester.verdict import Verdict

SECONDS_MAX = 55.0
"""For copying and testing together in a mission, whose main job ends within two minutes."""
SECONDS_RUN_MIN = 30.0
"""For the test run itself, however long the copy took."""
SECONDS_KEPT = 8.0
COMMANDS_MAX = 5
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
    ) -> None:
        """Work below `place`, for `seconds_max` as long as the desk's own time lasts.

        Without a `sandbox`, commands are hidden from what is hidden from this program.
        """
        self.ground = ground
        self.seconds_max = seconds_max
        self.desk = desk
        self.seconds_left_first = desk.seconds_left()
        self.copy = ground.root
        self.home = place / "home"
        self._sandbox = sandbox or within(os.environ)
        self._done: Copied | None = None
        self._python: Python | None = None
        self._is_python_known = False

    def copied_root(self) -> Path:
        """Return the copy, or the checkout itself where no copy could be made."""
        return self.ground.repository if self._laid().left_out else self.copy

    def _laid(self) -> Copied:
        """Lay the files, once."""
        if self._done is None:
            self._done = self.ground.lay(self.desk, is_late=lambda: self._seconds() < SECONDS_KEPT)
        return self._done

    def _interpreter(self, declared: Declared, surroundings: Mapping[str, str]) -> Python | None:
        if not self._is_python_known:
            needed = declared.needed
            self._python = best_python(self.ground.repository, needed, surroundings)
            self._is_python_known = True
        return self._python

    def trials(self, declared: Declared) -> tuple[list[Trial], str]:
        """Try the declared commands until one starts; say what the copy was."""
        self.home.mkdir(parents=True, exist_ok=True)
        done = self._laid()
        if done.left_out:
            argv, source = declared.commands[0]
            verdict = Verdict("could_not_start", f"no copy to test in: {done.left_out}")
            return [Trial(Ready(argv, argv, argv, False), source, verdict)], self.ground.words(done)
        surroundings = environment(self.copy, self.home)
        python = self._interpreter(declared, surroundings)
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
        surroundings = environment(self.copy, self.home)
        python = self._interpreter(declared, surroundings)
        found: list[Trial] = []
        for argv in wanted:
            limit = max(self._seconds() - SECONDS_KEPT, 1.0)
            self.desk.log("info", f"checking {' '.join(argv)} for at most {limit:.0f} s")
            trial = tried(
                argv,
                CHECKS,
                copy=self.copy,
                home=self.home,
                environment=with_tools(surroundings, python),
                python=python,
                seconds_max=limit,
                tick=self._tick,
                sandbox=self._sandbox,
                is_test=False,
                where=self.ground.where,
            )
            found.append(trial)
        return found

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
            sandbox=self._sandbox,
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


def telling(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial that started, else the first: the most direct command says most."""
    started = [each for each in trials if each.verdict.status != "could_not_start"]
    return next(iter([*started, *trials]), None)
