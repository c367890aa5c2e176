"""A question to a person in the middle of a step: asked, answered by form, or withdrawn."""

from typing import Any, assert_never

import msgspec

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.person import person

ANSWER_BYTES_MAX = 256 * 1024
QUESTION_BYTES_MAX = 1 << 20
"""Of all that is asked, with its form: programs elsewhere write those, and the log keeps them."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class QuestionAsked(Event, frozen=True):
    """An attempt waits for a person to answer."""

    question: str
    run: str
    step: str
    title: str
    detail: dict[str, Any]
    form: dict[str, Any]  # JSON Schema of the answer
    to: tuple[str, ...] = ()  # people; empty is anybody


class QuestionAnswered(Event, frozen=True):
    """A person answered."""

    by: str
    answer: Any


class QuestionWithdrawn(Event, frozen=True):
    """No step waits for the answer any more."""

    reason: str


QuestionEvent = QuestionAsked | QuestionAnswered | QuestionWithdrawn

EVENTS: dict[type, tuple[str, int]] = {
    QuestionAsked: ("question_asked", 1),
    QuestionAnswered: ("question_answered", 1),
    QuestionWithdrawn: ("question_withdrawn", 1),
}
"""The lasting name and version of every event."""


class Ask(msgspec.Struct, frozen=True):
    """Ask a person."""

    asked: QuestionAsked


class GiveAnswer(msgspec.Struct, frozen=True):
    """Answer, as a person; the asker checks whether it is what they asked for."""

    by: str
    answer: Any


class TakeBack(msgspec.Struct, frozen=True):
    """Wait for the answer no longer."""

    reason: str


QuestionCommand = Ask | GiveAnswer | TakeBack


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is true of a question now."""

    asked: QuestionAsked
    since: float
    by: str = ""  # who answered
    answer: Any = None
    is_open: bool = True


def unknown_question(question: str) -> NotFound:
    """Return the error for a question that was not asked."""
    return NotFound(
        "question.unknown",
        f"There is no question {question!r} here.",
        hint="`mission questions list` names those that wait.",
    )


def decide(command: QuestionCommand, question: Question | None, now: float) -> list[QuestionEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `question.answered`, `question.not_a_person`, `question.not_asked` (someone
            else is), `question.long_answer` or `question.too_long`.
        NotFound: `question.unknown`.
    """
    del now
    if isinstance(command, Ask):
        _refuse_long(command.asked)
        return [command.asked]
    if question is None:
        raise unknown_question("")
    match command:
        case GiveAnswer():
            _refuse_answer(command, question)
            return [QuestionAnswered(command.by, command.answer)]
        case TakeBack():
            return [QuestionWithdrawn(command.reason)] if question.is_open else []
        case _:
            assert_never(command)


def evolve(question: Question | None, event: QuestionEvent, at: float) -> Question:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    if isinstance(event, QuestionAsked):
        return Question(event, at)
    if question is None:
        raise Corrupt("question.not_asked", f"{type(event).__name__} answers no question.")
    match event:
        case QuestionAnswered():
            return msgspec.structs.replace(
                question, by=event.by, answer=event.answer, is_open=False
            )
        case QuestionWithdrawn():
            return msgspec.structs.replace(question, is_open=False)
        case _:
            assert_never(event)


def _refuse_long(asked: QuestionAsked) -> None:
    size = len(msgspec.json.encode(asked))
    if size > QUESTION_BYTES_MAX:
        raise Rejected(
            "question.too_long",
            f"Step {asked.step!r} asks {size:,} bytes of a person; at most "
            f"{QUESTION_BYTES_MAX:,} fit.",
            hint="Shorten the question, and hand in the rest as a file.",
        )


def _refuse_answer(command: GiveAnswer, question: Question) -> None:
    name = question.asked.question
    if not question.is_open:
        reason = f"{question.by} answered it" if question.by else "its step no longer waits"
        raise Rejected("question.answered", f"Question {name!r} is closed: {reason}.")
    if not person(command.by):
        raise Rejected(
            "question.not_a_person",
            f"{command.by!r} is a program, and {name!r} is a question to people.",
        )
    people = {person(each) for each in question.asked.to}
    if people and person(command.by) not in people:
        raise Rejected(
            "question.not_asked",
            f"{command.by!r} was not asked; {', '.join(question.asked.to)} was.",
        )
    size = len(msgspec.json.encode(command.answer))
    if size > ANSWER_BYTES_MAX:
        raise Rejected(
            "question.long_answer",
            f"The answer takes {size:,} bytes; at most {ANSWER_BYTES_MAX:,} fit.",
            hint="Hand it in as a file, and answer with its name.",
        )
