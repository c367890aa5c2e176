"""Evaluations: given the events so far, when a command comes, then the events that follow."""

import msgspec
import pytest

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.evaluation import (
    EVALUATIONS_MAX,
    TRIALS_MAX,
    BeginTrial,
    Evaluation,
    EvaluationBegun,
    EvaluationEnded,
    EvaluationListed,
    Evaluations,
    Judged,
    JudgeTrial,
    Listed,
    Played,
    Subject,
    TrialBegun,
    TrialJudged,
    decide,
    decide_listing,
    evolve,
    evolve_listing,
)

NOW = 1_000_000.0
D = "cd" * 32
SUBJECT = Subject("builder", "codex", D)
PLAYED = Played("fix", "Fix it", D, "c0ffee", D, D, D)
BEGUN = EvaluationBegun("evaluation-1", D, SUBJECT, (PLAYED,), 2, 7)
PASSED = Judged("passed")


def state(*events: TrialBegun | TrialJudged) -> Evaluation:
    found = evolve(None, BEGUN, NOW)
    for each in events:
        found = evolve(found, each, NOW)
    return found


def test_an_evaluation_begins_once() -> None:
    assert decide(BEGUN, None, NOW) == [BEGUN]
    assert decide(BEGUN, state(), NOW) == []
    assert (state().trials, state().is_over) == (2, False)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"scenarios": ()}, "0 scenarios"),
        ({"scenarios": (PLAYED, PLAYED)}, "same id"),
        ({"repeat": 0}, "0 times"),
        ({"repeat": TRIALS_MAX + 1}, "trials fit"),
    ],
)
def test_a_plan_that_can_not_be_carried_out_is_refused(
    change: dict[str, object], fault: str
) -> None:
    with pytest.raises(Rejected, match=fault):
        decide(msgspec.structs.replace(BEGUN, **change), None, NOW)


def test_a_trial_is_a_run_and_another_one_where_that_was_lost() -> None:
    assert decide(BeginTrial(1, "run-1"), state(), NOW) == [TrialBegun(1, "run-1")]
    begun = state(TrialBegun(1, "run-1"))
    assert decide(BeginTrial(1, "run-1"), begun, NOW) == []
    assert decide(BeginTrial(1, "run-2"), begun, NOW) == [TrialBegun(1, "run-2")]


def test_a_trial_is_judged_once_and_by_the_run_that_it_is() -> None:
    begun = state(TrialBegun(1, "run-1"))
    judged = TrialJudged(1, "run-1", PASSED)
    assert decide(JudgeTrial(1, "run-1", PASSED), begun, NOW) == [judged]
    with pytest.raises(Rejected, match="run-2"):
        decide(JudgeTrial(1, "run-2", PASSED), begun, NOW)
    with pytest.raises(Rejected, match="None"):
        decide(JudgeTrial(0, "run-1", PASSED), begun, NOW)
    over = state(TrialBegun(1, "run-1"), judged)
    assert decide(JudgeTrial(1, "run-1", Judged("failed")), over, NOW) == []
    assert over.judged == {1: PASSED}
    with pytest.raises(Rejected, match="has ended already: passed"):
        decide(BeginTrial(1, "run-3"), over, NOW)


@pytest.mark.parametrize("trial", [-1, 2])
def test_a_trial_that_there_is_not_is_refused(trial: int) -> None:
    for command in (BeginTrial(trial, "run-1"), JudgeTrial(trial, "run-1", PASSED)):
        with pytest.raises(Rejected, match="counted from 0 to 1"):
            decide(command, state(), NOW)


def test_nothing_is_said_of_what_has_not_begun() -> None:
    with pytest.raises(NotFound):
        decide(BeginTrial(0, "run-1"), None, NOW)
    with pytest.raises(Corrupt):
        evolve(None, TrialBegun(0, "run-1"), NOW)
    with pytest.raises(Corrupt):
        evolve(state(), EvaluationEnded("evaluation-1", 1, 2), NOW)


def test_the_list_knows_which_of_a_plan_goes_on() -> None:
    one = EvaluationListed("evaluation-1", D, "builder", 2, 7)
    two = EvaluationListed("evaluation-2", D, "builder", 2, 7)
    known = None
    for event in (one, two):
        assert decide_listing(event, known, NOW) == [event]
        known = evolve_listing(known, event, NOW)
    assert known is not None
    assert known.open_one(D) == "evaluation-2"
    known = evolve_listing(known, EvaluationEnded("evaluation-2", 1, 2), NOW)
    assert known.open_one(D) == "evaluation-1"
    assert known.known["evaluation-2"].passed == 1
    assert known.open_one("ef" * 32) == ""
    with pytest.raises(Corrupt):
        evolve_listing(known, TrialBegun(0, "run-1"), NOW)


def test_the_list_has_a_bound() -> None:
    one = Listed("evaluation-0", D, "builder", 1, 0, NOW)
    full = Evaluations({f"evaluation-{n}": one for n in range(EVALUATIONS_MAX)})
    with pytest.raises(Rejected, match="10,000"):
        decide_listing(EvaluationListed("evaluation-x", D, "builder", 1, 0), full, NOW)
    ended = EvaluationEnded("evaluation-1", 1, 1)
    assert decide_listing(ended, full, NOW) == [ended]
