"""The way in for evaluations: begun once a plan, their trials begun and judged once each."""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold
from missioncontrol.application.runs import Origin, Runs
from missioncontrol.application.task_way import refuse_by_hand
from missioncontrol.domain.evaluation import (
    LISTING,
    BeginTrial,
    Evaluation,
    EvaluationBegun,
    EvaluationEnded,
    EvaluationEvent,
    EvaluationListed,
    Evaluations,
    Judged,
    JudgeTrial,
    Listed,
    decide,
    decide_listing,
    evolve,
    evolve_listing,
    refuse_trial,
    unknown,
)
from missioncontrol.ports.event_store import EventStore

PREFIX = "evaluation-"
WHO_MAX = 200

EVALUATION: Concept[Evaluation, EvaluationBegun | BeginTrial | JudgeTrial, EvaluationEvent] = (
    Concept(decide, evolve, unknown)
)

EVALUATIONS: Concept[Evaluations, EvaluationListed | EvaluationEnded, EvaluationEvent] = Concept(
    decide_listing, evolve_listing, unknown
)


class EvaluationAsked(msgspec.Struct, frozen=True):
    """An evaluation is to begin, or the one of the same plan that has not ended to go on."""

    begun: EvaluationBegun
    always: bool = False  # begin again, also where one of the same plan has not ended


class TrialAsked(msgspec.Struct, frozen=True):
    """A trial is to begin, as a run of a saved workflow."""

    evaluation: str
    trial: int
    workflow: str
    version: int
    inputs: dict[str, Any]


class TrialEnded(msgspec.Struct, frozen=True):
    """A trial has ended and was looked at."""

    evaluation: str
    trial: int
    run: str
    judged: Judged


class EvaluationDesk:
    """Changes what the record says of evaluations."""

    def __init__(self, journal: Journal, runs: Runs, adopt: Callable[[str], None]) -> None:
        """`adopt` makes the engine carry out a run."""
        self._journal = journal
        self._runs = runs
        self._adopt = adopt

    async def begin(self, ask: EvaluationAsked, *, actor: str) -> dict[str, Any]:
        """Begin it or find the one to go on with; return its id and whether it is new.

        Raises:
            Rejected: `evaluation.bad_plan`, `evaluation.too_many`.
        """
        listing = await self._journal.find(EVALUATIONS, LISTING)
        begun = ask.begun
        known = listing.open_one(begun.plan) if listing and not ask.always else ""
        if known:
            return {"evaluation": known, "is_new": False}
        if not begun.evaluation.startswith(PREFIX):
            raise unknown(begun.evaluation)
        made = self._journal.tell(EVALUATION, begun.evaluation, begun, actor=actor)
        if made:
            trials = len(begun.scenarios) * begun.repeat
            who = " ".join(begun.subject.argv)[:WHO_MAX] or begun.subject.name
            listed = EvaluationListed(begun.evaluation, begun.plan, who, trials, begun.seed)
            self._journal.tell(EVALUATIONS, LISTING, listed, actor=actor)
        return {"evaluation": begun.evaluation, "is_new": bool(made)}

    async def trial(self, ask: TrialAsked, *, actor: str) -> dict[str, Any]:
        """Begin a trial; its run and the record of it are one commit.

        Raises:
            NotFound: `evaluation.unknown`, `workflow.unknown`.
            Rejected: `evaluation.judged`, `evaluation.unknown_trial`; as `Runs.prepare`.
            Unavailable: `operation.stopped`.
        """
        state = await self._load(ask.evaluation)
        refuse_trial(ask.trial, state)
        prepared = await self._runs.prepare(ask.workflow, ask.version, ask.inputs)
        await refuse_by_hand(prepared, self._journal)
        run = self._runs.begin(prepared, Origin(actor))
        command = BeginTrial(ask.trial, run)
        self._journal.tell(EVALUATION, ask.evaluation, command, actor=actor)
        self._adopt(run)
        return {"run": run}

    async def judge(self, ask: TrialEnded, *, actor: str) -> dict[str, Any]:
        """Write down how a trial ended, and with the last one that all of them have.

        Raises:
            NotFound: `evaluation.unknown`.
            Rejected: `evaluation.other_run`, `evaluation.unknown_trial`.
        """
        await self._journal.find(EVALUATIONS, LISTING)
        state = await self._load(ask.evaluation)
        command = JudgeTrial(ask.trial, ask.run, ask.judged)
        made = self._journal.tell(EVALUATION, ask.evaluation, command, actor=actor)
        if made and state.is_over:
            passed = sum(each.outcome == "passed" for each in state.judged.values())
            ended = EvaluationEnded(ask.evaluation, passed, state.trials)
            self._journal.tell(EVALUATIONS, LISTING, ended, actor=actor)
            self._journal.forget(ask.evaluation)
        return {"is_new": bool(made), "is_over": state.is_over}

    async def _load(self, evaluation: str) -> Evaluation:
        if not evaluation.startswith(PREFIX):
            raise unknown(evaluation)
        return await self._journal.load(EVALUATION, evaluation)


async def listed(store: EventStore) -> list[Listed]:
    """Return all evaluations, the newest first."""
    found, _ = await fold(store, EVALUATIONS, LISTING)
    return list(reversed(found.known.values())) if found else []


async def read_evaluation(store: EventStore, evaluation: str) -> Evaluation:
    """Return an evaluation as it stands.

    Raises:
        NotFound: `evaluation.unknown`.
    """
    known = evaluation.startswith(PREFIX)
    found, _ = await fold(store, EVALUATION, evaluation) if known else (None, 0)
    if found is None:
        raise unknown(evaluation)
    state: Evaluation = found
    return state
