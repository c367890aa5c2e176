"""Work items as they stand now: joined with each other, with agents and with people's answers."""

from collections.abc import Mapping

import msgspec

from missioncontrol.application.statuses import Statuses
from missioncontrol.application.work_flow import flow_of
from missioncontrol.application.work_index import WorkIndex, WorkItem
from missioncontrol.domain.run import events as r
from missioncontrol.domain.status import USUAL, Ask, Closed, Conditions
from missioncontrol.domain.work_item import events as w
from missioncontrol.queries.board import filled, verdict_of
from missioncontrol.queries.work_item import WorkItemFilters
from tests.application.test_work_items import RUN, Log, M, on, planned

STOPPED = Conditions(closed={"surveyor": Closed("surveyor", "stopped", "On holiday", 5.0)})


def items(log: Log, around: Conditions = USUAL, index: WorkIndex | None = None) -> list[WorkItem]:
    index = index or WorkIndex()
    return list(index.items(log.board, log.tables, Statuses(log.board, around)))


def by_key(log: Log, around: Conditions = USUAL) -> Mapping[str, WorkItem]:
    return {each.id: each for each in items(log, around)}


def test_an_item_names_what_it_waits_for_and_what_waits_for_it() -> None:
    found = by_key(planned())
    assert found["M-1.1"].blocks == ("M-1.2", "M-1.3")
    assert found["M-1.2"].blocked_by == ("M-1.1",)
    assert found["M-1.2"].reason == "Blocked by M-1.1."


def test_an_item_is_stuck_where_its_agent_takes_no_steps_and_stays_in_its_column() -> None:
    found = by_key(planned(), STOPPED)["M-1.1"]
    assert (found.status, found.stage) == ("Stuck: surveyor is stopped", "ready_to_build")
    assert found.action == "mission agent start surveyor"


def test_an_item_says_for_whom_it_waits() -> None:
    log = planned().tell(*on(RUN, r.StepHeld("survey", "approval-1", "ab")))
    ask = Ask("approval", "approval-1", "survey", ("user:maya",), 7.0, "the survey")
    found = by_key(log, Conditions(asks={RUN: (ask,)}))["M-1.1"]
    assert (found.status, found.reason) == ("Waiting on maya", "Approve: the survey")


def test_items_that_changed_stand_where_all_would_if_they_were_read_anew() -> None:
    log, index = planned(), WorkIndex()
    items(log, index=index)
    for event in (
        w.WorkItemEdited(f"{M}/build", "user:ada", "urgent"),
        w.WorkItemBlocked(f"{M}/build", f"{M}/report", "user:ada"),
        w.WorkItemDropped(f"{M}/build", "user:ada"),
    ):
        log.tell(("work-items", event))
        assert items(log, index=index) == items(log)
    log.board.save()
    assert items(log, index=index) == items(log)


def test_a_list_is_of_those_that_fit_every_filter() -> None:
    found = items(planned())

    def keys(**filters: str) -> list[str]:
        wanted = msgspec.convert(filters, WorkItemFilters)
        return [each.id for each in wanted.select(found)]

    assert keys() == ["M-1.1", "M-1.2", "M-1.3"]
    assert keys(status="planned", kind="task") == ["M-1.3"]
    assert keys(assignee="none") == ["M-1.2"]
    assert keys(assignee="reviewer", epic="M-1") == ["M-1.3"]
    assert keys(text="DO SURVEY") == ["M-1.1"]
    assert keys(which="over") == []


def test_the_verdict_names_a_full_stage_before_what_is_stuck() -> None:
    stuck = items(planned(), STOPPED)
    shown = filled(stuck)
    assert "".join(verdict_of(stuck, shown.columns({}))) == (
        "1 item is stuck: surveyor is stopped."
    )
    assert "".join(verdict_of(stuck, shown.columns({"planned": 1}))) == (
        "Planned is over its limit: 2 of 1."
    )


def test_the_flow_counts_each_item_once_a_day_and_times_each_stay_that_ended() -> None:
    log = planned().tell(
        *on(RUN, r.StepStarted("survey", 1, 2, "surveyor"), r.StepSucceeded("survey", 2))
    )
    index = WorkIndex()
    items(log, STOPPED, index)
    now = log.raw[-1][0] + 60.0
    flow = flow_of(index, now)
    assert [sum(each.counts.values()) for each in flow.days] == [0] * 27 + [3]
    assert flow.days[-1].counts["done"] == 1
    times = {each.stage: (each.stays, each.p50, each.p90) for each in flow.stages}
    assert times["building"] == (1, 10.0, 10.0)
    assert times["in_review"] == (0, 0.0, 0.0)
    later = flow_of(index, now + 3 * 86_400.0)
    assert [sum(each.counts.values()) for each in later.days] == [0] * 24 + [3] * 4


def test_the_flow_names_what_items_wait_for_and_for_how_long() -> None:
    index = WorkIndex()
    found = items(planned(), STOPPED, index)
    flow = flow_of(index, found[0].since + 100.0)
    first = flow.waits[0]
    assert (first.kind, first.name, first.items, first.seconds) == (
        "agent",
        "surveyor",
        ("M-1.1",),
        100.0,
    )
    assert [(each.name, each.count) for each in flow.waits[1:]] == [("M-1.1", 2)]
