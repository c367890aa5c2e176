"""The verdict: right for every way that a run can stand, and never kinder than the record."""

import msgspec
import pytest

from missioncontrol.documents.page import overall
from missioncontrol.documents.record import MissionRecord, PlanAttemptRecord
from missioncontrol.documents.report import outcome_sentence
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.plan import Phase
from tests.documents.records import (
    CANCELLED,
    FAILED,
    QUEUED,
    RUNNING,
    TIMES,
    Made,
    redis_plan,
    redis_run,
)

TITLE = "“Add a Redis session backend”"
HANDED_OVER = " The change itself, 4 tasks, is handed over and not done."


def without_handover(made: Made) -> MissionRecord:
    tasks = tuple(one for one in made.record.tasks if one.state != "handed_over")
    return msgspec.structs.replace(made.record, tasks=tasks)


def only_handover(made: Made) -> MissionRecord:
    tasks = tuple(one for one in made.record.tasks if one.state == "handed_over")
    return msgspec.structs.replace(made.record, tasks=tasks)


def test_groundwork_that_is_done_leaves_the_change_not_done() -> None:
    assert outcome_sentence(redis_run().record) == (
        f"{TITLE} is ready to build; the groundwork is done and checked: 8 of 12 tasks succeeded."
        + HANDED_OVER
    )


def test_a_run_without_handover_is_done() -> None:
    assert outcome_sentence(without_handover(redis_run())) == (
        f"{TITLE} is done and checked: 8 of 8 tasks succeeded."
    )


def test_success_without_checked_evidence_is_not_called_checked() -> None:
    made = redis_run()
    tasks = tuple(msgspec.structs.replace(one, checks=()) for one in made.record.tasks)
    record = msgspec.structs.replace(made.record, tasks=tasks)
    assert outcome_sentence(record) == (
        f"{TITLE} is ready to build; the groundwork is done, but not all of it checked: "
        "8 of 12 tasks succeeded, 0 with checked evidence." + HANDED_OVER
    )
    assert overall(Reading(record)) == "blocked"


def test_a_failed_run_names_what_failed_and_what_is_blocked() -> None:
    assert outcome_sentence(redis_run("failed", FAILED).record) == (
        f"The groundwork for {TITLE} is not complete: 4 of 12 tasks succeeded, 1 failed, "
        "3 are blocked." + HANDED_OVER
    )


def test_a_run_that_claims_success_with_a_task_missing_is_not_complete() -> None:
    record = redis_run("succeeded", {"review": "waiting"}).record
    assert outcome_sentence(record).startswith(
        f"The groundwork for {TITLE} is not complete: 7 of 12 tasks succeeded, 1 waits."
    )
    assert overall(Reading(record)) == "blocked"


def test_a_running_run_is_told_as_running() -> None:
    assert outcome_sentence(redis_run("running", RUNNING).record) == (
        f"{TITLE} is still running: 3 of 12 tasks have succeeded, 2 are running, 3 wait. "
        "The change itself, 4 tasks, is assigned to others and not done."
    )


def test_a_cancelled_run_tells_how_far_it_came() -> None:
    assert outcome_sentence(redis_run("cancelled", CANCELLED).record) == (
        f"{TITLE} was cancelled: 3 of 12 tasks had succeeded by then, 5 were cancelled. "
        "The change itself, 4 tasks, is not done."
    )


def test_a_queued_run_has_done_nothing() -> None:
    assert outcome_sentence(redis_run("queued", QUEUED).record) == (
        f"{TITLE} is planned and has not started: 8 local tasks wait. The change itself, 4 tasks, "
        "will be handed over and is not done."
    )


def test_a_run_with_nothing_to_do_here_says_so() -> None:
    assert outcome_sentence(only_handover(redis_run())) == (
        f"Nothing of {TITLE} could be done here: 4 tasks are handed over and not done."
    )


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("failed", "has no accepted plan after 3 attempts; nothing was done."),
        ("cancelled", "was cancelled after 3 attempts; nothing was done."),
        ("running", "has no plan yet; nothing has been done."),
    ],
)
def test_a_mission_without_a_plan_has_done_nothing(status: str, ending: str) -> None:
    tries = tuple(PlanAttemptRecord(n, "local", "refused", ("/goal: is empty",)) for n in (1, 2, 3))
    plan = msgspec.structs.replace(redis_plan(), phases=())
    record = redis_run(status, plan=plan).record
    record = msgspec.structs.replace(record, plan_attempts=tries)
    assert outcome_sentence(record) == f"{TITLE} {ending}"


def test_no_run_with_open_work_is_shown_as_green() -> None:
    for state in ("failed", "blocked", "cancelled", "running", "waiting", "handed_over"):
        for key in TIMES:
            for status in ("queued", "running", "succeeded", "failed", "cancelled"):
                record = without_handover(redis_run(status))
                tasks = tuple(
                    msgspec.structs.replace(one, state=state) if one.task.key == key else one
                    for one in record.tasks
                )
                record = msgspec.structs.replace(record, tasks=tasks)
                assert overall(Reading(record)) != "succeeded"
                assert "is done" not in outcome_sentence(record) or state == "handed_over"


def test_a_long_or_broken_title_keeps_the_sentence_in_one_line() -> None:
    record = msgspec.structs.replace(redis_run().record, title="Add\n a backend " + "x" * 300)
    sentence = outcome_sentence(record)
    assert "\n" not in sentence
    assert len(sentence) < 300


def test_a_phase_with_one_task_is_counted_in_the_singular() -> None:
    plan = redis_plan()
    last = plan.phases[3]
    phases = (*plan.phases[:3], Phase(last.key, last.title, last.purpose, last.tasks[:1]))
    sentence = outcome_sentence(redis_run(plan=msgspec.structs.replace(plan, phases=phases)).record)
    assert sentence.endswith("The change itself, 1 task, is handed over and not done.")


def test_a_goal_that_could_not_be_planned_needs_a_person() -> None:
    plan = msgspec.structs.replace(redis_plan(), phases=())
    record = redis_run("failed", plan=plan).record
    tries = (PlanAttemptRecord(1, "local", "failed", ("The planner ended without a plan.",)),)
    waiting = Reading(msgspec.structs.replace(record, plan_attempts=tries)).concerns
    assert "".join(part.text for part in waiting[0].title) == "The goal could not be planned"
    assert [part.text for part in waiting[0].items[0]] == ["The planner ended without a plan."]
