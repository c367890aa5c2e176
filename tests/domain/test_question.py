"""Questions to people: what may be asked, who may answer, and when it is over."""

from typing import Any

import pytest

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.question import (
    ANSWER_BYTES_MAX,
    QUESTION_BYTES_MAX,
    Ask,
    GiveAnswer,
    Question,
    QuestionAnswered,
    QuestionAsked,
    QuestionCommand,
    QuestionWithdrawn,
    TakeBack,
    decide,
    evolve,
)

ASKED = QuestionAsked("question-1", "run-1", "a", "Ship it?", {}, {}, ("alice", "bob"))


def live(*commands: QuestionCommand) -> Question:
    question: Question | None = None
    for command in commands:
        for event in decide(command, question, 0.0):
            question = evolve(question, event, 0.0)
    assert question is not None
    return question


def refused(command: QuestionCommand, question: Question | None) -> str:
    with pytest.raises((Rejected, NotFound)) as caught:
        decide(command, question, 0.0)
    return caught.value.code


def test_a_question_is_answered_once_by_somebody_who_was_asked() -> None:
    open_one = live(Ask(ASKED))
    assert decide(GiveAnswer("user:bob", 1), open_one, 0.0) == [QuestionAnswered("user:bob", 1)]
    closed = live(Ask(ASKED), GiveAnswer("user:bob", 1))
    assert refused(GiveAnswer("user:alice", 2), closed) == "question.answered"
    assert decide(TakeBack("Over."), closed, 0.0) == []


@pytest.mark.parametrize(
    ("by", "answer", "code"),
    [
        ("user:eve", 1, "question.not_asked"),
        ("agent:bob", 1, "question.not_a_person"),
        ("user:bob", "x" * ANSWER_BYTES_MAX, "question.long_answer"),
    ],
)
def test_an_answer_that_cannot_count_is_refused(by: str, answer: Any, code: str) -> None:
    assert refused(GiveAnswer(by, answer), live(Ask(ASKED))) == code


def test_what_nobody_waits_for_is_not_answered() -> None:
    withdrawn = live(Ask(ASKED), TakeBack("The attempt is over."))
    assert refused(GiveAnswer("user:bob", 1), withdrawn) == "question.answered"
    assert refused(GiveAnswer("user:bob", 1), None) == "question.unknown"
    assert decide(TakeBack("Over."), live(Ask(ASKED)), 0.0) == [QuestionWithdrawn("Over.")]


def test_a_book_is_no_question() -> None:
    long = QuestionAsked("q", "r", "s", "t", {"message": "x" * QUESTION_BYTES_MAX}, {})
    assert refused(Ask(long), None) == "question.too_long"
