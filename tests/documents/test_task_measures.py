"""What is measured of tasks: what counts, what is left out, and what has no value."""

import pytest

from missioncontrol.documents.task_measures.measures import (
    Measure,
    artifacts_first,
    brief_to_plan,
    cost_per_change,
    definitions,
    duplicated_edits,
    measures,
    no_fix_up,
    review_rounds,
)
from missioncontrol.documents.task_measures.rework import Doubled, FixUps, Judged, Overlap, overlap
from missioncontrol.documents.task_measures.task_lines import (
    Carried,
    Merge,
    Review,
    TaskTimeline,
    carried,
    fold_history,
)
from missioncontrol.domain.repository import events as e
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.process import USUAL, PhaseRule, Process
from missioncontrol.domain.run.events import RunEvent, RunSettled, StepSucceeded, UsageReported
from missioncontrol.domain.work import Bill, Usage, Work
from tests.domain.repositories import ADA, BOB, ID, PROCESS, digest

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40
NOTHING = Doubled(0, 0, Overlap(frozenset(), 0), Overlap(frozenset(), 0))


def record(*kinds: TaskDocument, starts: bool = True) -> list[tuple[e.RepositoryEvent, float]]:
    """Return a task of which these documents are complete and signed; a moment for each event."""
    found: list[e.RepositoryEvent] = [
        e.RepositoryAdopted(ID, "/repo", PROCESS),
        e.RepositoryTaskAdded(ID, 1, "log-in", "Log in", ADA),
    ]
    digests: dict[TaskDocument, str] = {}
    for kind in kinds:
        filled = tuple(heading.lower() for heading in USUAL[kind].headings)
        found.append(e.TaskDocumentTaken(ID, 1, kind, 1, digest(kind), 9, e.Outline(filled), ADA))
        rests = {need: digests[need] for need in USUAL[kind].needs}
        digests[kind] = digest(kind)
        found.extend(
            e.TaskDocumentSigned(ID, 1, kind, role, digest(kind), rests, BOB)
            for role in USUAL[kind].signed_by
        )
    if starts:
        found.append(e.RepositoryTaskStarted(ID, 1, digests, BOB))
    return [(event, float(at)) for at, event in enumerate(found)]


def test_a_task_with_everything_signed_had_its_artifacts_first() -> None:
    [story] = fold_history(record("prd", "tasks", "spec", "plan")).stories
    assert (story.added_at, story.planned_at, story.begun_at) == (1.0, 10.0, 11.0)
    assert story.lacked == ()
    assert artifacts_first([story], 0.0).value == 1.0


def test_a_task_that_began_without_a_plan_is_named_with_what_it_lacked() -> None:
    [story] = fold_history(record("prd", "tasks", "spec")).stories
    found = artifacts_first([story], 0.0)
    assert (found.value, found.of) == (0.0, 1)
    assert found.cases == ("task 1: there is no plan",)


def test_a_run_begins_tasks_too_and_a_beginning_is_the_first_one() -> None:
    events = record("prd", "tasks", "spec", starts=False)
    run = e.RepositoryTasksRun(ID, "run-1", (1,), {1: ("src/**",)}, {}, "", BOB)
    plan = record("prd", "tasks", "spec", "plan")
    later = [(event, at + 20) for event, at in plan[len(events) :]]
    found = fold_history([*events, (run, 10.5), *later])
    assert found.runs == ("run-1",)
    assert (found.stories[0].begun_at, len(found.stories[0].lacked)) == (10.5, 1)
    assert found.stories[0].planned_at == 30.0


def test_a_process_without_documents_has_nothing_to_lack() -> None:
    adopted = e.RepositoryAdopted(ID, "/repo", Process({}))
    [story] = fold_history([(adopted, 0.0), *record("prd")[1:2], *record()[2:]]).stories
    found = artifacts_first([story], 0.0)
    assert (found.value, found.of, found.left_out[0].count) == (None, 0, 1)


def test_a_plan_may_come_to_hold_by_another_process() -> None:
    events = record("prd", "tasks", "spec", "plan", starts=False)[:-1]
    assert fold_history(events).stories[0].planned_at is None
    process = Process({**USUAL, "plan": PhaseRule()})
    changed = fold_history([*events, (e.ProcessChanged(ID, process), 50.0)])
    assert changed.stories[0].planned_at == 50.0


def test_plans_that_wait_are_counted_beside_the_median() -> None:
    stories = [
        TaskTimeline(1, 0.0, 60.0),
        TaskTimeline(2, 0.0, 100.0),
        TaskTimeline(3, 0.0),
        TaskTimeline(4, 0.0),
    ]
    stories[3].is_dropped = True
    found = brief_to_plan(stories, 0.0)
    assert (found.value, found.of, found.left_out[0].count) == (80.0, 2, 1)
    assert brief_to_plan(stories, 90.0).value == 100.0


def built(step: str, base: str, commit: str) -> StepSucceeded:
    return StepSucceeded(step, 1, Work(output={"base": base, "commit": commit}))


def merged(step: str, onto: str, commit: str, state: str = "merged") -> StepSucceeded:
    return StepSucceeded(step, 1, Work(output={"state": state, "onto": onto, "commit": commit}))


def test_a_run_tells_of_rounds_and_merges() -> None:
    events: list[RunEvent] = [
        built("task-1/build", ONE, TWO),
        StepSucceeded("task-1/review", 1),
        merged("task-1/merge", ONE, ONE, "returned"),
        built("task-1#2/build", TWO, THREE),
        StepSucceeded("task-1#2/inspect", 1),
        StepSucceeded("task-1#2/review", 1),
        UsageReported("task-1#2/review", 1, Usage(10, cost=5_000)),
        merged("task-1#2/merge", TWO, THREE),
        StepSucceeded("other/review", 1),
        RunSettled("succeeded"),
    ]
    found = carried("run-1", [(event, float(at)) for at, event in enumerate(events)])
    [merge] = found.merges
    assert (merge.task, merge.onto, merge.commit, merge.at) == (1, TWO, THREE, 7.0)
    assert merge.first is not None
    assert merge.first.commit == TWO
    assert [each.at for each in found.reviews] == [1.0, 4.0]
    assert (found.bill.cost, found.settled_at) == (5_000, 9.0)


@pytest.mark.parametrize(
    "output",
    [
        None,
        "merged",
        {"state": "merged"},
        {"state": "merged", "onto": "--output=x", "commit": TWO},
        {"state": "merged", "onto": ONE, "commit": ONE},
        {"state": "merged", "onto": 1, "commit": 2},
    ],
)
def test_what_an_agent_says_is_no_merge_unless_it_names_two_commits(output: object) -> None:
    found = carried("run-1", [(StepSucceeded("task-1/merge", 1, Work(output=output)), 0.0)])
    assert found.merges == ()


def a_run(name: str, cost: Bill, *tasks: int, ended: float | None = 9.0) -> Carried:
    merges = tuple(Merge(name, task, TWO, ONE, 5.0, None) for task in tasks)
    reviews = tuple(Review(task, at) for task in tasks for at in (1.0, 2.0, 7.0))
    return Carried(name, True, ended, cost, merges, reviews)


def test_reviews_count_up_to_the_merge() -> None:
    runs = [a_run("run-1", Bill(), 1, 2), a_run("run-2", Bill(), 2)]
    found = review_rounds(runs, [merge for run in runs for merge in run.merges])
    assert (found.value, found.of) == (3.0, 2)
    assert found.cases == ("task 1: 2", "task 2: 4")


def test_what_was_given_up_is_in_the_cost_and_an_unknown_price_hides_it() -> None:
    runs = [a_run("run-1", Bill(3_000_000), 1, 2), a_run("run-2", Bill(1_000_000))]
    assert cost_per_change(runs, 0.0).value == 2.0
    at_work = a_run("run-3", Bill(9_000_000), 3, ended=None)
    found = cost_per_change([*runs, at_work], 0.0)
    assert (found.value, found.left_out[0].count) == (2.0, 1)
    unknown = cost_per_change([*runs, a_run("run-4", Bill(0, 70, is_whole=False))], 0.0)
    assert unknown.value is None
    assert unknown.reason == "70 tokens of run-4 have no known price"


def test_a_line_of_two_independent_tasks_is_there_twice() -> None:
    line, short = ("a.py", "return total * exchange_rate"), ("a.py", "else:")
    added = {"1": frozenset({line, short}), "2": frozenset({line}), "3": frozenset({line})}
    assert overlap(added, {("1", "3")}).twice == {line}
    assert overlap(added, set()).twice == frozenset()
    assert overlap({"1": frozenset({short})}, set()).all_ == 0
    twice = Doubled(2, 1, overlap(added, set()), overlap(added, {("1", "2")}))
    found = duplicated_edits(twice)
    assert (found.value, found.baseline, found.of) == (0.0, 1.0, 1)


@pytest.mark.parametrize(
    "found",
    [
        *measures([], [], FixUps(()), NOTHING, since=0.0),
        no_fix_up(FixUps((), young=2)),
        duplicated_edits(Doubled(2, 0, NOTHING.merged, NOTHING.built)),
        duplicated_edits(Doubled(2, 1, NOTHING.merged, NOTHING.built)),
    ],
)
def test_there_is_no_value_of_nothing_and_the_reason_is_said(found: Measure) -> None:
    assert (found.value, found.baseline, found.of) == (None, None, 0)
    assert found.reason


def test_a_run_that_was_fixed_up_is_named() -> None:
    found = no_fix_up(FixUps((Judged("run-1", ()), Judged("run-2", ("abc rewrote 2 lines",)))))
    assert (found.value, found.cases) == (0.5, ("run-2: abc rewrote 2 lines",))


def test_every_measure_is_defined_in_full() -> None:
    found = measures([], [], FixUps(()), NOTHING, since=0.0)
    assert [each.key for each in found] == list(definitions())
    assert all(
        each.says and each.counts and each.of and each.edges for each in definitions().values()
    )
