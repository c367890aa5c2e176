"""Rounds of a task in a run: who did what, and the findings, in whichever form they come."""

from typing import Any

from missioncontrol.application.queries.task_rounds import FINDINGS_MAX, rounds_of
from missioncontrol.domain.run.events import Failure, StepFailed, StepSucceeded
from missioncontrol.domain.work import Work
from tests.domain.history import created, run_after, step

FINDING = {"message": "It rounds twice.", "path": "shop/prices.py", "line": 3}
KEYS = ("task-1/build", "task-1/inspect", "task-1#2/build", "task-1#2/review", "task-11/build")


def told(**outputs: Any) -> Any:
    """Return the rounds of task 1 where its steps handed these in, by the end of their keys."""
    events = [
        StepSucceeded(key, 1, Work(summary=f"{key} is done.", output=outputs.get(name)))
        for key in KEYS
        if (name := key.rpartition("/")[2])
    ]
    return rounds_of(run_after(created(*map(step, KEYS)), *events), 1)


def test_rounds_come_in_order_and_other_tasks_are_left_out() -> None:
    rounds = told()
    assert [(each.number, [one.name for one in each.steps]) for each in rounds] == [
        (1, ["build", "inspect"]),
        (2, ["build", "review"]),
    ]
    assert rounds[0].steps[0].says == "task-1/build is done."


def test_findings_are_told_also_where_an_agent_wraps_its_answer() -> None:
    rounds = told(
        inspect={"findings": [{**FINDING, "blocking": False, "rule": "scope"}]},
        review={"answer": {"verdict": "rework", "findings": [FINDING]}},
    )
    [noted], [blocks] = rounds[0].steps[1].findings, rounds[1].steps[1].findings
    assert (noted.blocks, noted.rule, noted.line) == (False, "scope", 3)
    assert (blocks.blocks, blocks.path) == (True, "shop/prices.py")


def test_what_is_no_finding_is_left_out_and_many_are_bounded() -> None:
    odd = [1, {"message": 2}, {"message": "So.", "path": 5, "line": "x"}]
    rounds = told(inspect={"findings": odd}, review={"findings": [FINDING] * 1_000})
    [finding] = rounds[0].steps[1].findings
    assert (finding.message, finding.path, finding.line) == ("So.", "", 0)
    assert len(rounds[1].steps[1].findings) == FINDINGS_MAX
    assert told(inspect=["findings"], review="findings")[0].steps[1].findings == []


def test_a_step_that_failed_says_why() -> None:
    failed = StepFailed("task-1/build", 1, Failure("agent.lost", "The program is gone."))
    [only] = rounds_of(run_after(created(step("task-1/build")), failed), 1)
    assert only.steps[0].says == "The program is gone."
