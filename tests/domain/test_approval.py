"""Exactly what was shown is approved, by enough people who may, or it does not run."""

import math
from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest

from missioncontrol.domain.approval import EVENTS
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
    SecondLook,
    Who,
    Withdraw,
    WithdrawWithRun,
)
from missioncontrol.domain.approval.decide import decide
from missioncontrol.domain.approval.decision_rules import CHAIN_MAX, REASON_MAX, WORDS_MAX
from missioncontrol.domain.approval.events import (
    ApprovalDelegated,
    ApprovalEscalated,
    ApprovalEvent,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalWithdrawn,
    ChangesRequested,
    DeferralEnded,
)
from missioncontrol.domain.approval.evolve import evolve
from missioncontrol.domain.approval.states import Approval, Decided, Deferred
from missioncontrol.domain.canonical import digest
from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.person import is_name, is_vouched, known_as, person
from missioncontrol.domain.step import ApprovalRule, Escalation
from tests.domain.approval_examples import APPROVAL_EXAMPLES

SUBJECT: dict[str, Any] = {"step": "publish", "inputs": {"argv": ["git", "push"]}}
SEEN = digest(SUBJECT)
DAY = 86_400.0
ONE = ApprovalRule()
NAMED = ApprovalRule(("bob", "carol", "dave"), 2)


def ask(rule: ApprovalRule = ONE, **changes: Any) -> RequestApproval:
    command = RequestApproval("approval-1", "run-1", "publish", SUBJECT, SEEN, rule, "user:alice")
    return msgspec.structs.replace(command, **changes)


def after(*commands: ApprovalCommand, now: float = 0.0) -> Approval:
    """Decide and fold `commands` one after the other, a second apart."""
    approval: Approval | None = None
    for command in commands:
        for event in decide(command, approval, now):
            approval = evolve(approval, event, now)
        now += 1
    assert approval is not None
    return approval


def who(name: str, on_behalf: str = "") -> Who:
    return Who(name, on_behalf)


def yes(name: str, **more: Any) -> Approve:
    return Approve(who(name, more.pop("on_behalf", "")), "Checked it.", **more)


def give(name: str, to: str) -> Delegate:
    return Delegate(who(name), "On leave.", to=to)


def later(name: str, until: float) -> Defer:
    return Defer(who(name), "After lunch.", until=until)


def other(name: str, *argv: str) -> RequestChanges:
    return RequestChanges(who(name), "Not this.", inputs={"argv": list(argv)})


def code_of(command: ApprovalCommand, approval: Approval | None, now: float = 100.0) -> str:
    with pytest.raises(Rejected) as no:
        decide(command, approval, now)
    return no.value.code


# One person is enough.


def test_one_yes_is_enough_where_one_is_asked_for() -> None:
    approval = after(ask())
    assert decide(yes("user:bob", digest=SEEN), approval, 5.0) == [
        ApprovalGiven("user:bob", "Checked it."),
        ApprovalGranted(("user:bob",), SEEN),
    ]
    answer = after(ask(), yes("user:bob")).standing
    assert answer == Decided("approved", "user:bob", "Checked it.", 1.0)


def test_what_is_said_carries_who_for_whom_why_and_how_the_name_was_found() -> None:
    command = Approve(Who("user:bob", "user:carol", "claimed", "root"), "  It is right.\n")
    given, _ = decide(command, after(ask()), 0.0)
    assert given == ApprovalGiven("user:bob", "It is right.", "user:carol", "claimed", "root")


@pytest.mark.parametrize("reason", ["", "  \n", "\u200b\u200b", "\u3164", "\u2800", "...", "!"])
def test_a_reason_that_says_nothing_is_refused(reason: str) -> None:
    for command in (Approve, Reject, Withdraw):
        assert code_of(command(who("user:bob"), reason), after(ask())) == "approval.bad_reason"


@pytest.mark.parametrize("reason", ["x" * (REASON_MAX + 1), "half \ud800"])
def test_a_reason_that_cannot_be_kept_is_refused(reason: str) -> None:
    assert code_of(Reject(who("bob"), reason), after(ask())) == "approval.bad_reason"


# Who may not.


@pytest.mark.parametrize(
    ("author", "for_whom", "speaker", "on_behalf"),
    [
        ("user:alice", "", "user:alice", ""),
        ("user:alice", "", "alice", ""),
        ("user:alice", "", "user:Alice", ""),
        ("user:alice", "", "user:\uff41lice", ""),  # A wide a.
        ("user:alice", "", "user:bob", "user:alice"),
        ("agent:writer", "user:alice", "user:alice", ""),
        ("agent:writer", "user:alice", "user:bob", "alice"),
    ],
)
def test_the_author_and_whoever_acts_for_them_decide_nothing(
    author: str, for_whom: str, speaker: str, on_behalf: str
) -> None:
    approval = after(ask(author=author, on_behalf=for_whom))
    by = who(speaker, on_behalf)
    for command in (
        Approve(by, "I like it."),
        Reject(by, "No."),
        RequestChanges(by, "No.", inputs={}),
        Defer(by, "Later.", until=500.0),
        Delegate(by, "You do it.", to="carol"),
    ):
        assert code_of(command, approval) == "approval.by_author"


@pytest.mark.parametrize(
    ("actor", "on_behalf"),
    [
        ("agent:reviewer", ""),
        ("agent:reviewer", "user:bob"),
        ("user:bob", "agent:reviewer"),
        ("engine", ""),
        ("python", ""),
        ("schedule:nightly", ""),
        ("user:agent:reviewer", ""),
        ("agent\uff1areviewer", ""),  # A wide colon.
    ],
)
def test_a_program_decides_nothing(actor: str, on_behalf: str) -> None:
    assert code_of(yes(actor, on_behalf=on_behalf), after(ask())) == "approval.not_a_person"


@pytest.mark.parametrize(
    "name", ["", " bob", "b\u200bob", "bob\ufe0f", "b\u043eb", "b\nob", "approver"]
)
def test_a_name_that_hides_something_is_nobodys(name: str) -> None:
    assert code_of(yes(name), after(ask())) == "approval.bad_name"


def test_who_was_not_asked_decides_nothing() -> None:
    approval = after(ask(NAMED))
    assert code_of(yes("user:erin"), approval) == "approval.not_named"
    assert code_of(Reject(who("user:erin"), "No."), approval) == "approval.not_named"


def test_who_changed_the_inputs_may_reject_but_not_agree() -> None:
    approval = after(ask(edited_by=("user:bob",)))
    assert code_of(yes("user:bob"), approval) == "approval.by_author"
    assert code_of(give("user:carol", "bob"), approval) == "approval.bad_delegate"
    assert isinstance(decide(Reject(who("user:bob"), "No."), approval, 1.0)[0], ApprovalRejected)
    assert after(ask(edited_by=("user:bob",)), yes("user:carol")).is_final


# Several people.


def test_a_person_counts_once_however_they_are_called() -> None:
    approval = after(ask(NAMED), yes("user:bob"))
    for name in ("user:bob", "bob", "BOB"):
        assert decide(yes(name), approval, 5.0) == []
    assert not approval.is_final
    assert after(ask(NAMED), yes("user:bob"), yes("user:carol")).is_final


def test_the_yes_that_reaches_the_number_names_all_who_agreed() -> None:
    approval = after(ask(NAMED), yes("user:dave"))
    given, granted = decide(yes("user:bob"), approval, 5.0)
    assert isinstance(given, ApprovalGiven)
    assert granted == ApprovalGranted(("user:dave", "user:bob"), SEEN)


def test_who_speaks_for_another_uses_up_the_say_of_both() -> None:
    approval = after(ask(NAMED), yes("bob", on_behalf="carol"))
    assert code_of(yes("carol"), approval) == "approval.counted"
    assert code_of(yes("dave", on_behalf="bob"), approval) == "approval.counted"


def test_speaking_for_somebody_who_may_gives_no_say() -> None:
    assert code_of(yes("erin", on_behalf="bob"), after(ask(NAMED))) == "approval.not_named"


def test_one_no_is_the_answer_even_of_somebody_who_had_agreed() -> None:
    answer = after(ask(NAMED), yes("bob"), Reject(who("bob"), "I see it now.")).standing
    assert answer == Decided("rejected", "bob", "I see it now.", 2.0)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        (ApprovalRule(("alice",)), {}),
        (ApprovalRule(("alice", "bob"), 2), {}),
        (ApprovalRule(("bob", "BOB"), 2), {}),
        (ApprovalRule(("bob",)), {"edited_by": ("user:bob",)}),
        (ApprovalRule(("bob",)), {"on_behalf": "user:bob"}),
        (ApprovalRule(("bob",), 3, escalation=Escalation(9.0, ("bob", "carol"))), {}),
    ],
)
def test_what_too_few_people_could_ever_agree_to_is_not_asked(
    rule: ApprovalRule, changes: dict[str, Any]
) -> None:
    assert code_of(ask(rule, **changes), None) == "approval.unreachable"


def test_a_role_stands_for_as_many_people_as_it_takes() -> None:
    assert not after(ask(ApprovalRule(count=3), author="approver")).is_final


# What was shown.


def test_an_answer_to_something_else_is_refused() -> None:
    assert code_of(yes("bob", digest="0" * 64), after(ask())) == "approval.changed"
    assert code_of(yes("bob", digest=SEEN[:-1]), after(ask())) == "approval.changed"


def test_a_digest_that_is_not_of_what_is_shown_is_refused() -> None:
    assert code_of(ask(digest="0" * 64), None) == "approval.bad_digest"
    assert code_of(ask(subject={**SUBJECT, "more": 1}), None) == "approval.bad_digest"


def test_what_has_no_exact_form_is_not_asked() -> None:
    assert code_of(ask(subject={"n": 2**53}), None) == "canonical.unfit"


def test_more_than_anybody_reads_is_not_asked() -> None:
    long = {"inputs": "x" * (1 << 20)}
    assert code_of(ask(subject=long, digest=digest(long)), None) == "approval.too_long"


def test_changes_end_this_approval_and_carry_the_inputs() -> None:
    approval = after(ask(), other("bob", "git", "push", "--dry-run"))
    assert isinstance(approval.standing, Decided)
    assert approval.standing.inputs == {"argv": ["git", "push", "--dry-run"]}
    assert code_of(yes("carol"), approval) == "approval.decided"


def test_changes_that_change_nothing_are_refused() -> None:
    assert code_of(other("bob", "git", "push"), after(ask())) == "approval.no_changes"
    odd = RequestChanges(who("bob"), "No.", inputs={"n": math.nan})
    assert code_of(odd, after(ask())) == "canonical.unfit"
    assert code_of(other("bob", "x" * (1 << 20)), after(ask())) == "approval.too_long"


def test_the_only_one_who_may_agree_cannot_write_what_they_agree_to() -> None:
    approval = after(ask(ApprovalRule(("bob",))))
    assert code_of(other("bob", "rm"), approval) == "approval.unreachable"


# Time.


def test_nothing_is_decided_after_the_end_even_where_no_timer_fired() -> None:
    approval = after(ask(ApprovalRule(expires_seconds=60.0)))
    assert decide(yes("bob"), approval, 59.9)
    for command in (yes("bob"), Reject(who("bob"), "No."), Withdraw(who("alice"), "No.")):
        assert code_of(command, approval, 60.0) == "approval.expired"
    assert decide(Expire(), approval, 59.9) == []
    assert decide(Expire(), approval, 60.0) == [ApprovalExpired(60.0)]


def test_a_deferral_keeps_nobody_from_deciding_and_moves_no_end() -> None:
    approval = after(ask(), later("bob", 500.0))
    assert approval.standing == Deferred(500.0)
    assert approval.expires == 7 * DAY
    assert after(ask(), later("bob", 500.0), yes("carol")).is_final
    assert decide(EndDeferral(), approval, 499.0) == []
    assert decide(EndDeferral(), approval, 500.0) == [DeferralEnded(500.0)]


@pytest.mark.parametrize("until", [99.0, 100.0, 7 * DAY, math.inf, math.nan, -math.inf])
def test_a_deferral_ends_between_now_and_the_end(until: float) -> None:
    assert code_of(later("bob", until), after(ask()), 100.0) == "approval.bad_deferral"


def test_an_escalation_lets_more_people_decide() -> None:
    rule = ApprovalRule(("bob",), escalation=Escalation(60.0, ("lead",)))
    approval = after(ask(rule))
    assert code_of(yes("lead"), approval, 59.0) == "approval.not_named"
    assert decide(Escalate(), approval, 59.0) == []
    assert decide(Escalate(), approval, 60.0) == [ApprovalEscalated(("lead",))]
    escalated = evolve(approval, ApprovalEscalated(("lead",)), 60.0)
    assert decide(Escalate(), escalated, 61.0) == []
    assert decide(yes("lead"), escalated, 61.0)
    assert decide(yes("bob"), escalated, 61.0)


def test_an_escalation_waits_for_the_end_of_a_deferral() -> None:
    rule = ApprovalRule(("bob",), escalation=Escalation(60.0, ("lead",)))
    approval = after(ask(rule), later("bob", 500.0))
    assert approval.due == 500.0
    assert decide(Escalate(), approval, 70.0) == []
    awake = evolve(approval, DeferralEnded(500.0), 500.0)
    assert isinstance(awake.follows(500.0), Escalate)


def test_an_escalation_makes_up_the_number_with_different_people() -> None:
    rule = ApprovalRule(("bob",), 2, escalation=Escalation(2.0, ("bob", "lead")))
    approval = after(ask(rule), yes("bob"), Escalate())
    assert decide(yes("bob"), approval, 9.0) == []
    assert len(decide(yes("lead"), approval, 9.0)) == 2


def test_after_weeks_of_silence_it_expires_and_does_nothing_else_first() -> None:
    rule = ApprovalRule(("bob",), escalation=Escalation(60.0, ("lead",)))
    approval = after(ask(rule), later("bob", 500.0))
    assert isinstance(approval.follows(30 * DAY), Expire)
    assert decide(EndDeferral(), approval, 30 * DAY) == []


# Delegation.


def test_a_delegate_has_the_say_and_who_gave_it_has_not() -> None:
    approval = after(ask(ApprovalRule(("bob",))), give("bob", "erin"))
    assert code_of(yes("bob"), approval) == "approval.delegated"
    assert len(decide(yes("erin"), approval, 9.0)) == 2


def test_two_says_in_one_hand_count_once() -> None:
    approval = after(ask(NAMED), give("bob", "carol"), yes("carol"))
    assert not approval.is_final
    assert decide(yes("carol"), approval, 9.0) == []
    assert len(decide(yes("dave"), approval, 9.0)) == 2


def test_says_are_not_gathered_in_fewer_hands_than_needed() -> None:
    approval = after(ask(ApprovalRule(("bob", "carol"), 2)))
    assert code_of(give("bob", "carol"), approval) == "approval.unreachable"


@pytest.mark.parametrize(
    "to", ["alice", "user:Alice", "bob", "agent:writer", "approver", "", "b\u200bob", "engine"]
)
def test_a_say_is_given_to_another_person_who_did_not_write_it(to: str) -> None:
    assert code_of(give("bob", to), after(ask())) == "approval.bad_delegate"


def test_a_say_does_not_come_back_nor_go_to_who_gave_theirs_away() -> None:
    approval = after(ask(), give("bob", "carol"))
    assert code_of(give("carol", "bob"), approval) == "approval.bad_delegate"
    assert code_of(give("dave", "bob"), approval) == "approval.bad_delegate"


def test_a_say_that_was_used_is_not_given_away() -> None:
    approval = after(ask(NAMED), yes("bob"))
    assert code_of(give("bob", "erin"), approval) == "approval.bad_delegate"


def test_a_say_is_handed_on_only_so_often() -> None:
    people = [f"p{number}" for number in range(CHAIN_MAX + 2)]
    hands = [give(one, to) for one, to in pairwise(people)]
    approval = after(ask(), *hands[:-1])
    assert code_of(hands[-1], approval) == "approval.bad_delegate"
    assert decide(yes(people[CHAIN_MAX]), approval, 50.0)


def test_who_came_in_by_escalation_had_given_their_say_away() -> None:
    rule = ApprovalRule(("bob", "approver"), 1, escalation=Escalation(1.0, ("lead",)))
    approval = after(ask(rule), give("lead", "erin"), Escalate())
    assert code_of(yes("lead"), approval) == "approval.delegated"


def test_it_is_put_off_and_handed_on_only_so_often() -> None:
    approval = after(ask(), *[later("bob", 9_000.0 + n) for n in range(WORDS_MAX)])
    assert code_of(later("bob", 20_000.0), approval, 1_000.0) == "approval.too_many_words"
    assert decide(yes("bob"), approval, 1_000.0)


# The end.


def test_the_author_may_take_it_back_and_nobody_else() -> None:
    approval = after(ask(author="agent:writer", on_behalf="user:alice"))
    for by in (who("user:alice"), who("agent:writer"), who("agent:other", "user:alice")):
        assert isinstance(decide(Withdraw(by, "No."), approval, 1.0)[0], ApprovalWithdrawn)
    assert code_of(Withdraw(who("user:bob"), "No."), approval) == "approval.not_author"


def test_it_ends_with_its_run_once() -> None:
    gone = WithdrawWithRun(who("engine"), "The run was cancelled.")
    approval = after(ask(), gone)
    assert approval.standing == Decided("withdrawn", "engine", "The run was cancelled.", 1.0)
    assert decide(gone, approval, 9.0) == []


def test_a_late_answer_is_told_who_decided_and_when() -> None:
    with pytest.raises(Rejected) as no:
        decide(Reject(who("carol"), "No."), after(ask(), yes("user:bob")), 60.0)
    assert no.value.code == "approval.decided"
    assert "approved by 'user:bob' at 1970-01-01 00:00:01 UTC" in no.value.reason


@pytest.mark.parametrize(
    "rule",
    [
        ApprovalRule(()),
        ApprovalRule(("bob",), 0),
        ApprovalRule(count=101),
        ApprovalRule(expires_seconds=0.0),
        ApprovalRule(expires_seconds=math.inf),
        ApprovalRule(expires_seconds=math.nan),
        ApprovalRule(("agent:reviewer",)),
        ApprovalRule(("b\u200bob",)),
        ApprovalRule(tuple(f"p{number}" for number in range(101))),
        ApprovalRule(escalation=Escalation(1.0, ())),
        ApprovalRule(escalation=Escalation(math.nan, ("lead",))),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule: ApprovalRule) -> None:
    assert code_of(ask(rule), None) == "approval.bad_rule"


def test_nothing_is_said_about_what_was_never_asked() -> None:
    with pytest.raises(NotFound) as no:
        decide(yes("bob"), None, 0.0)
    assert no.value.code == "approval.unknown"
    assert code_of(ask(), after(ask())) == "approval.exists"


def test_a_log_that_begins_in_the_middle_or_twice_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        evolve(None, ApprovalExpired(1.0), 1.0)
    (begin,) = decide(ask(), None, 0.0)
    with pytest.raises(Corrupt):
        evolve(after(ask()), begin, 1.0)


def test_every_event_has_a_name_and_comes_back_from_its_bytes() -> None:
    assert {type(event) for event in APPROVAL_EXAMPLES} == set(EVENTS)
    assert set(EVENTS) == set(get_args(ApprovalEvent))
    assert len({name for name, _ in EVENTS.values()}) == len(EVENTS)
    for event in APPROVAL_EXAMPLES:
        stored = msgspec.json.encode(event)
        assert msgspec.json.decode(stored, type=type(event)) == event
        assert set(msgspec.json.decode(stored)) == set(event.__struct_fields__)


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ("user:Alice", "alice"),
        ("alice", "alice"),
        ("user:python", "python"),
        ("python", ""),
        ("engine", ""),
        ("agent:a", ""),
        ("", ""),
        ("user:", ""),
    ],
)
def test_people_are_told_from_programs(actor: str, name: str) -> None:
    assert person(actor) == name


def test_a_name_is_one_visible_line() -> None:
    assert is_name("Zoë O'Neil")
    assert not any(
        is_name(name) for name in ("", " a", "a\tb", "a\u00a0b", "a" * 201, "\u202eecila")
    )


def test_delegations_are_told_by_name() -> None:
    event = ApprovalDelegated("user:bob", "On leave.", to="user:Carol")
    assert evolve(after(ask()), event, 1.0).delegations == {"bob": "carol"}
    assert isinstance(decide(other("bob", "x"), after(ask()), 1.0)[0], ChangesRequested)


# Who counts as one person.


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        (("user:alice", ""), ("Alice", ""), True),
        (("user:alice", ""), ("user:bob", ""), False),
        (("user:alice", "root"), ("user:root", ""), True),
        (("user:root", ""), ("user:alice", "Root"), True),
        (("user:alice", "root"), ("user:bob", "root"), False),
        (("user:alice", "root"), ("user:bob", "alice"), True),
        (("python", "root"), ("user:root", ""), False),
    ],
)
def test_a_claimed_name_stands_for_its_user_as_well(
    one: tuple[str, str], other: tuple[str, str], is_one: bool
) -> None:
    first, second = (known_as((name,), user) for name, user in (one, other))
    assert first.is_also(second) is second.is_also(first) is is_one


def test_the_operating_system_vouches_for_its_own_user_alone() -> None:
    assert is_vouched("user:root", "root")
    assert not is_vouched("user:bob", "root")
    assert not is_vouched("user:bob", "")


def test_whoever_changed_the_inputs_under_another_name_cannot_agree() -> None:
    approval = after(ask(author="agent:writer", edited_by=("user:bob",), os_user="root"))
    with pytest.raises(Rejected) as no:
        decide(yes("user:root"), approval, 5.0)
    assert no.value.code == "approval.by_author"
    assert "'user:root', under another name, changed the inputs" in no.value.reason
    assert decide(yes("user:carol"), approval, 5.0)


def test_nobody_is_left_where_the_only_approver_wrote_it_under_another_name() -> None:
    with pytest.raises(Rejected) as no:
        decide(ask(ApprovalRule(("root",)), os_user="root"), None, 0.0)
    assert no.value.code == "approval.unreachable"


ALONE = SecondLook(True)
LOOK = SecondLook(True, 600.0)


def own(look: SecondLook = LOOK, typed: str = SEEN[:8], actor: str = "user:alice") -> Approve:
    return Approve(Who(actor), "Looked twice.", SEEN, look=look, typed=typed)


@pytest.mark.parametrize(
    ("command", "now", "code"),
    [
        (own(SecondLook()), 700.0, "approval.by_author"),
        (own(ALONE), 700.0, "approval.by_author"),
        (own(), 599.0, "approval.look_later"),
        (own(typed=""), 700.0, "approval.look_again"),
        (own(typed=SEEN[:7]), 700.0, "approval.look_again"),
        (own(typed="00000000"), 700.0, "approval.look_again"),
        (own(actor="agent:writer"), 700.0, "approval.not_a_person"),
    ],
)
def test_ones_own_run_takes_a_second_look(command: Approve, now: float, code: str) -> None:
    with pytest.raises(Rejected) as no:
        decide(command, after(ask()), now)
    assert no.value.code == code


def test_a_second_look_is_recorded_as_an_approval_of_ones_own_run() -> None:
    given, granted = decide(own(), after(ask()), 600.0)
    assert isinstance(given, ApprovalGiven)
    assert isinstance(granted, ApprovalGranted)
    assert given.is_self_approval
    done = evolve(evolve(after(ask()), given, 600.0), granted, 600.0)
    assert isinstance(done.standing, Decided)
    assert done.standing.is_self_approval
    for_alice = ask(author="agent:writer", on_behalf="user:alice")
    (given, _) = decide(own(), after(for_alice), 600.0)
    assert isinstance(given, ApprovalGiven)
    assert given.is_self_approval
    (given, _) = decide(own(actor="user:bob"), after(ask()), 1.0)
    assert isinstance(given, ApprovalGiven)
    assert not given.is_self_approval


def test_a_person_alone_is_offered_a_teammate_or_a_second_look() -> None:
    with pytest.raises(Rejected) as no:
        decide(own(ALONE), after(ask()), 700.0)
    assert "mission user second-look 10m" in no.value.hint
    assert "mission user add NAME --role approver" in no.value.hint
