"""Work items follow from the events of missions, runs, repositories, questions and alerts."""

from collections.abc import Iterable
from typing import Any

from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.domain import mission as m
from missioncontrol.domain import question as q
from missioncontrol.domain import work
from missioncontrol.domain.repository import events as p
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.domain.work_item import events as w
from missioncontrol.domain.work_item.stages import time_in_stages
from missioncontrol.projections.run_index import Board
from missioncontrol.projections.work_rows import STAYS_MAX, WorkRow, move, stage_of
from tests.domain.plans import a_plan, a_task
from tests.domain.repositories import ADA, BOB, ID, PROCESS, signed, written

M, RUN = "mission-1", "run-1"
PLAN = a_plan(
    a_task("survey"),
    a_task("build", role="builder", needs=("survey",)),
    a_task("report", role="reviewer", needs=("survey",)),
)
STEPS = (
    Step("survey", "surveyor", needs=("plan",)),
    Step("report", "reviewer", needs=("plan", "survey"), runs_after="any"),
)
Told = tuple[str, Any]


class Log:
    """A board that events are folded into, each ten seconds after the one before."""

    def __init__(self) -> None:
        self.tables = MemoryReadTables()
        self.board = Board(self.tables)
        self.raw: list[tuple[float, str, Any]] = []

    def tell(self, *events: Told) -> "Log":
        for stream, event in events:
            at = 1_790_000_000.25 + 10 * len(self.raw)
            self.raw.append((at, stream, event))
            self.board.apply(stream, event, at, len(self.raw))
        return self

    def item(self, id_: str) -> WorkRow:
        found = self.board.work.item(id_)
        assert found is not None
        return found

    def words(self) -> dict[str, str]:
        keys = ("survey", "build", "report")
        return {key: self.item(f"{M}/{key}").word for key in keys}


def on(stream: str, *events: Any) -> Iterable[Told]:
    return [(stream, event) for event in events]


def planned() -> Log:
    """Return a log in which a mission is planned and its tasks are steps."""
    plan = Step("plan", "planner")
    return Log().tell(
        (M, m.MissionCreated(M, "Faster search", "Make it fast.", "/srv/shop")),
        (RUN, r.RunCreated(RUN, "mission", (plan,), 4, mission=M)),
        (M, m.MissionStarted(RUN)),
        (RUN, r.StepStarted("plan", 1, 1, "planner")),
        (RUN, r.StepsAdded("plan", STEPS)),
        (M, m.PlanAccepted(RUN, PLAN)),
        (RUN, r.StepSucceeded("plan", 1)),
    )


def test_a_task_goes_through_its_stages_by_the_events_of_its_run() -> None:
    log = planned()
    assert log.words() == {"survey": "ready_to_build", "build": "planned", "report": "planned"}
    log.tell(*on(RUN, r.StepStarted("survey", 1, 2, "surveyor")))
    assert log.words()["survey"] == "building"
    tests = Work(evidence=(work.TestsRan("", 7, 1, 0, 0),))
    log.tell(*on(RUN, r.StepSucceeded("survey", 2, tests)))
    assert log.words() == {
        "survey": "done",
        "build": "ready_to_build",
        "report": "ready_to_build",
    }
    assert (log.item(f"{M}/survey").passed, log.item(f"{M}/survey").failed) == (7, 1)
    log.tell(*on(RUN, r.StepStarted("report", 1, 3, "reviewer")))
    assert stage_of(log.item(f"{M}/report")) == "in_review"
    usage = r.UsageReported("report", 3, Usage(cost=1_500))
    log.tell(*on(RUN, usage, r.StepFailed("report", 3, r.Failure("x", "It broke."))))
    report = log.item(f"{M}/report")
    assert (report.word, stage_of(report), report.reason) == ("failed", "in_review", "It broke.")
    assert (report.cost, report.worked) == (1_500, 20.0)


def test_keys_are_short_and_follow_the_order_of_the_log() -> None:
    log = planned()
    assert [log.item(f"{M}/{key}").key for key in ("survey", "build", "report")] == [
        "M-1.1",
        "M-1.2",
        "M-1.3",
    ]


def test_a_failed_need_is_named_by_what_waits_for_it() -> None:
    log = planned().tell(
        *on(
            RUN,
            r.StepStarted("survey", 1, 2, "surveyor"),
            r.StepFailed("survey", 2, r.Failure("x", "It broke.")),
            r.StepsBlocked("survey", ("report",)),
        )
    )
    assert log.item(f"{M}/report").failed_need == f"{M}/survey"


def test_approvals_and_questions_make_an_item_wait_and_their_answers_let_it_go_on() -> None:
    asked = q.QuestionAsked("question-1", RUN, "survey", "Which index?", {}, {})
    log = planned().tell(
        *on(RUN, r.StepHeld("survey", "approval-1", "ab")),
    )
    assert log.words()["survey"] == "waiting"
    log.tell(
        (RUN, r.StepReleased("survey", "approval-1", "ab")),
        (RUN, r.StepStarted("survey", 1, 2, "surveyor")),
        ("question-1", asked),
    )
    assert log.words()["survey"] == "waiting"
    log.tell(("question-1", q.QuestionAnswered("user:bob", "B-tree")))
    assert log.words()["survey"] == "building"


def test_a_question_of_other_work_is_an_item_of_its_own() -> None:
    log = Log().tell(
        ("run-9", r.RunCreated("run-9", "release", (Step("ask", "maya"),), 1)),
        ("question-9", q.QuestionAsked("question-9", "run-9", "ask", "Sign the release", {}, {})),
    )
    item = log.item("question-9")
    assert (item.key, item.kind, item.word) == ("Q-1", "question", "waiting")
    log.tell(("question-9", q.QuestionAnswered("maya", True)))
    assert (item.word, item.assignee) == ("done", "user:maya")


def test_a_person_starts_and_finishes_a_task_that_no_agent_has() -> None:
    build = f"{M}/build"
    log = planned().tell(*on(RUN, r.StepStarted("survey", 1, 2, "a"), r.StepSucceeded("survey", 2)))
    log.tell(("work-items", w.WorkItemAssigned(build, "user:bob", "user:ada")))
    assert log.item(build).word == "waiting"
    log.tell(("work-items", w.WorkItemStarted(build, "user:bob")))
    assert log.item(build).word == "building"
    log.tell(("work-items", w.WorkItemFinished(build, "user:ada", "Looked at.")))
    assert (log.item(build).word, stage_of(log.item(build))) == ("done", "done")


def test_an_item_waits_for_another_as_long_as_people_say_so() -> None:
    log = planned().tell(*on(RUN, r.StepStarted("survey", 1, 2, "a"), r.StepSucceeded("survey", 2)))
    build, report = f"{M}/build", f"{M}/report"
    log.tell(("work-items", w.WorkItemBlocked(build, report, "user:ada")))
    assert log.item(build).word == "planned"
    log.tell(*on(RUN, r.StepStarted("report", 1, 3, "reviewer"), r.StepSucceeded("report", 3)))
    assert log.item(build).word == "ready_to_build"


def test_a_halted_run_waits_and_goes_on_when_it_is_resumed() -> None:
    log = planned().tell(*on(RUN, r.RunHalted("budget.exceeded", "It costs too much.")))
    assert log.words()["survey"] == "waiting"
    log.tell(*on(RUN, r.RunResumed()))
    assert log.words()["survey"] == "ready_to_build"


def test_a_newer_plan_takes_tasks_away_and_keeps_the_keys_of_others() -> None:
    log = planned()
    newer = a_plan(a_task("survey"), a_task("measure"))
    log.tell((M, m.PlanAccepted(RUN, newer)))
    assert log.item(f"{M}/build").is_gone
    assert [log.item(f"{M}/{key}").key for key in ("survey", "measure")] == ["M-1.1", "M-1.4"]


def test_a_task_of_a_repository_is_ready_when_its_gate_holds_and_is_reviewed_after_its_run() -> (
    None
):
    """The events of the domain's own examples: written, then signed by another person."""
    state = written()
    log = Log().tell((ID, p.RepositoryAdopted(ID, "/srv/shop", PROCESS)))
    task = state.tasks[1]
    log.tell((ID, p.RepositoryTaskAdded(ID, 1, task.slug, task.title, ADA)))
    for kind, document in task.documents.items():
        log.tell(
            (
                ID,
                p.TaskDocumentTaken(ID, 1, kind, 1, document.digest, 9, document.outline, ADA),
            )
        )
    item = log.item(f"{ID}/1")
    assert (item.key, item.word) == ("SHOP-1", "planned")
    assert item.gates[0] == "prd has no signature for product"
    for kind, document in signed(state).tasks[1].documents.items():
        for role, given in document.signatures.items():
            log.tell(
                (
                    ID,
                    p.TaskDocumentSigned(ID, 1, kind, role, given.digest, given.rests_on, BOB),
                )
            )
    assert (item.word, item.gates) == ("ready_to_build", ())
    log.tell(
        (ID, p.RepositoryTaskStarted(ID, 1, {}, ADA)),
        ("run-2", r.RunCreated("run-2", "tasks-0123456789abcd", (), 1)),
        (
            ID,
            p.RepositoryTasksRun(
                ID, "run-2", (1,), {1: ("src/**",)}, {"builder": "coder"}, "", ADA
            ),
        ),
        ("run-2", r.StepStarted("task-1/build", 1, 1, "coder")),
    )
    assert (item.word, item.agent) == ("building", "coder")
    log.tell(("run-2", r.StepStarted("task-1/inspect", 1, 2, "inspector")))
    assert stage_of(item) == "in_review"
    log.tell(("run-2", r.StepHeld("task-1/merge", "approval-1", "ab")))
    assert stage_of(item) == "waiting"
    log.tell(
        ("run-2", r.StepReleased("task-1/merge", "approval-1", "ab")),
        ("run-2", r.StepSucceeded("task-1", 0)),
        ("run-2", r.RunSettled("succeeded")),
    )
    assert stage_of(item) == "in_review"
    log.tell((ID, p.RepositoryTaskDone(ID, 1, {}, BOB)))
    assert stage_of(item) == "done"


def test_the_time_in_each_stage_is_that_between_the_raw_events() -> None:
    """Computed a second time from the log alone: who began when, and what came next."""
    log = planned().tell(
        *on(
            RUN,
            r.StepHeld("survey", "approval-1", "ab"),
            r.StepReleased("survey", "approval-1", "ab"),
            r.StepStarted("survey", 1, 2, "surveyor"),
            r.AttemptInterrupted("survey", 2, "The engine ended."),
            r.StepStarted("survey", 1, 3, "surveyor"),
            r.StepSucceeded("survey", 3),
        )
    )
    opens: dict[type, str] = {
        m.PlanAccepted: "planned",
        r.StepHeld: "waiting",
        r.StepReleased: "ready_to_build",
        r.StepStarted: "building",
        r.AttemptInterrupted: "ready_to_build",
    }
    expected: dict[str, float] = {}
    stage, since = "", 0.0
    for at, _, event in log.raw:
        is_plan = getattr(event, "step", "survey") == "plan"
        new = "ready_to_build" if is_plan and isinstance(event, r.StepSucceeded) else ""
        if not is_plan:
            new = "done" if isinstance(event, r.StepSucceeded) else opens.get(type(event), "")
        if new:
            if stage:
                expected[stage] = expected.get(stage, 0.0) + at - since
            stage, since = new, at
    item = log.item(f"{M}/survey")
    found = time_in_stages(item.stays, log.raw[-1][0] + 99, is_over=True)
    assert {each.stage: each.seconds for each in found if each.seconds} == expected
    assert expected == {"planned": 10.0, "ready_to_build": 30.0, "waiting": 10.0, "building": 20.0}


def test_rows_that_were_saved_in_between_are_the_same() -> None:
    events = [(stream, event) for _, stream, event in planned().raw]
    more = on(RUN, r.StepStarted("survey", 1, 2, "a"), r.StepSucceeded("survey", 2))
    log, saved = Log().tell(*events, *more), Log()
    for each in (*events, *more):
        saved.tell(each)
        saved.board.save()
    assert [saved.item(f"{M}/{k}") for k in ("survey", "build", "report")] == [
        log.item(f"{M}/{k}") for k in ("survey", "build", "report")
    ]
    names = {row.id for row in saved.tables.changed_listed("work_item", after=len(events) + 1)}
    assert f"{M}/survey" in names


def test_the_time_of_stays_that_are_no_longer_named_is_not_lost() -> None:
    row = WorkRow("a", "A-1", "alert", "", 0.0)
    for at in range(2 * STAYS_MAX):
        move(row, ("building", "in_review")[at % 2], "building", float(at))
    assert len(row.stays) == STAYS_MAX
    found = time_in_stages(row.stays, 2.0 * STAYS_MAX, is_over=False, past=row.past)
    assert [each.seconds for each in found] == [STAYS_MAX, STAYS_MAX]
