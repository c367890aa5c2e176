"""Runs of tasks: what is refused of one that is over, and of one that goes another way."""

from typing import Any, cast

import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.journal import Journal
from missioncontrol.application.repositories import REPOSITORY
from missioncontrol.application.rerun import describe_rerun
from missioncontrol.application.runs import Prepared
from missioncontrol.application.task_runs import TaskRuns
from missioncontrol.application.task_way import refuse_by_hand
from missioncontrol.domain.definition import Definition
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.commands import AdoptRepository
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Succeeded
from missioncontrol.domain.step import Slot, Step
from missioncontrol.domain.work import Work
from tests.application.parts import StandingClock, run
from tests.domain.repositories import ID, PROCESS

NOT_ASKED = cast(Any, None)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_run_of_tasks_is_not_repeated_though_a_later_one_has_carried_them_out(
    is_known: bool,
) -> None:
    journal = Journal(MemoryEventStore(), StandingClock())
    if is_known:
        journal.tell(REPOSITORY, ID, AdoptRepository(ID, "/repo", PROCESS), actor="user:ada")
    create = CreateRun(
        "run-1",
        ID.replace("repository", "tasks"),
        (Step("task-7", "workflow"),),
        1,
        inputs={"tasks": {"7": {}}},
    )
    journal.handle_run("run-1", create)
    tasks = TaskRuns(journal, NOT_ASKED, NOT_ASKED, NOT_ASKED, "root")
    asked = tasks.refuse_again(journal.runs["run-1"])
    if is_known:
        with pytest.raises(Rejected) as no:
            run(asked)
        assert "`mission task run 7 --agents" in no.value.hint
        merged = journal.runs["run-1"]
        merged.states["task-7"] = Succeeded(Work())
        assert "Each of its tasks was merged" in describe_rerun(merged)
    else:
        run(asked)  # A user's own workflow with a similar name.


MERGE = Step("merge", "merger", slots=(Slot(f"merge-{ID}"),))
ROUND = Step("task-1", "", calls="task-round@3", body=(MERGE,))
TASKS = ID.replace("repository", "tasks")


@pytest.mark.parametrize(
    ("name", "step", "is_refused"),
    [
        (TASKS, ROUND, True),
        ("task-round", MERGE, True),
        ("nightly", Step("all", "", calls=f"{TASKS}@1", body=(ROUND,)), True),
        ("nightly", Step("outer", "", calls="inner@1", body=(ROUND,)), True),
        # Workflows of users, that wait for the queue too or have similar names.
        ("release", MERGE, False),
        ("task-round", Step("merge", "merger", slots=(Slot("merge-mine"),)), False),
        ("tasks-00000000000000", MERGE, False),
    ],
)
def test_what_would_change_files_of_tasks_without_holding_them_does_not_begin(
    name: str, step: Step, is_refused: bool
) -> None:
    journal = Journal(MemoryEventStore(), StandingClock())
    journal.tell(REPOSITORY, ID, AdoptRepository(ID, "/repo", PROCESS), actor="user:ada")
    asked = refuse_by_hand(Prepared(Definition(name), (step,), {}), journal)
    if not is_refused:
        run(asked)
        return
    with pytest.raises(Rejected) as no:
        run(asked)
    assert no.value.code == "run.tasks_by_hand"
    assert "`mission task run NUMBER" in no.value.hint
