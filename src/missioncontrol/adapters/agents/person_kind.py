"""The kind `person`: a task with a form; the answer has to fit the declared output."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.kind_support import (
    describe_misfit,
    one_line,
    output_shape,
    settings_of,
)
from missioncontrol.adapters.agents.schemas import json_schema
from missioncontrol.domain.agent import ANYTHING, AgentCard, Shape, misfit
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Action, Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

TITLE_MAX = 200
Name = Annotated[str, Meta(min_length=1, max_length=200)]
TEXT = Shape("object", {"answer": Shape("string", description="In your own words.")}, open=False)
"""The form for a declaration without an output."""


class PersonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `person`."""

    title: str = ""  # one line; else the input `title`, `prompt` or `question` of the step
    to: tuple[Name, ...] = ()  # the users who may answer; empty: everyone
    asks: Annotated[int, Meta(ge=1, le=20)] = (
        5  # most times that the task is asked until an answer fits
    )


class PersonKind:
    """Makes agents of people."""

    name = "person"

    def card(self, declared: Declaration) -> AgentCard:
        settings_of(declared, PersonSettings)
        return msgspec.structs.replace(card_of(declared), output=_form_of(declared))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return PersonAgent(declared, settings_of(declared, PersonSettings), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Describe the task without asking it."""
        settings = settings_of(declared, PersonSettings)
        fields = ", ".join(_form_of(declared).fields) or "anything"
        to = ", ".join(settings.to) or "everyone"
        return Proof(said=f"Asks {to} for {fields}; `mission questions` lists open questions.")


class PersonAgent:
    """Asks a person to do the task, and waits for the answer."""

    def __init__(self, declared: Declaration, settings: PersonSettings, workshop: Workshop) -> None:
        self._declared = declared
        self._settings = settings
        self._workshop = workshop
        self._shape = _form_of(declared)

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        fault = ""
        for number in range(1, self._settings.asks + 1):
            verdict = await line.permit(self._question(assignment, number, fault))
            by = verdict.by or "a person"
            if not verdict.is_allowed:
                raise AttemptFailed(
                    "person.declined",
                    f"{by} declined the task{f': {verdict.reason}' if verdict.reason else '.'}",
                    hint="Assign it to another person, or change what it asks for.",
                    retryable=False,
                )
            if not misfit(verdict.answer, self._shape):
                return Work(summary=f"{by} answered.", output=verdict.answer)
            fault = describe_misfit(verdict.answer, self._shape, self._workshop.scrub)
            line.log(
                "warning", f"The answer of {by} does not fit: {fault}. The task is asked again."
            )
        raise AttemptFailed(
            "person.bad_answer",
            f"None of {self._settings.asks} answers fits the form; the last one: {fault}.",
            hint="Change the declared output, or explain the form in its descriptions.",
            retryable=False,
        )

    def _question(self, assignment: Assignment, number: int, fault: str) -> Action:
        """Return the task as a question, with the fault of the answer before it."""
        detail: dict[str, Any] = {"inputs": dict(assignment.inputs)}
        if self._declared.description:
            detail["task"] = self._declared.description
        if self._settings.to:
            detail["to"] = list(self._settings.to)
        if fault:
            detail["fault"] = f"Answer {number - 1} did not fit: {fault}."
        title = self._title(assignment)
        return Action("question", title, detail, self._declared.effects, json_schema(self._shape))

    def _title(self, assignment: Assignment) -> str:
        candidates = (assignment.inputs.get(name) for name in ("title", "question", "prompt"))
        title = self._settings.title or next((each for each in candidates if each), "")
        title = title or self._declared.description or f"Answer step {assignment.step!r}."
        return one_line(title, self._workshop.scrub, TITLE_MAX)


def _form_of(declared: Declaration) -> Shape:
    shape = output_shape(declared)
    return TEXT if shape == ANYTHING else shape
