"""Evaluations of agents: what is tried, which run each trial is, and how each ended."""

from typing import Annotated, Literal, assert_never

import msgspec

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

Outcome = Literal["passed", "failed", "stuck", "over_budget", "error"]
"""`error` is ours or of what lies between, never the agent's; `stuck` is never `passed`."""

SEED = "evaluation_seed"
"""The input of a trial's run that its agent sees as MISSION_EVAL_SEED."""

SEED_VARIABLE = "MISSION_EVAL_SEED"
LISTING = "evaluations"
"""The stream of the list: a log is read by streams, and each evaluation has one of its own."""

EVALUATIONS_MAX = 10_000
SCENARIOS_MAX = 200
TRIALS_MAX = 5_000
TEXT_MAX = 4_000
CHECKS_MAX = 50

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Subject(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is evaluated, as exactly as it is known."""

    name: Text  # of the agent; `command` where a program was named on the spot
    kind: Text
    digest: Digest  # of all that its declaration says
    version: Text = ""  # as it reported when it last was ready
    model: Text = ""
    argv: tuple[str, ...] = ()  # the program, where one was named on the spot
    prompt: str = ""  # digest of the text that precedes each task, "" where there is none


class Played(msgspec.Struct, frozen=True):
    """A scenario as it was when it was tried."""

    id: Text
    title: Text
    digest: Digest  # of the four below together
    snapshot: str  # id of the commit that every trial begins at
    task: Digest  # of what the agent receives
    checks: Digest  # of commands, hidden files, and what may be changed
    caps: Digest


class Checked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A check that was run on what an agent left."""

    name: Text
    passed: bool
    exit_code: int
    seconds: float
    said: Text = ""  # its last lines, where it did not pass


class Judged(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a trial ended."""

    outcome: Outcome
    reason: Text = ""
    check: Text = ""  # the one that it failed
    checks: Annotated[tuple[Checked, ...], msgspec.Meta(max_length=CHECKS_MAX)] = ()
    tokens: Count = 0
    cost: Count | None = 0  # micro-dollars; None where a price is not known
    seconds: float = 0.0  # from the beginning of its run to the end
    files: tuple[str, ...] = ()  # that it changed
    patch: str = ""  # digest of the artifact that holds what it changed


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class EvaluationBegun(Event, frozen=True):
    """Every scenario is tried so often, in an order that follows from the seed."""

    evaluation: str
    plan: str  # digest of all that follows: the same plan is resumed where it was left
    subject: Subject
    scenarios: tuple[Played, ...]
    repeat: int
    seed: int


class EvaluationListed(Event, frozen=True):
    """An evaluation is on the list."""

    evaluation: str
    plan: str
    agent: str
    trials: int
    seed: int


class TrialBegun(Event, frozen=True):
    """A trial is this run from now on; one before it was lost with its tree."""

    trial: int  # from 0, in the order of the plan
    run: str


class TrialJudged(Event, frozen=True):
    """What came of a trial; nothing changes it any more."""

    trial: int
    run: str
    judged: Judged


class EvaluationEnded(Event, frozen=True):
    """All trials of an evaluation are judged."""

    evaluation: str
    trials_passed: int
    trials: int


EvaluationEvent = EvaluationBegun | EvaluationListed | TrialBegun | TrialJudged | EvaluationEnded

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    EvaluationBegun: ("evaluation_begun", 1),
    EvaluationListed: ("evaluation_listed", 1),
    TrialBegun: ("trial_begun", 1),
    TrialJudged: ("trial_judged", 1),
    EvaluationEnded: ("evaluation_ended", 1),
}
"""The lasting name and version of every event."""


# One evaluation


class Evaluation(msgspec.Struct):
    """What is true of an evaluation now."""

    begun: EvaluationBegun
    at: float  # it began, seconds since the epoch
    runs: dict[int, str]  # by trial: the run that it is, or was last
    judged: dict[int, Judged]

    @property
    def trials(self) -> int:
        """How many there are in all."""
        return len(self.begun.scenarios) * self.begun.repeat

    @property
    def is_over(self) -> bool:
        """Whether all of them are judged."""
        return len(self.judged) == self.trials


class BeginTrial(msgspec.Struct, frozen=True):
    """Make this run the run of a trial."""

    trial: int
    run: str


class JudgeTrial(msgspec.Struct, frozen=True):
    """Say how a trial ended."""

    trial: int
    run: str
    judged: Judged


def decide(
    command: EvaluationBegun | BeginTrial | JudgeTrial, state: Evaluation | None, _now: float
) -> list[EvaluationEvent]:
    """Answer `command` with the events it makes true; none where it is so already.

    Raises:
        Rejected: `evaluation.bad_plan`, `evaluation.unknown_trial`, `evaluation.judged`,
            `evaluation.other_run`.
        NotFound: `evaluation.unknown`.
    """
    if isinstance(command, EvaluationBegun):
        _refuse_bad(command)
        return [] if state else [command]
    if state is None:
        raise unknown("")
    match command:
        case BeginTrial():
            refuse_trial(command.trial, state)
            is_so = state.runs.get(command.trial) == command.run
            return [] if is_so else [TrialBegun(command.trial, command.run)]
        case JudgeTrial():
            _refuse_unknown_trial(command.trial, state)
            if command.trial in state.judged:
                return []  # Who was killed after it was written down says it again.
            if state.runs.get(command.trial) != command.run:
                raise Rejected(
                    "evaluation.other_run",
                    f"Trial {command.trial} is run {state.runs.get(command.trial)!r} and not "
                    f"{command.run!r}.",
                )
            return [TrialJudged(command.trial, command.run, command.judged)]
        case _:
            assert_never(command)


def evolve(state: Evaluation | None, event: EvaluationEvent, at: float) -> Evaluation:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    if isinstance(event, EvaluationBegun):
        return Evaluation(event, at, {}, {})
    if state is None or isinstance(event, EvaluationListed | EvaluationEnded):
        raise Corrupt("evaluation.not_begun", f"{type(event).__name__} stands where it can't be.")
    match event:
        case TrialBegun():
            state.runs[event.trial] = event.run
        case TrialJudged():
            state.judged[event.trial] = event.judged
        case _:
            assert_never(event)
    return state


def _refuse_bad(begun: EvaluationBegun) -> None:
    count = len(begun.scenarios)
    if not 1 <= count <= SCENARIOS_MAX:
        raise _bad(f"{count:,} scenarios; 1 to {SCENARIOS_MAX} fit.")
    if len({each.id for each in begun.scenarios}) != count:
        raise _bad("two scenarios of the same id.")
    if begun.repeat < 1 or count * begun.repeat > TRIALS_MAX:
        raise _bad(
            f"{count:,} scenarios {begun.repeat:,} times; at most {TRIALS_MAX:,} trials fit."
        )


def _bad(fault: str) -> Rejected:
    return Rejected("evaluation.bad_plan", f"The plan has {fault}")


def refuse_trial(trial: int, state: Evaluation) -> None:
    """Refuse to begin a trial that there is not, or that has ended.

    Raises:
        Rejected: `evaluation.unknown_trial`, `evaluation.judged`.
    """
    _refuse_unknown_trial(trial, state)
    if trial in state.judged:
        outcome = state.judged[trial].outcome
        raise Rejected("evaluation.judged", f"Trial {trial} has ended already: {outcome}.")


def _refuse_unknown_trial(trial: int, state: Evaluation) -> None:
    if not 0 <= trial < state.trials:
        raise Rejected(
            "evaluation.unknown_trial",
            f"There is no trial {trial}; they are counted from 0 to {state.trials - 1}.",
        )


def unknown(evaluation: str) -> NotFound:
    """Say that there is no such evaluation."""
    return NotFound(
        "evaluation.unknown",
        f"No evaluation {evaluation[:80]!r} is known here.",
        hint="`mission eval list` names them.",
    )


# The list of all evaluations


class Listed(msgspec.Struct, frozen=True):
    """One evaluation of the list."""

    evaluation: str
    plan: str
    agent: str
    trials: int
    seed: int
    at: float
    passed: int | None = None  # None while it goes on


class Evaluations(msgspec.Struct):
    """All evaluations by id, in the order in which they were begun."""

    known: dict[str, Listed]

    def open_one(self, plan: str) -> str:
        """Return the newest evaluation of this plan that has not ended, or an empty text."""
        found = [e.evaluation for e in self.known.values() if e.plan == plan and e.passed is None]
        return found[-1] if found else ""


def decide_listing(
    command: EvaluationListed | EvaluationEnded, state: Evaluations | None, _now: float
) -> list[EvaluationEvent]:
    """Return what changes on the list.

    Raises:
        Rejected: `evaluation.too_many`.
    """
    known = state.known if state else {}
    if isinstance(command, EvaluationListed) and len(known) >= EVALUATIONS_MAX:
        raise Rejected(
            "evaluation.too_many", f"There are {EVALUATIONS_MAX:,} evaluations; no more fit."
        )
    return [command]


def evolve_listing(state: Evaluations | None, event: EvaluationEvent, at: float) -> Evaluations:
    """Apply `event`, which became true at `at`, and return the list."""
    state = state or Evaluations({})
    match event:
        case EvaluationListed():
            fields = msgspec.structs.asdict(event)
            state.known[event.evaluation] = Listed(**fields, at=at)
        case EvaluationEnded():
            was = state.known[event.evaluation]
            state.known[event.evaluation] = msgspec.structs.replace(was, passed=event.trials_passed)
        case _:
            raise Corrupt("evaluation.not_listed", "The list holds what is none of it.")
    return state
