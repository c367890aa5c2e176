"""What people state about work items, and what they can't."""

from typing import Any

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.status import USUAL, WORDS, Conditions, Status
from missioncontrol.domain.work_item.changes import (
    Change,
    Facts,
    Limited,
    WorkItems,
    decide,
    evolve,
)
from missioncontrol.domain.work_item.commands import (
    AssignItem,
    BlockItem,
    DropItem,
    EditItem,
    FinishItem,
    LimitStage,
    StartItem,
)
from missioncontrol.domain.work_item.events import (
    Kind,
    StageLimited,
    WorkItemBlocked,
    WorkItemEdited,
)
from missioncontrol.domain.work_item.stages import (
    Standing,
    Stay,
    Word,
    label,
    status_of_item,
    time_in_stages,
)

BY = "user:ada"


def facts(
    key: str = "M-1.1", kind: Kind = "person_task", word: Word = "ready_to_build", **more: Any
) -> Facts:
    return Facts(f"mission-1/{key}", key, kind, word, **more)


def told(*changes: Change | Limited) -> WorkItems:
    state = None
    for change in changes:
        for event in decide(change, state, 0.0):
            state = evolve(state, event, 0.0)
    assert state is not None
    return state


def block(one: str, other: str) -> Change:
    return Change(BlockItem(one, other), facts(one), BY, facts(other))


def refused(command: Any, item: Facts) -> str:
    with pytest.raises(Rejected) as no:
        decide(Change(command, item, BY), None, 0.0)
    return f"{no.value.code}: {no.value.reason}"


def test_what_is_stated_already_makes_no_event() -> None:
    state = told(
        Change(AssignItem("", "user:bob"), facts(), BY),
        Change(EditItem("", priority="high", labels=("a", "b")), facts(), BY),
    )
    again = Change(EditItem("", priority="high", labels=("a", "b"), due=""), facts(), BY)
    assert decide(again, state, 0.0) == []
    assert decide(Change(AssignItem("", "user:bob"), facts(), BY), state, 0.0) == []
    other = Change(EditItem("", priority="low", labels=("a", "b")), facts(), BY)
    assert decide(other, state, 0.0) == [WorkItemEdited("mission-1/M-1.1", BY, "low")]


def test_two_items_never_wait_for_each_other_by_any_detour() -> None:
    state = told(block("A", "B"), block("B", "C"))
    for item in ("C", "B", "A"):
        change = block("C", item) if item != "A" else block("C", "A")
        with pytest.raises(Rejected) as no:
            decide(change, state, 0.0)
        assert no.value.code == "work_item.cycle"
    assert decide(block("A", "C"), state, 0.0) == [
        WorkItemBlocked("mission-1/A", "mission-1/C", BY)
    ]


def test_what_is_blocked_is_not_begun_and_says_by_what() -> None:
    blocked = facts(blocked_by=("M-1.2", "SHOP-7"))
    assert refused(StartItem(""), blocked) == (
        "work_item.blocked: M-1.1 is blocked by M-1.2, SHOP-7."
    )


@pytest.mark.parametrize("command", [StartItem(""), FinishItem(""), DropItem(""), AssignItem("")])
def test_what_its_run_decides_no_person_decides(command: Any) -> None:
    assert refused(command, facts(kind="task")).startswith("work_item.by_plan: M-1.1: ")


@pytest.mark.parametrize("word", ["done", "cancelled"])
def test_what_is_over_stays_over(word: Word) -> None:
    assert refused(DropItem(""), facts(word=word)) == f"work_item.over: M-1.1 is {word} already."


@pytest.mark.parametrize(
    "command",
    [
        EditItem("", due="31.3.2027"),
        EditItem("", due="2027-02-30"),
        EditItem("", labels=("two\nlines",)),
        EditItem("", hours=-1.0),
        EditItem("", hours=float("nan")),
    ],
)
def test_bad_input_is_refused_with_the_value(command: EditItem) -> None:
    assert refused(command, facts()).startswith("work_item.bad_input: ")


def test_a_stage_is_limited_once() -> None:
    change = Limited(LimitStage("building", 4), BY)
    state = told(change)
    assert state.limits == {"building": 4}
    assert decide(change, state, 0.0) == []
    assert decide(Limited(LimitStage("building", 0), BY), state, 0.0) == [
        StageLimited("building", 0, BY)
    ]


def test_times_add_up_over_several_stays_and_end_with_the_item() -> None:
    stays = [Stay("planned", 0.1), Stay("building", 10.3), Stay("planned", 20.7), Stay("done", 30)]
    found = {each.stage: each for each in time_in_stages(stays, 99.0, is_over=True)}
    assert (found["planned"].seconds, found["planned"].stays) == (19.5, 2)
    assert (found["building"].seconds, found["done"].seconds) == (10.4, 0.0)
    assert not any(each.is_now for each in found.values())
    running = time_in_stages(stays[:2], 12.3, is_over=False)
    assert [(each.seconds, each.is_now) for each in running] == [(10.2, False), (2.0, True)]


@pytest.mark.parametrize(
    ("standing", "around", "expected"),
    [
        (Standing("ready_to_build", 1.0, agent="a"), USUAL, "Ready to build"),
        (
            Standing("ready_to_build", 1.0, agent="a"),
            Conditions(stage="stopped"),
            "Stuck: All work is stopped",
        ),
        (Standing("building", 1.0, agent="a"), Conditions(stage="stopped"), "Building"),
        (
            Standing("planned", 1.0, failed_need="M-1.2"),
            USUAL,
            "Stuck: M-1.2 failed, and this needs it",
        ),
        (Standing("waiting", 1.0, assignee="user:bob"), USUAL, "Waiting on bob"),
        (Standing("waiting", 1.0), USUAL, "Waiting on a person"),
        (Standing("done", 1.0), USUAL, "Done"),
    ],
)
def test_a_status_is_one_of_the_words_of_all_surfaces(
    standing: Standing, around: Conditions, expected: str
) -> None:
    found = status_of_item(standing, None, around)
    assert isinstance(found, Status)
    assert label(found, WORDS) == expected
