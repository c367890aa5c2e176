"""The questions that a plan leaves open, and what people answer to them.

An answer is a constraint of the mission from then on, so the next plan rests on it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.plan import Plan

ANSWER_MAX = 2_000
ANSWERS_MAX = 50
ID_MAX = 200
_NUMBERED = re.compile(r"(?P<id>Q[0-9]+):")

Text = Annotated[str, Meta(min_length=4, max_length=ANSWER_MAX)]


class OpenPoint(msgspec.Struct, frozen=True):
    """A question of a plan, as people answer it."""

    id: str  # Q1, Q2 …
    text: str
    why: str = ""
    options: tuple[str, ...] = ()
    default: str = ""  # what the plan assumes meanwhile
    answer: str = ""  # empty where there is none yet


class PlanAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person answers to one question."""

    question: str  # its id
    asked: str  # the question in words
    answer: str


class PlanAnswered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person answered questions of the plan; the run plans again with the answers."""

    run: str
    answers: tuple[PlanAnswer, ...]
    constraints: tuple[str, ...]  # of the mission from then on
    by: str


class AnswerPlan(msgspec.Struct, frozen=True):
    """Take answers to questions of the plan."""

    run: str  # that plans again
    answers: tuple[str, ...]  # `Q1: Per line.`
    by: str


class AnswerQuestions(msgspec.Struct, frozen=True):
    """Answer questions of a plan, and plan again with the answers."""

    id: Annotated[str, Meta(min_length=1, max_length=ID_MAX)]
    answers: Annotated[
        tuple[Text, ...],
        Meta(
            min_length=1,
            max_length=ANSWERS_MAX,
            description="The question and its answer: `Q1: Per line.`",
        ),
    ]


def decide(
    command: AnswerPlan, plan: Plan | None, constraints: Sequence[str], given: Sequence[PlanAnswer]
) -> list[PlanAnswered]:
    """Answer `command` with the event it makes true.

    Raises:
        Rejected: `mission.no_plan`; `plan.bad_answer`, where one says nothing.
        NotFound: `plan.unknown_question`, naming those there are.
    """
    if plan is None:
        raise Rejected(
            "mission.no_plan", "The mission has no plan yet.", hint="Wait until it is planned."
        )
    known = {each.id: each for each in open_points(plan, given)}
    answers = [_answer(text, known) for text in command.answers]
    if not answers:
        raise Rejected("plan.bad_answer", "There is no answer.", hint="Answer a question.")
    now = with_answers(constraints, plan, answers)
    return [PlanAnswered(command.run, tuple(answers), now, command.by)]


def open_points(plan: Plan, given: Sequence[PlanAnswer] = ()) -> tuple[OpenPoint, ...]:
    """Return the questions of a plan with the answers that they have, in the plan's order."""
    answered = {each.asked: each.answer for each in given}
    if plan.design is not None:
        return tuple(
            OpenPoint(
                each.id,
                each.text,
                each.why,
                tuple(each.options),
                each.default,
                each.answer or answered.get(each.text, ""),
            )
            for each in plan.design.questions
        )
    return tuple(
        OpenPoint(f"Q{number}", text, answer=answered.get(text, ""))
        for number, text in enumerate(plan.questions, start=1)
    )


def with_answers(
    constraints: Sequence[str], plan: Plan, answers: Sequence[PlanAnswer]
) -> tuple[str, ...]:
    """Return the constraints with the answers; a new one stands in place of an older one."""
    found = {_key(each): each for each in constraints}
    for each in answers:
        text = _as_constraint(each, is_numbered=plan.design is not None)
        found[_key(text)] = text
    return tuple(found.values())


def evolve(given: Sequence[PlanAnswer], event: PlanAnswered) -> tuple[PlanAnswer, ...]:
    """Return the answers that hold after `event`; of each question the last one."""
    new = {each.asked for each in event.answers}
    return (*(each for each in given if each.asked not in new), *event.answers)


def is_answer(constraint: str) -> bool:
    """Whether a constraint is the answer to a question of a plan."""
    return _key(constraint) != constraint


def _as_constraint(answer: PlanAnswer, *, is_numbered: bool) -> str:
    """Return an answer as planners read it; only the design of a product numbers questions."""
    if is_numbered:
        return f"{answer.question}: {answer.answer}"
    return f"Answer to “{answer.asked}”: {answer.answer}"


def _key(constraint: str) -> str:
    numbered = _NUMBERED.match(constraint)
    if numbered:
        return numbered["id"]
    asked, separator, _ = constraint.partition("”: ")
    return asked if separator and asked.startswith("Answer to “") else constraint


def _answer(text: str, known: Mapping[str, OpenPoint]) -> PlanAnswer:
    name, separator, answer = text.partition(":")
    point = known.get(name.strip().upper()) if separator else None
    if point is None:
        has = f"It has {', '.join(known)}: write “Q1: …”." if known else "It has none."
        raise NotFound(
            "plan.unknown_question", f"The plan has no question {name[:40]!r}.", hint=has
        )
    return PlanAnswer(point.id, point.text, _plain(point, answer))


def _plain(point: OpenPoint, text: str) -> str:
    plain = " ".join(text.split())
    if not plain or not plain.isprintable():
        raise Rejected(
            "plan.bad_answer",
            f"The answer to {point.id} says nothing that can be read.",
            hint="Answer in a sentence, or leave the question out.",
        )
    return plain[:ANSWER_MAX]
