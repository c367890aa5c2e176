"""What tools ask for in the middle of a step: approved, answered, or allowed because it reads."""

import asyncio
from collections.abc import Callable, Mapping
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


class Left(msgspec.Struct, frozen=True):
    """What an attempt asked under an engine before this one."""

    run: str
    step: str
    fence: int
    told: bytes  # what people are shown


_encode = msgspec.json.Encoder(order="deterministic").encode


class ToolPermissions:
    """The way in for attempts that ask, and for the people who answer them."""

    def __init__(self, journal: Journal, approvals: Approvals, ids: Ids) -> None:
        """All three are shared with the rest of the engine."""
        self._journal = journal
        self._approvals = approvals
        self._ids = ids
        self.outlasts: Callable[[str, str], bool] = lambda run, step: False
        """Whether the attempt at a step of a run goes on under the next engine."""
        self._waiting: dict[str, Waiting] = {}  # by approval or question
        self._left: dict[str, Left] = {}  # asked under an engine before this one
        self._verdicts: dict[str, Verdict] = {}  # of those, what was decided meanwhile

    async def ask(self, run: Run, step: Step, fence: int, action: Action) -> Verdict:
        """Return what was decided; a person decides, unless the action only reads.

        Where the attempt ends first, the question is withdrawn.

        Raises:
            Rejected: `effect.unknown`, `approval.too_long` and others of `Approvals.request`.
        """
        if action.kind != "question" and tier(action.effects) == "read":
            return ALLOWED
        name = self._earlier_request(
            Left(run.id, step.key, fence, _encode_shown(action, run, step))
        )
        if name in self._verdicts:
            return self._verdicts.pop(name)
        name = name or self._request(run, step, action)
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[name] = Waiting(run.id, fence, future)
        try:
            await self._journal.durable()
            return await future
        finally:
            del self._waiting[name]
            is_open = not future.done() or future.cancelled()
            if is_open and not self.outlasts(run.id, step.key):
                self._take_back(name)

    def _request(self, run: Run, step: Step, action: Action) -> str:
        if action.kind == "question":
            return self._ask_person(run, step, action)
        return self._ask_approval(run, step, action)

    def _earlier_request(self, like: "Left") -> str:
        """Return what this very attempt has asked under the last engine, or an empty text."""
        name = next((name for name, left in self._left.items() if left == like), "")
        self._left.pop(name, None)
        return name

    def _ask_approval(self, run: Run, step: Step, action: Action) -> str:
        subject = _subject(run, step, action)
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

    async def take_up(self, name: str, going_on: Mapping[tuple[str, str], int]) -> None:
        """Leave open what an attempt asked under the last engine, or withdraw it.

        `going_on` has the fences of the attempts that may come back, by run and step. What is
        decided until they ask again is stored for them.
        """
        left = await self._left_of(name, going_on)
        if left is None:
            return
        if left.fence:
            self._left[name] = left
        else:
            self._take_back(name)

    async def _left_of(self, name: str, going_on: Mapping[tuple[str, str], int]) -> "Left | None":
        """Return what was asked, with a fence of 0 where the attempt is over."""
        if name.startswith(f"{KIND}-"):
            asked = (await self._journal.load(QUESTION, name)).asked
            encoded = _encode([asked.title, asked.detail, asked.form])
            return Left(asked.run, asked.step, going_on.get((asked.run, asked.step), 0), encoded)
        approval = await self._approvals.get(name)
        if "action" not in approval.subject:
            return None  # A step waits for it, and no attempt.
        await self._approvals.open([name])
        encoded = _encode(approval.subject)
        fence = going_on.get((approval.run, approval.step), 0)
        return Left(approval.run, approval.step, fence, encoded)

    def take_back_left(self) -> None:
        """Withdraw what was asked under the last engine, and not again under this one."""
        for name in list(self._left):
            del self._left[name]
            if self._verdicts.pop(name, None) is None:
                self._take_back(name)

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
        verdict = Verdict(
            is_allowed=decision.outcome == "approved",
            reason=decision.reason or _WORDS.get(decision.outcome, ""),
            by=decision.actor,
            answer=decision.inputs,
        )
        return self._settle(decision.approval, verdict)

    async def answer(self, given: AnswerGiven, *, actor: str) -> Question:
        """Take the answer of a person in.

        Raises:
            Rejected, NotFound: see `domain.question.decide`.
        """
        await self._journal.load(QUESTION, given.question)
        self._journal.tell(QUESTION, given.question, GiveAnswer(actor, given.answer), actor=actor)
        question: Question = self._journal.others[given.question]
        self._settle(given.question, Verdict(is_allowed=True, by=actor, answer=given.answer))
        self._journal.forget(given.question)
        return question

    def _settle(self, name: str, verdict: Verdict) -> bool:
        """Tell the attempt that waits, or keep it for one that is to come back."""
        waiting = self._waiting.get(name)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_result(verdict)
        elif waiting is None and name in self._left:
            self._verdicts[name] = verdict
        return waiting is not None or name in self._left


def _subject(run: Run, step: Step, action: Action) -> dict[str, Any]:
    return {
        "workflow": run.workflow,
        "step": step.key,
        "agent": step.agent,
        "title": action.title,
        "risk": tier(action.effects),
        "effects": list(action.effects),
        "action": action.kind,
        "inputs": action.detail,
    }


def _encode_shown(action: Action, run: Run, step: Step) -> bytes:
    """Return all that people are shown of an action."""
    if action.kind == "question":
        return _encode([action.title, action.detail, action.form or {}])
    return _encode(_subject(run, step, action))


_WORDS: dict[Literal["changed", "expired", "rejected", "withdrawn", "approved"], str] = {
    "expired": "It expired without a decision.",
    "withdrawn": "The question was withdrawn.",
    "rejected": "It was rejected.",
    "changed": "Something else was asked for.",
}
