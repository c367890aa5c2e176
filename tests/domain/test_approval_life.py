"""Whatever people and time do to an approval, its answer is final and rests on enough of them."""

import math
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from missioncontrol.domain.approval.commands import (
    ApprovalCommand,
    Approve,
    Defer,
    Delegate,
    EndDeferral,
    Escalate,
    Expire,
    Reject,
    RequestApproval,
    RequestChanges,
    Who,
    Withdraw,
)
from missioncontrol.domain.approval.decide import decide
from missioncontrol.domain.approval.events import (
    ApprovalEscalated,
    ApprovalEvent,
    ApprovalGiven,
    ApprovalGranted,
    FinalEvent,
)
from missioncontrol.domain.approval.evolve import evolve
from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.canonical import digest
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import person
from missioncontrol.domain.step import ApprovalRule, Escalation

SUBJECT: dict[str, Any] = {"inputs": {"argv": ["git", "push"]}}
SEEN = digest(SUBJECT)
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "lead")
ACTORS = (*(f"user:{name}" for name in PEOPLE), "Bob", "agent:writer", "engine")
RULES = st.builds(
    ApprovalRule,
    st.lists(st.sampled_from([*PEOPLE, "approver"]), min_size=1, max_size=4, unique=True).map(
        tuple
    ),
    st.integers(1, 3),
    st.sampled_from([200.0, 2_000.0]),
    st.none() | st.builds(Escalation, st.sampled_from([50.0, 300.0]), st.just(("lead", "bob"))),
)


class Says:
    """Who holds which say, as tokens that are handed on: an account of its own."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.is_open = "approver" in names
        self.holders: list[str] = []  # of one token for each name
        self.gave: dict[str, str] = {}
        self.add(names)

    def may(self, name: str) -> bool:
        return name not in self.gave and (self.is_open or name in self.holders)

    def hand(self, name: str, to: str) -> None:
        self.gave[name] = to
        self.holders = [to if holder == name else holder for holder in self.holders]

    def add(self, names: tuple[str, ...]) -> None:
        for name in names:
            holder = name
            while holder in self.gave:
                holder = self.gave[holder]
            self.holders.append(holder)


class AnyLife(RuleBasedStateMachine):
    """Random people say random things at random times."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.approval: Approval | None = None
        self.events: list[ApprovalEvent] = []
        self.times: list[float] = []
        self.answer: object = None

    @precondition(lambda self: self.approval is None)
    @rule(given=RULES, edited=st.sampled_from([(), ("user:erin",)]))
    def request(self, given: ApprovalRule, edited: tuple[str, ...]) -> None:
        writers = {"alice", *(person(name) for name in edited)}
        later = given.escalation.to if given.escalation else ()
        names = {*given.approvers, *later}
        possible = "approver" in names or len(names - writers) >= given.count
        command = RequestApproval(
            "approval-1", "run-1", "publish", SUBJECT, SEEN, given, "user:alice", "", edited
        )
        assert self.tell(command) == possible
        if possible:
            self.rule, self.writers = given, writers
            self.says = Says(given.approvers)
            self.counted: list[str] = []

    @precondition(lambda self: self.approval is not None)
    @rule(actor=st.sampled_from(ACTORS), saw=st.sampled_from([SEEN, "", "0" * 64]))
    def approve(self, actor: str, saw: str) -> None:
        name = person(actor)
        may = self.can_speak(name) and saw != "0" * 64 and name not in self.writers
        before = len(self.events)
        assert self.tell(Approve(Who(actor), "Checked.", saw)) == may
        new = self.events[before:]
        if may and name not in self.counted:
            self.counted.append(name)
            assert isinstance(new[0], ApprovalGiven)
            reached = len(self.counted) >= self.rule.count
            assert [type(event) for event in new[1:]] == [ApprovalGranted] * reached
        else:
            assert new == []

    @precondition(lambda self: self.approval is not None)
    @rule(actor=st.sampled_from(ACTORS), changes=st.booleans())
    def refuse(self, actor: str, changes: bool) -> None:
        may = self.can_speak(person(actor))
        if changes:
            wanted = RequestChanges(Who(actor), "No.", inputs={"argv": ["x"]})
            assert self.tell(wanted) <= may
        else:
            assert self.tell(Reject(Who(actor), "No.")) == may

    @precondition(lambda self: self.approval is not None)
    @rule(actor=st.sampled_from(ACTORS), to=st.sampled_from(ACTORS))
    def delegate(self, actor: str, to: str) -> None:
        name, other = person(actor), person(to)
        might = self.can_speak(name) and other not in ("", name, *self.writers, *self.says.gave)
        if self.tell(Delegate(Who(actor), "On leave.", to=to)):
            assert might
            assert name not in self.counted
            self.says.hand(name, other)

    @precondition(lambda self: self.approval is not None)
    @rule(actor=st.sampled_from(ACTORS), wait=st.sampled_from([-1.0, 20.0, 100.0, 5_000.0]))
    def defer(self, actor: str, wait: float) -> None:
        assert self.approval is not None
        fits = 0 < wait < self.approval.expires - self.now
        may = self.can_speak(person(actor)) and fits
        assert self.tell(Defer(Who(actor), "Later.", until=self.now + wait)) == may

    @precondition(lambda self: self.approval is not None)
    @rule(actor=st.sampled_from(ACTORS))
    def withdraw(self, actor: str) -> None:
        may = person(actor) == "alice" and self.is_open
        assert self.tell(Withdraw(Who(actor), "Never mind.")) == may

    @precondition(lambda self: self.approval is not None)
    @rule(command=st.sampled_from([EndDeferral(), Escalate(), Expire()]))
    def time(self, command: EndDeferral | Escalate | Expire) -> None:
        before = len(self.events)
        assert self.tell(command)
        for event in self.events[before:]:
            if isinstance(event, ApprovalEscalated):
                self.says.add(event.to)

    @rule(seconds=st.sampled_from([1.0, 30.0, 150.0, 1_000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @property
    def is_open(self) -> bool:
        assert self.approval is not None
        return not self.approval.is_final and self.now < self.approval.expires

    def can_speak(self, name: str) -> bool:
        return bool(name) and self.is_open and name != "alice" and self.says.may(name)

    def tell(self, command: ApprovalCommand) -> bool:
        try:
            events = decide(command, self.approval, self.now)
        except Rejected:
            return False
        for event in events:
            assert self.answer is None, f"{event} after the end"
            self.approval = evolve(self.approval, event, self.now)
            self.events.append(event)
            self.times.append(self.now)
        if self.approval is not None and self.approval.is_final:
            self.answer = self.approval.standing
        return True

    @invariant()
    def an_answer_never_changes(self) -> None:
        if self.answer is not None and self.approval is not None:
            assert self.approval.standing == self.answer
            assert self.approval.due == math.inf
        finals = [event for event in self.events if isinstance(event, FinalEvent)]
        assert len(finals) == (self.answer is not None)

    @invariant()
    def a_grant_rests_on_enough_different_people_who_did_not_write_it(self) -> None:
        for event in self.events:
            if isinstance(event, ApprovalGranted):
                people = {person(name) for name in event.by}
                assert len(people) == len(event.by) == self.rule.count
                assert people.isdisjoint(self.writers)
                assert event.digest == SEEN

    @invariant()
    def what_happened_alone_tells_the_same(self) -> None:
        folded: Approval | None = None
        for event, at in zip(self.events, self.times, strict=True):
            folded = evolve(folded, event, at)
        assert folded == self.approval
        if folded is not None and not folded.is_final:
            assert self.times[0] < folded.due <= folded.expires


AnyLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyLife = AnyLife.TestCase
