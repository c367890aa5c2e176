"""Approvals as the engine and people use them: asked, decided, ended when their time is over."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, TypedDict, Unpack

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import current_request
from missioncontrol.application.journal import ENGINE, Journal
from missioncontrol.domain.agent import AgentCard, misfit
from missioncontrol.domain.approval.commands import (
    NO_SECOND_LOOK,
    ApprovalCommand,
    Approve,
    Defer,
    Delegate,
    Expire,
    Reject,
    RequestApproval,
    RequestChanges,
    SecondLook,
    Speech,
    Who,
    Withdraw,
    WithdrawWithRun,
)
from missioncontrol.domain.approval.decide import decide
from missioncontrol.domain.approval.events import ApprovalEvent, Outcome, SignedIn
from missioncontrol.domain.approval.evolve import evolve
from missioncontrol.domain.approval.states import Approval, Decided
from missioncontrol.domain.canonical import digest
from missioncontrol.domain.definition.values import refuse_misfits
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.finding import Findings
from missioncontrol.domain.person import is_vouched
from missioncontrol.domain.run.resolution import refuse_without_round
from missioncontrol.domain.step import ApprovalRule
from missioncontrol.ports.ids import Ids

KIND = "approval"
EXPIRE_AT_ONCE = 1_000
"""Approvals that one call moves on; the rest are still due after it."""


def unknown(approval: str) -> NotFound:
    """Say that the log holds no such approval."""
    return NotFound(
        "approval.unknown",
        f"There is no approval {approval!r} here.",
        hint="`mission approvals list` names those that wait.",
    )


APPROVAL: Concept[Approval, ApprovalCommand, ApprovalEvent] = Concept(decide, evolve, unknown)

Verb = Literal["approve", "reject", "request-changes", "defer", "delegate", "withdraw"]


class Decision(msgspec.Struct, frozen=True):
    """What became of an approval."""

    approval: str
    run: str
    step: str
    digest: str
    outcome: Outcome
    actor: str  # who decided last; `engine` where no person did
    reason: str
    inputs: dict[str, Any] | None = None  # all inputs of the step, as they shall be
    findings: Findings = ()  # what a further round is to mend


class About(TypedDict, total=False):
    """What else is known of the person who decides; see `domain.approval.events.Said`."""

    on_behalf: str
    signed_in: SignedIn
    os_user: str
    digest: str  # of what they saw


class Spoken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person says about an approval, as it travels to the engine that holds the home.

    It does not say how far the name is known: only the engine can tell that.
    """

    verb: Verb
    approval: str
    actor: str
    reason: str
    digest: str = ""
    on_behalf: str = ""
    inputs: dict[str, Any] = {}  # with `request-changes`
    findings: Findings = ()  # likewise, in place of inputs: what a further round is to mend
    until: float = 0.0  # with `defer`, seconds since the epoch
    to: str = ""  # with `delegate`
    typed: str = ""  # with `approve`: the beginning of the digest, as the person typed it


class Approvals:
    """The service to request approvals, decide about them, and watch their times.

    What a method makes true is on disk after the next `journal.durable()`.
    """

    def __init__(
        self,
        journal: Journal,
        ids: Ids,
        *,
        os_user: str = "",
        cards: Callable[[str], AgentCard | None] = lambda _: None,
    ) -> None:
        """The first two are shared with the engine, and `cards` tell what agents take.

        `os_user` is the user of the operating system whose home this is: only they can read the
        secret that it takes to ask for something here, so whatever is asked, that user asks.
        """
        self._journal = journal
        self._ids = ids
        self._cards = cards
        self.os_user = os_user
        self.decided: Callable[[Decision], None] = lambda _: None
        """Called with each answer, with its run loaded, in the transaction that records it."""
        self.second_look: Callable[[Who], Awaitable[SecondLook]] = _no_second_look
        self._due: dict[str, float] = {}  # of all that wait, seconds since the epoch
        self._timers: list[tuple[float, str]] = []  # a heap; those that `_due` disowns are stale
        self._answered: list[str] = []  # since the last look at the time
        self._one_speaks = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether what is decided can still become durable."""
        return self._journal.is_open

    def request(
        self,
        run: str,
        step: str,
        subject: dict[str, Any],
        rule: ApprovalRule,
        *,
        author: str,
        on_behalf: str = "",
        edited_by: Iterable[str] = (),
        os_user: str = "",
    ) -> tuple[str, str]:
        """Ask for agreement to exactly `subject`; return the approval's id and its digest.

        `edited_by` names those who changed the inputs since the author wrote them: they have
        written what is asked, and can't agree to it. `os_user` gave all of these names.

        Raises:
            Rejected: `approval.unreachable`, `.bad_rule`, `.too_long`, or those of `canonical`.
        """
        approval, shown = self._ids.new(KIND), digest(subject)
        command = RequestApproval(
            approval, run, step, subject, shown, rule, author, on_behalf, tuple(edited_by), os_user
        )
        self._journal.tell(
            APPROVAL, approval, command, actor=ENGINE, on_behalf=author, correlation=run
        )
        self._watch(self._journal.others[approval])
        return approval, shown

    async def approve(
        self, approval: str, *, actor: str, reason: str, **about: Unpack[About]
    ) -> Approval:
        """Agree, as one person of those who have to.

        Raises:
            Rejected, NotFound: see `domain.approval.decide`. `approval.expired` is recorded too.
        """
        return await self._receive(approval, Approve(*_word(actor, reason, about)))

    async def reject(
        self, approval: str, *, actor: str, reason: str, **about: Unpack[About]
    ) -> Approval:
        """Say no, finally; raises as `approve` does."""
        return await self._receive(approval, Reject(*_word(actor, reason, about)))

    async def request_changes(
        self,
        approval: str,
        *,
        inputs: dict[str, Any],
        actor: str,
        reason: str,
        findings: Findings = (),
        **about: Unpack[About],
    ) -> Approval:
        """Ask for `inputs`, all that the step is to have, in place of those that were shown.

        With `findings` the step is left out, and a further round mends them.

        Raises:
            Rejected: as `approve`, `approval.no_changes`, and `approval.bad_inputs` where they
                don't fit what does the step.
        """
        word = _word(actor, reason, about)
        asked = RequestChanges(*word, inputs=inputs, findings=findings)
        return await self._receive(approval, asked)

    async def defer(
        self, approval: str, *, until: float, actor: str, reason: str, **about: Unpack[About]
    ) -> Approval:
        """Put it off; raises as `approve` does, and `approval.bad_deferral`."""
        return await self._receive(approval, Defer(*_word(actor, reason, about), until=until))

    async def delegate(
        self, approval: str, *, to: str, actor: str, reason: str, **about: Unpack[About]
    ) -> Approval:
        """Give one's say to another person; raises as `approve` does, and `.bad_delegate`."""
        return await self._receive(approval, Delegate(*_word(actor, reason, about), to=to))

    async def withdraw(
        self, approval: str, *, actor: str, reason: str, **about: Unpack[About]
    ) -> Approval:
        """Take the question back, as its author; raises as `approve` does, and `.not_author`."""
        return await self._receive(approval, Withdraw(*_word(actor, reason, about)))

    async def take(self, spoken: Spoken) -> Approval:
        """Do what a person says elsewhere; raises as the method for its verb does."""
        who = self._who(spoken)
        command = _command(spoken, who)
        if isinstance(command, Approve):
            look = await self.second_look(who)
            command = msgspec.structs.replace(command, look=look, typed=spoken.typed.lower())
        return await self._receive(spoken.approval, command)

    def _who(self, spoken: Spoken) -> Who:
        asking = current_request()
        if asking is not None:  # A signed-in user needs no other proof.
            return Who(spoken.actor, spoken.on_behalf, asking.way)
        if is_vouched(spoken.actor, self.os_user):
            return Who(spoken.actor, spoken.on_behalf, "os")
        return Who(spoken.actor, spoken.on_behalf, "claimed", self.os_user)

    def drop(self, approval: str, reason: str, *, actor: str = ENGINE) -> None:
        """Take a question back because its step no longer waits for the answer.

        One that has its answer, and one that was never opened here, stays as it is.
        """
        if approval in self._journal.others:
            self._handle(approval, WithdrawWithRun(Who(actor), reason), Who(actor))

    async def open(self, pending: Iterable[str]) -> None:
        """Watch these from now on: what waits when an engine starts, or takes a run up.

        The answer to one that has it already is sent again, should its run not know it.

        Raises:
            NotFound: `approval.unknown`.
        """
        for approval in pending:
            state = await self._load(approval)
            if isinstance(state.standing, Decided):
                self._release(state)
                self.decided(_decision(state, state.standing))

    async def get(self, approval: str) -> Approval:
        """Return an approval as it stands, whether or not it has its answer.

        Raises:
            NotFound: `approval.unknown`.
        """
        state = await self._load(approval)
        self._release(state)
        return state

    def pending(self, run: str = "") -> list[Approval]:
        """Return those that wait here, of one run or of all, oldest first."""
        states = [self._journal.others[approval] for approval in sorted(self._due)]
        return [state for state in states if run in ("", state.run)]

    def next_due(self) -> float | None:
        """Return the time at which `expire` has something to do, or None where nothing waits."""
        while self._timers:
            due, approval = self._timers[0]
            if self._due.get(approval) == due:
                return due
            heapq.heappop(self._timers)
        return None

    async def expire(self, now: float) -> list[str]:
        """End, escalate or bring back what is due at `now`; return the ids of what changed."""
        answered, self._answered = self._answered, []
        for approval in answered:
            self._journal.forget(approval)
        changed = []
        due = heapq.nsmallest(
            EXPIRE_AT_ONCE, ((at, approval) for approval, at in self._due.items() if at <= now)
        )
        for _, approval in due:
            if approval in self._due:
                await self._journal.load_run(self._journal.others[approval].run)
            # While a run was read a decision may have been made.
            if approval in self._due and self._move_on(approval, now):
                changed.append(approval)
        return changed

    def _move_on(self, approval: str, now: float) -> bool:
        before: Approval = self._journal.others[approval]
        state, earlier = before, None
        # Where the journal's clock is behind `now`, nothing comes of it yet.
        while state is not earlier and (command := state.follows(now)) is not None:
            state, earlier = self._handle(approval, command, Who(ENGINE)), state
        return state is not before

    async def _receive(self, approval: str, command: Speech) -> Approval:
        # One after the other: loaded state must not be unloaded before the command is decided.
        async with self._one_speaks:
            state = await self._load(approval)
            if not state.is_final:
                await self._journal.load_run(state.run)
                state = await self._load(approval)
            try:
                now = self._journal.clock.now()
                # Others may decide from a certain time on, whether or not something was at work.
                if now < state.expires and self._move_on(approval, now):
                    state = self._journal.others[approval]
                if isinstance(command, RequestChanges) and not state.is_final:
                    # A person who may not decide at all learns that, and not what is wrong.
                    decide(command, state, now)
                    self._refuse_unusable(state, command)
                return self._handle(approval, command, command.who)
            except Rejected as refusal:
                if refusal.code == "approval.expired":
                    self._handle(approval, Expire(), Who(ENGINE))
                raise
            finally:
                self._release(self._journal.others[approval])

    def _refuse_unusable(self, state: Approval, command: RequestChanges) -> None:
        """Refuse inputs that the step could only fail with, and findings that no round mends."""
        run, inputs = self._journal.runs[state.run], command.inputs
        if command.findings:
            refuse_without_round(run, state.step)
            return
        step = run.steps[state.step]
        if step.body:
            if step.takes:  # A call of an older release names none.
                refuse_misfits(step.calls, step.takes, inputs)
            return
        card = self._cards(step.agent)
        if card is not None and (problem := misfit(inputs, card.inputs)):
            raise Rejected(
                "approval.bad_inputs",
                f"Agent {step.agent!r} can't take these inputs: {problem}.",
                hint=f"`mission approvals show {state.id}` shows those it was to have.",
            )

    async def _load(self, approval: str) -> Approval:
        if not approval.startswith(f"{KIND}-"):
            raise unknown(approval)
        state = await self._journal.load(APPROVAL, approval)
        self._watch(state)
        return state

    def _handle(self, approval: str, command: ApprovalCommand, who: Who) -> Approval:
        """Decide `command` on what is loaded, and tell the answer if it is one."""
        before: Approval = self._journal.others[approval]
        self._journal.tell(
            APPROVAL,
            approval,
            command,
            actor=who.actor,
            on_behalf=who.on_behalf,
            correlation=before.run,
        )
        state: Approval = self._journal.others[approval]
        self._watch(state)
        if isinstance(state.standing, Decided) and not before.is_final:
            # Not unloaded at once: the journal scans all that is pending, and where a run
            # with thousands of approvals is cancelled, all of them are.
            self._answered.append(approval)
            self.decided(_decision(state, state.standing))
        return state

    def _watch(self, state: Approval) -> None:
        if state.is_final:
            self._due.pop(state.id, None)
        elif self._due.get(state.id) != state.due:
            self._due[state.id] = state.due
            heapq.heappush(self._timers, (state.due, state.id))

    def _release(self, state: Approval) -> None:
        """Unload what no run waits for any more, as soon as the log knows all of it."""
        if state.is_final:
            self._journal.forget(state.id)


async def _no_second_look(_: Who) -> SecondLook:
    return NO_SECOND_LOOK


def _word(actor: str, reason: str, about: About) -> tuple[Who, str, str]:
    who = Who(
        actor, about.get("on_behalf", ""), about.get("signed_in", ""), about.get("os_user", "")
    )
    return who, reason, about.get("digest", "")


def _command(spoken: Spoken, who: Who) -> Speech:
    word = (who, spoken.reason, spoken.digest)
    match spoken.verb:
        case "approve":
            return Approve(*word)
        case "reject":
            return Reject(*word)
        case "request-changes":
            return RequestChanges(*word, inputs=spoken.inputs, findings=spoken.findings)
        case "defer":
            return Defer(*word, until=spoken.until)
        case "delegate":
            return Delegate(*word, to=spoken.to)
        case "withdraw":
            return Withdraw(*word)


def _decision(state: Approval, answer: Decided) -> Decision:
    return Decision(
        state.id,
        state.run,
        state.step,
        state.digest,
        answer.outcome,
        answer.by,
        answer.reason,
        answer.inputs,
        answer.findings,
    )
