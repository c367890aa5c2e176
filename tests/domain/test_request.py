"""A request is accepted once, answered once, and may be made again where it was refused."""

import pytest

from missioncontrol.domain.errors import Corrupt, Rejected
from missioncontrol.domain.request import (
    AnswerRequest,
    Asked,
    RefuseRequest,
    RequestAnswered,
    RequestRefused,
    RequestTaken,
    TakeRequest,
    decide,
    evolve,
    still_open,
)

TAKEN = RequestTaken("CancelRun", "token", "token-1", "192.0.2.1", digest="aa")
ANSWER = RequestAnswered({"run": "run-1"})
REFUSED = RequestRefused("run.settled", "It has ended.")


def test_a_request_is_taken_and_answered() -> None:
    assert decide(TakeRequest(TAKEN), None, 0.0) == [TAKEN]
    open_ = evolve(None, TAKEN, 0.0)
    assert decide(AnswerRequest(ANSWER), open_, 0.0) == [ANSWER]
    assert evolve(open_, ANSWER, 0.0) == Asked(TAKEN, ANSWER)


def test_the_same_request_again_makes_nothing_true() -> None:
    assert decide(TakeRequest(TAKEN), Asked(TAKEN, ANSWER), 0.0) == []


def test_a_refused_request_may_be_made_again() -> None:
    open_ = evolve(None, TAKEN, 0.0)
    (no,) = decide(RefuseRequest(REFUSED.code, REFUSED.reason), open_, 0.0)
    refused = evolve(open_, no, 0.0)
    assert refused == Asked(TAKEN, REFUSED)
    assert decide(TakeRequest(TAKEN), refused, 0.0) == [TAKEN]
    assert evolve(refused, TAKEN, 0.0) == Asked(TAKEN)


@pytest.mark.parametrize("end", [None, ANSWER, REFUSED])
def test_another_request_under_the_same_key_is_refused(
    end: RequestAnswered | RequestRefused | None,
) -> None:
    for other in (
        RequestTaken("CancelRun", "token", "token-1", "192.0.2.1", digest="bb"),
        RequestTaken("RetryRun", "token", "token-1", "192.0.2.1", digest="aa"),
    ):
        with pytest.raises(Rejected) as no:
            decide(TakeRequest(other), Asked(TAKEN, end), 0.0)
        assert no.value.code == "request.another"


def test_a_request_of_which_a_part_is_done_is_not_done_again() -> None:
    with pytest.raises(Rejected) as no:
        decide(TakeRequest(TAKEN, came=17), Asked(TAKEN), 0.0)
    assert no.value.code == "request.half_done"
    assert "event 17" in no.value.reason


def test_a_request_of_which_nothing_came_is_taken_again() -> None:
    assert decide(TakeRequest(TAKEN, came=0), Asked(TAKEN), 0.0) == [TAKEN]


def test_a_request_that_is_being_done_says_so() -> None:
    assert still_open("CancelRun").code == "request.open"


def test_nothing_is_answered_that_was_not_taken() -> None:
    with pytest.raises(Corrupt):
        evolve(None, ANSWER, 0.0)
