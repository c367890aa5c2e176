"""The cockpit: what came of a run beside what was foreseen, and what comes next."""

import json
import re

import msgspec
import pytest

from missioncontrol.documents.cockpit.comparison import figure
from missioncontrol.documents.record import AttemptRecord, MissionRecord, TaskRecord
from missioncontrol.documents.report import report_html, report_json, report_markdown
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.estimates import Estimate
from missioncontrol.domain.work import CommandRan, FilesRead, Usage, Work
from missioncontrol.interfaces.web.mission_overview import drawn
from tests.documents.records import Made, every_kind, redis_run

SECONDS = Estimate("", "seconds", 10, 12, 15, ("run-1 (12 s)",), 9, 0.8, 20)
LINES = Estimate("", "lines", 40, 120, 300, ("0a1b Add x (2 files, 90 lines)",), 20, 0.84, 150)


def with_estimates(made: Made, *estimates: Estimate, unestimated: tuple[str, ...] = ()) -> Made:
    plan = msgspec.structs.replace(made.record.plan, estimates=estimates, unestimated=unestimated)
    return Made(msgspec.structs.replace(made.record, plan=plan), made.store)


def changed(record: MissionRecord, key: str, **fields: object) -> MissionRecord:
    tasks = tuple(
        msgspec.structs.replace(one, **fields) if one.task.key == key else one
        for one in record.tasks
    )
    return msgspec.structs.replace(record, tasks=tasks)


def first(record: MissionRecord, state: str) -> TaskRecord:
    return next(one for one in record.tasks if one.state == state)


def test_an_estimate_stands_beside_what_it_came_to() -> None:
    pit = Reading(with_estimates(redis_run(), SECONDS).record).cockpit
    (one,) = pit.compared
    assert (one.span, one.likely, one.words) == ("10.0 s to 15.0 s", "12.0 s", "12.5 s")
    assert one.is_inside
    assert one.held == "80% of 20 past cases"
    assert pit.hits == (1, 1)


def test_what_fell_outside_is_said() -> None:
    late = msgspec.structs.replace(SECONDS, low=1.0, high=2.0)
    pit = Reading(with_estimates(redis_run(), late).record).cockpit
    assert pit.compared[0].is_inside is False
    assert pit.hits == (0, 1)


def test_a_class_is_told_by_its_name_and_holds_without_an_end() -> None:
    long = Estimate("", "seconds", 11, 11, 0, held=0.65, cases=40, label="more than ten")
    (one,) = Reading(with_estimates(redis_run(), long).record).cockpit.compared
    assert (one.span, one.likely, one.is_inside) == ("more than ten", "", True)
    line = drawn(one)
    assert line.start + line.width == pytest.approx(100)
    assert line.actual == 100


def test_what_was_not_done_has_no_actual_and_is_not_judged() -> None:
    pit = Reading(with_estimates(redis_run(), LINES).record).cockpit
    (one,) = pit.compared
    assert (one.actual, one.is_inside) == (None, None)
    assert one.words == "no code was changed here"
    assert pit.hits == (0, 0)


def test_a_task_s_tries_count_together() -> None:
    record = redis_run().record
    one = next(each for each in record.tasks if each.attempts)
    key = one.task.key
    tries = (
        AttemptRecord(1, "a", 0.0, 4.0, "failed", usage=Usage(10, 0, 5, cost=3)),
        AttemptRecord(2, "a", 6.0, 9.0, "succeeded", usage=Usage(10, 0, 5, cost=4)),
    )
    plan = msgspec.structs.replace(
        record.plan,
        estimates=(
            Estimate(key, "seconds", 1, 2, 9),
            Estimate(key, "tokens", 1, 20, 50),
            Estimate(key, "cost", 1, 5, 6),
        ),
    )
    record = changed(msgspec.structs.replace(record, plan=plan), key, attempts=tries)
    found = {each.measure: each for each in Reading(record).cockpit.compared}
    assert (found["seconds"].actual, found["tokens"].actual) == (7, 30)
    assert (found["cost"].actual, found["cost"].is_inside) == (7, False)


def test_a_plan_without_estimates_says_nothing_of_them() -> None:
    made = redis_run()
    assert Reading(made.record).cockpit.compared == ()
    assert "Estimated and actual" not in report_html(made.record, made.store.read)
    assert "Estimated and actual" not in report_markdown(made.record, made.store.read)


def test_why_there_is_no_number_is_said_in_every_form() -> None:
    why = "Files and lines are not estimated: no history with an earlier change can be read."
    made = with_estimates(redis_run(), unestimated=(why,))
    assert why in report_html(made.record, made.store.read)
    assert why in report_markdown(made.record, made.store.read)
    assert json.loads(report_json(made.record))["estimates"]["unestimated"] == [why]


@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_every_task_is_either_done_or_said_not_to_be_and_why(kind: str) -> None:
    record = every_kind()[kind].record
    pit = Reading(record).cockpit
    open_tasks = [one.task.title for one in record.tasks if one.state != "succeeded"]
    unfinished = [one for one in pit.undone if one.how not in {"left out", "left open"}]
    assert [one.what for one in unfinished] == open_tasks
    assert all(one.why for one in unfinished)


def test_what_is_blocked_names_what_it_waits_for() -> None:
    record = every_kind()["failed"].record
    blocked = first(record, "blocked")
    why = next(one.why for one in Reading(record).cockpit.undone if one.what == blocked.task.title)
    titles = {one.task.key: one.task.title for one in record.tasks}
    assert any(f"“{titles[need]}”" in why for need in blocked.task.needs)


def test_files_that_were_not_read_are_told() -> None:
    record = redis_run().record
    one = first(record, "succeeded")
    work = msgspec.structs.replace(one.work, evidence=(FilesRead(10, 3, "c0ffee"),))
    undone = Reading(changed(record, one.task.key, work=work)).cockpit.undone
    assert "3 files of the repository" in {each.what for each in undone}


def test_a_failed_task_is_done_again_by_a_command() -> None:
    record = every_kind()["failed"].record
    failed = first(record, "failed")
    steps = Reading(record).cockpit.path
    assert (f"mission runs retry {record.run} {failed.task.key}",) in {
        step.commands for step in steps
    }


def test_tests_that_did_not_pass_come_before_any_change() -> None:
    record = redis_run().record
    one = next(each for each in record.tasks if each.task.role == "tester")
    ran = CommandRan(
        ("python", "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=j.xml"), 1, 2.0, ""
    )
    work = msgspec.structs.replace(one.work, evidence=(ran,))
    texts = Reading(changed(record, one.task.key, work=work)).cockpit.path
    commands = [step.commands for step in texts if "exit status 1" in step.text]
    assert commands == [("python -m pytest",)]
    assert texts[-1].commands == ("python -m pytest",)


def test_a_command_is_told_with_the_variables_that_it_was_run_with() -> None:
    record = redis_run().record
    one = next(each for each in record.tasks if each.task.role == "tester")
    ran = CommandRan(("python", "-m", "pytest", "--junitxml=j.xml"), 1, 2.0, "")
    command = {"command": ["python", "-m", "pytest"], "environment": {"PYTHONPATH": "src"}}
    work = msgspec.structs.replace(
        one.work, evidence=(ran,), output={**command, "status": "failed", "commands": [command]}
    )
    found = changed(record, one.task.key, work=work)
    assert Reading(found).cockpit.path[-1].commands == ("PYTHONPATH=src python -m pytest",)


def test_a_plan_that_was_not_carried_out_says_how_it_is() -> None:
    record = msgspec.structs.replace(every_kind()["queued"].record, status="succeeded")
    steps = Reading(record).cockpit.path
    assert steps[0].commands == (f"mission execute {record.run}",)


@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_the_forms_tell_the_same(kind: str) -> None:
    made = with_estimates(every_kind()[kind], SECONDS, LINES)
    report = json.loads(report_json(made.record))
    page = re.sub(r"<[^>]+>", "", report_html(made.record, made.store.read))
    paper = report_markdown(made.record, made.store.read)
    pit = Reading(made.record).cockpit
    assert [step["text"] for step in report["execution_path"]] == [step.text for step in pit.path]
    assert len(report["evidence"]) == len(pit.proofs)
    for one in report["estimates"]["compared"]:
        assert figure(one["measure"], one["low"]) in page
        assert figure(one["measure"], one["low"]) in paper


def test_each_task_that_was_begun_has_its_evidence_and_artifacts() -> None:
    record = redis_run().record
    pit = Reading(record).cockpit
    begun = [one for one in record.tasks if one.state == "succeeded"]
    assert [one.task for one in pit.proofs] == [one.task.key for one in begun]
    for proof, one in zip(pit.proofs, begun, strict=True):
        assert proof.checks == len(one.checks)
        assert len(proof.exhibits) == len(one.work.artifacts)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(
            "could_not_start",
            "Make this command run before anything is changed: it reached no test here.",
            id="no test was reached",
        ),
        pytest.param(
            "failed",
            "Make this command succeed before anything is changed: it ended with exit status 2.",
            id="tests failed",
        ),
    ],
)
def test_a_command_that_reached_no_test_is_not_said_to_fail(status: str, expected: str) -> None:
    ran = CommandRan(("make", "test"), 2, 0.1)
    work = Work(output={"status": status}, evidence=(ran,), summary="How it ended.")
    record = redis_run(works={"baseline": work}).record
    assert expected in [step.text for step in Reading(record).cockpit.path]
