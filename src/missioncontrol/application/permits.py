"""What tools ask for in the middle of a step: approved, answered, or allowed because it reads."""

import asyncio
from typing import Any, Literal

import msgspec

from missioncontrol.application.approvals import Approvals, Decision
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.agent import tier
from missioncontrol.domain.question import (
    Ask,
    GiveAnswer,
    Question,
    QuestionAsked,
    QuestionCommand,
    QuestionEvent,
    TakeBack,
    decide,
    evolve,
    unknown_question,
)
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import ApprovalRule, Step
from missioncontrol.ports.agent import Action, Verdict
from missioncontrol.ports.ids import Ids

KIND = "question"
ALLOWED = Verdict(is_allowed=True)
ANYBODY = ApprovalRule()

QUESTION: Concept[Question, QuestionCommand, QuestionEvent] = Concept(
    decide, evolve, unknown_question
)


class AnswerGiven(msgspec.Struct, frozen=True):
    """What a person answers, as it may come from another process."""

    question: str
    answer: Any


class Waiting(msgspec.Struct, frozen=True):
    """An attempt that waits for an answer."""

    run: str
    fence: int
    future: "asyncio.Future[Verdict]"


class Permits:
    """The way in for attempts that ask, and for the people who answer them."""

    def __init__(self, journal: Journal, approvals: Approvals, ids: Ids) -> None:
        """All three are shared with the rest of the engine."""
        self._journal = journal
        self._approvals = approvals
        self._ids = ids
        self._waiting: dict[str, Waiting] = {}  # by approval or question

    async def ask(self, run: Run, step: Step, fence: int, action: Action) -> Verdict:
        """Return what was decided; a person decides, unless the action only reads.

        Where the attempt ends first, the question is taken back.

        Raises:
            Rejected: `effect.unknown`, `approval.too_long` and others of `Approvals.request`.
        """
        if action.kind == "question":
            name = self._ask_person(run, step, action)
        elif tier(action.effects) == "read":
            return ALLOWED
        else:
            name = self._ask_approval(run, step, action)
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[name] = Waiting(run.id, fence, future)
        try:
            await self._journal.durable()
            return await future
        finally:
            del self._waiting[name]
            if not future.done() or future.cancelled():
                self._take_back(name)

    def _ask_approval(self, run: Run, step: Step, action: Action) -> str:
        subject = {
            "workflow": run.workflow,
            "step": step.key,
            "agent": step.agent,
            "title": action.title,
            "risk": tier(action.effects),
            "effects": list(action.effects),
            "action": action.kind,
            "inputs": action.detail,
        }
        rule = step.approval or ANYBODY
        approval, _ = self._approvals.request(
            run.id,
            step.key,
            subject,
            rule,
            author=run.author,
            on_behalf=run.on_behalf,
            edited_by=(f"agent:{step.agent}",),
            os_user=run.os_user,
        )
        return approval

    def _ask_person(self, run: Run, step: Step, action: Action) -> str:
        name = self._ids.new(KIND)
        to = tuple(str(each) for each in action.detail.get("to", ()))
        asked = QuestionAsked(
            name, run.id, step.key, action.title, action.detail, action.form or {}, to
        )
        self._journal.tell(QUESTION, name, Ask(asked), correlation=run.id)
        return name

    async def take_back(self, question: str) -> None:
        """Withdraw a question that an attempt of an engine asked that is gone."""
        await self._journal.find(QUESTION, question)
        self._take_back(question)

    def _take_back(self, name: str) -> None:
        if not self._journal.is_open:
            return
        reason = "The attempt that asked is over."
        if name.startswith(f"{KIND}-"):
            self._journal.tell(QUESTION, name, TakeBack(reason))
            self._journal.forget(name)
        else:
            self._approvals.drop(name, reason)

    def decided(self, decision: Decision) -> bool:
        """Take the answer to an approval in; False where no attempt asked for it."""
        waiting = self._waiting.get(decision.approval)
        if waiting is None:
            return False
        self._settle(
            waiting,
            Verdict(
                is_allowed=decision.outcome == "approved",
                reason=decision.reason or _WORDS.get(decision.outcome, ""),
                by=decision.actor,
                answer=decision.inputs,
            ),
        )
        return True

    async def answer(self, given: AnswerGiven, *, actor: str) -> Question:
        """Take the answer of a person in.

        Raises:
            Rejected, NotFound: see `domain.question.decide`.
        """
        await self._journal.load(QUESTION, given.question)
        self._journal.tell(QUESTION, given.question, GiveAnswer(actor, given.answer), actor=actor)
        question: Question = self._journal.others[given.question]
        waiting = self._waiting.get(given.question)
        if waiting is not None:
            self._settle(waiting, Verdict(is_allowed=True, by=actor, answer=given.answer))
        self._journal.forget(given.question)
        return question

    def _settle(self, waiting: Waiting, verdict: Verdict) -> None:
        if not waiting.future.done():
            waiting.future.set_result(verdict)


_WORDS: dict[Literal["changed", "expired", "rejected", "withdrawn", "approved"], str] = {
    "expired": "Nobody decided in time.",
    "withdrawn": "The question was taken back.",
    "rejected": "It was rejected.",
    "changed": "Something else was asked for.",
}
