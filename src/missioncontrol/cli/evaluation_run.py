"""Carries an evaluation out: each trial as a run of the engine, judged by what it left."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec

from missioncontrol.application.asks import SaveWorkflow
from missioncontrol.application.evaluations import (
    TrialAsked,
    TrialEnded,
    read_evaluation,
)
from missioncontrol.application.journal import fold_run
from missioncontrol.cli.trial_runners import EvaluationRunner, rested
from missioncontrol.cli.trial_workspace import FIXED, Held, Place
from missioncontrol.domain.building import PATCH
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.evaluation import SEED, Checked, EvaluationBegun, Judged
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.evaluation.judgement import (
    Left,
    by_checks,
    by_files,
    by_run,
    by_tree,
    spent_in,
)
from missioncontrol.evaluation.scenario import Scenario
from missioncontrol.evaluation.trials import STEP, Trial, trials_of, workflow_of
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Sandbox

FILES_LISTED_MAX = 200
CANCEL_SECONDS_MAX = 30.0

OnJudged = Callable[[Trial, Judged], None]


class Evaluating:
    """One evaluation at work."""

    def __init__(
        self,
        hall: EvaluationRunner,
        begun: EvaluationBegun,
        scenarios: Mapping[str, Scenario],
        prompt: str,
        places: Path,
        artifacts: ArtifactStore,
        sandbox: Sandbox,
    ) -> None:
        """`prompt` precedes each task; `places` is a directory of this evaluation alone."""
        self._runner = hall
        self._started = begun
        self._scenarios = [scenarios[each.id] for each in begun.scenarios]
        self._prompt = prompt
        self._places = places
        self._sandbox = sandbox
        self._artifacts = artifacts
        self._saved: dict[str, int] = {}  # versions of workflows, by name

    @property
    def _works_in_tree(self) -> bool:
        """Whether the agent has no trees of its own, so that it is given one."""
        return self._started.subject.kind == "command"

    async def carry_out(self, *, parallel: int, hear: OnJudged) -> None:
        """Do what is not judged yet, at most `parallel` trials at once.

        Raises:
            MissionControlError: what keeps the harness itself from going on.
        """
        state = await read_evaluation(self._runner.store, self._started.evaluation)
        left = [each for each in trials_of(self._started) if each.number not in state.judged]
        places = asyncio.Semaphore(parallel)
        for old in self._places.glob("held-*"):
            await asyncio.to_thread(shutil.rmtree, old, ignore_errors=True)

        async def one(trial: Trial) -> None:
            async with places:
                hear(trial, await self._done(trial, state.runs.get(trial.number, "")))

        try:
            async with asyncio.TaskGroup() as group:
                for trial in left:
                    group.create_task(one(trial))
        except BaseExceptionGroup as several:
            # The first ended the others; what it says is what a person can do something about.
            raise several.exceptions[0] from None

    async def _done(self, trial: Trial, known: str) -> Judged:
        scenario = self._scenarios[trial.scenario]
        place = Place(self._places / str(trial.number))
        run, judged = await self._tried(trial, scenario, place, known)
        ended = TrialEnded(self._started.evaluation, trial.number, run.id, judged)
        await self._runner.do(ended)
        await place.clear()
        return judged

    async def _tried(
        self, trial: Trial, scenario: Scenario, place: Place, known: str
    ) -> tuple[Run, Judged]:
        run = await self._known(known) if known else None
        asks = False
        if run is None:
            name = await self._begin(trial, scenario, place)
            run, asks = await rested(self._runner, name)
        spent = spent_in(run)
        outcome, reason, check = by_run(run, scenario.caps)
        if asks and outcome != "over_budget":
            outcome, reason = "stuck", "It asked a person, and a trial has no person to answer."
        if not run.is_settled:
            await self._end(run.id, reason)
        verdict = msgspec.structs.replace(spent, reason=reason, check=check)
        if outcome is not None:
            return run, msgspec.structs.replace(verdict, outcome=outcome)
        return run, await self._judged(trial, scenario, place, run, verdict)

    async def _known(self, name: str) -> Run | None:
        """Return a run that was begun before we were killed, or None where it is of no more use.

        An attempt that was interrupted left a tree that is no snapshot: what it began is ended,
        and the trial begins again.
        """
        try:
            run, _ = await fold_run(self._runner.store, name)
        except NotFound:
            return None
        if not run.is_settled and self._runner.is_elsewhere:
            run, _ = await rested(self._runner, name)
        if not run.is_settled:
            await self._end(name, "The evaluation was interrupted; this trial begins again.")
            return None
        if run.outcome == "cancelled" or (self._works_in_tree and run.interruptions.get(STEP)):
            return None
        return run

    async def _begin(self, trial: Trial, scenario: Scenario, place: Place) -> str:
        played = self._started.scenarios[trial.scenario]
        commit = await place.lay_out(scenario, with_tree=self._works_in_tree)
        assert commit == played.snapshot, "a snapshot is the same each time"
        name, text = workflow_of(self._started.subject, scenario.caps, FIXED)
        if name not in self._saved:
            saved = await self._runner.do(SaveWorkflow(text, f"{name}.json"))
            self._saved[name] = saved["version"]
        task = f"{self._prompt.strip()}\n\n{scenario.task}".lstrip()
        tree = place.tree if self._works_in_tree else place.repository
        inputs: dict[str, Any] = {"task": task, "tree": str(tree), SEED: trial.seed}
        inputs["home"] = str(place.home)
        asked = TrialAsked(self._started.evaluation, trial.number, name, self._saved[name], inputs)
        return str((await self._runner.do(asked))["run"])

    async def _end(self, run: str, reason: str) -> None:
        """Cancel a run, and wait until nothing of it is at work any more."""
        with contextlib.suppress(Rejected):  # It has just ended by itself.
            await self._runner.cancel(run, reason[:500] or "The trial has ended.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS_MAX):
                await rested(self._runner, run)

    async def _judged(
        self, trial: Trial, scenario: Scenario, place: Place, run: Run, verdict: Judged
    ) -> Judged:
        """Judge by what was left."""
        commit = self._started.scenarios[trial.scenario].snapshot
        # No program of an agent that is still at work somewhere knows where this will be.
        held = Held(scenario, self._places / f"held-{token_hex(8)}", trial.seed, self._sandbox)
        try:
            patch, stored = await self._left(place, run, commit)
            left = await held.lay_out(commit, patch)
            return await _held_up(held, left, msgspec.structs.replace(verdict, patch=stored))
        except AttemptFailed as error:
            outcome, reason, check = by_tree(error.reason)
            return msgspec.structs.replace(verdict, outcome=outcome, reason=reason, check=check)
        except OSError as error:
            return msgspec.structs.replace(verdict, outcome="error", reason=str(error)[:1_000])
        finally:
            await held.clear()

    async def _left(self, place: Place, run: Run, commit: str) -> tuple[bytes, str]:
        """Return what was changed as a patch, and the digest by which it is stored."""
        if self._works_in_tree:
            patch = await place.left(commit)
            return patch, await asyncio.to_thread(self._artifacts.put, patch) if patch else ""
        state = run.states[STEP]
        refs: Sequence[Any] = state.work.artifacts if isinstance(state, Succeeded) else ()
        digest = next((ref.digest for ref in refs if ref.name == PATCH), "")
        return (
            (await asyncio.to_thread(self._artifacts.get, digest), digest) if digest else (b"", "")
        )


async def _held_up(held: Held, left: Left, verdict: Judged) -> Judged:
    """Hold what was left against rules and checks; nothing is checked that breaks the rules."""
    checks: tuple[Checked, ...] = ()
    outcome, reason, check = by_files(held.scenario, left)
    if outcome is None:
        checks = tuple([await held.checked(each) for each in held.scenario.checks])
        outcome, reason, check = by_checks(checks)
    return msgspec.structs.replace(
        verdict,
        outcome=outcome,
        reason=reason,
        check=check,
        checks=checks,
        files=left.files[:FILES_LISTED_MAX],
    )
