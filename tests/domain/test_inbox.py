"""The inbox: what is out of whose inbox until when, and to whom an item was given."""

from typing import Any

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.inbox import (
    COMMENTS_MAX,
    MARKS_MAX,
    AssignItem,
    CommentItem,
    DismissItem,
    Inbox,
    MuteItem,
    RestoreItem,
    SnoozeItem,
    decide,
    evolve,
)

NOON = 1_795_435_200.0  # 2026-11-23, 12:00 UTC
HOUR = 3_600.0
ITEM = "failed:workflow.nightly"


def after(*commands: Any, inbox: Inbox | None = None, at: float = NOON) -> Inbox:
    for command in commands:
        for event in decide(command, inbox, at):
            inbox = evolve(inbox, event, at)
    return inbox or Inbox()


def is_out(inbox: Inbox, name: str, *, now: float, since: float = NOON - HOUR) -> bool:
    mark = inbox.marks_of(name).get(ITEM)
    return mark is not None and mark.holds(since, now)


def test_a_snoozed_item_returns_at_its_time_and_only_that_person_misses_it() -> None:
    inbox = after(SnoozeItem(ITEM, NOON + HOUR, "user:ann"))
    assert is_out(inbox, "user:Ann", now=NOON + HOUR - 1)
    assert not is_out(inbox, "user:ann", now=NOON + HOUR)
    assert not is_out(inbox, "user:ben", now=NOON)


@pytest.mark.parametrize(
    "command", [SnoozeItem(ITEM, NOON + HOUR, "ann"), DismissItem(ITEM, "ann")]
)
def test_something_new_brings_it_back_earlier(command: Any) -> None:
    inbox = after(command)
    assert is_out(inbox, "ann", now=NOON + 1)
    assert not is_out(inbox, "ann", now=NOON + 2, since=NOON + 1)


def test_a_muted_item_stays_out_whatever_happens_until_it_is_restored() -> None:
    inbox = after(MuteItem(ITEM, "ann"))
    assert is_out(inbox, "ann", now=NOON + 1e6, since=NOON + 1e5)
    assert decide(MuteItem(ITEM, "ann"), inbox, NOON) == []
    assert not is_out(after(RestoreItem(ITEM, "ann"), inbox=inbox), "ann", now=NOON)


def test_what_waits_for_a_decision_is_not_dismissed() -> None:
    with pytest.raises(Rejected, match="waits for a decision"):
        decide(DismissItem("approval:approval-1", "ann"), None, NOON)


def test_who_gave_an_item_and_who_got_it_can_end_that() -> None:
    inbox = after(AssignItem(ITEM, "ben", "Please.", "ann"))
    assert (inbox.assignments[ITEM].to, inbox.assignments[ITEM].by) == ("ben", "ann")
    assert decide(AssignItem(ITEM, "ben", "Please.", "ann"), inbox, NOON) == []
    assert decide(RestoreItem(ITEM, "eve"), inbox, NOON) == []
    for name in ("ann", "user:Ben"):
        [event] = decide(RestoreItem(ITEM, name), inbox, NOON)
    assert ITEM not in evolve(inbox, event, NOON).assignments


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SnoozeItem("nothing", NOON + HOUR, "ann"), "inbox.bad_item"),
        (SnoozeItem("approval:a b", NOON + HOUR, "ann"), "inbox.bad_item"),
        (SnoozeItem(ITEM, NOON, "ann"), "inbox.past"),
        (SnoozeItem(ITEM, NOON + 400 * 24 * HOUR, "ann"), "inbox.too_long"),
        (MuteItem(ITEM, "agent:writer"), "inbox.not_a_person"),
        (AssignItem(ITEM, "engine", "", "ann"), "inbox.bad_person"),
        (AssignItem(ITEM, "Ann", "", "user:ann"), "inbox.to_oneself"),
    ],
)
def test_what_makes_no_sense_is_refused(command: Any, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        decide(command, None, NOON)
    assert refused.value.code == code


def test_marks_and_comments_are_bounded_and_the_oldest_go() -> None:
    inbox = after(*(MuteItem(f"failed:run-{each}", "ann") for each in range(MARKS_MAX + 1)))
    assert len(inbox.marks_of("ann")) == MARKS_MAX
    assert "failed:run-0" not in inbox.marks_of("ann")
    inbox = after(*(CommentItem(ITEM, f"{each}", "ann") for each in range(COMMENTS_MAX + 1)))
    assert inbox.comments[ITEM][0].text == "1"
