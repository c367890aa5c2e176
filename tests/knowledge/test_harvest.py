"""What a run that has ended leaves to be remembered."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain.memory import Item
from missioncontrol.domain.work import CommandRan, Finding, Work
from missioncontrol.knowledge.ended_run import EndedRun, EndedStep
from missioncontrol.knowledge.harvest import harvested
from tests.domain.plans import a_plan, a_task


def run(*steps: EndedStep, **more: Any) -> EndedRun:
    fields: dict[str, Any] = {
        "mission": "mission-1",
        "run": "run-1",
        "title": "Faster search",
        "goal": "Make search fast.",
        "repository": "/code",
        "commit": "c" * 40,
        "at": 100.0,
        "position": 50,
        "outcome": "succeeded",
        "plan": a_plan(),
        "steps": steps,
    }
    return EndedRun(**{**fields, **more})


def after_tests(status: str, **output: Any) -> EndedStep:
    results = {
        "command": ["python", "-m", "pytest"],
        "exit_code": 0,
        "status": status,
        "seconds": 4.21,
        "source": "setup.cfg:47",
        "counts": {"passed": 480, "failed": 0, "skipped": 2},
    }
    return EndedStep("tests", "succeeded", Work(output=results | output), position=26)


def only(kind: str, found: list[Item]) -> list[Item]:
    return [each for each in found if each.kind == kind]


def test_a_command_that_passes_is_remembered_with_its_figures_and_its_place() -> None:
    [item] = only("command", harvested(run(after_tests("passed"))))
    assert item.title == "`python -m pytest` passes all tests"
    assert item.text == (
        "`python -m pytest` passes at commit cccccccccccc: 480 passed, 2 skipped in 4.2 s. "
        "It stands in setup.cfg:47."
    )
    assert item.tags == ("tests", "works")
    assert item.source.words == "run-1, step tests, event 26"


def test_a_command_that_does_not_start_is_the_same_item_with_the_reason() -> None:
    [works] = only("command", harvested(run(after_tests("passed"))))
    step = after_tests("could_not_start", reason="No module named 'redis'", exit_code=4)
    finding = Finding("tester.x", "medium", "It could not start", remedy="Install redis.")
    step = msgspec.structs.replace(
        step, work=msgspec.structs.replace(step.work, findings=(finding,))
    )
    [broken] = only("command", harvested(run(step)))
    assert broken.id == works.id
    assert "No module named 'redis'" in broken.text
    assert "Install redis." in broken.text
    assert broken.tags == ("tests", "does-not-work")


def test_failing_tests_are_named_with_their_files() -> None:
    failures = [{"name": f"test_{n}", "path": "tests/test_a.py"} for n in range(7)]
    [item] = only("command", harvested(run(after_tests("failed", failures=failures, exit_code=1))))
    assert "Failing: test_0, test_1, test_2, test_3, test_4 and 2 more." in item.text
    assert item.files == ("tests/test_a.py",)


def test_a_run_that_shows_no_test_is_remembered_as_none() -> None:
    """Logs of other releases call any exit status but 0 a failure of the tests."""
    counts = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
    [item] = only("command", harvested(run(after_tests("failed", counts=counts, exit_code=2))))
    assert item.title == "`python -m pytest` could not start"
    assert "exit status 2, and nothing shows that a test ran" in item.text
    assert "failing" not in f"{item.title} {item.text}"
    assert item.tags == ("tests", "does-not-work")
    [quiet] = only("command", harvested(run(after_tests("passed", counts=counts))))
    assert quiet.title == "`python -m pytest` ends well"


def test_what_an_agent_ran_counts_only_with_exit_code_zero() -> None:
    evidence = (CommandRan(("make", "docs"), 0, 3.0), CommandRan(("make", "all"), 2, 1.0))
    step = EndedStep("docs", "succeeded", Work(evidence=evidence))
    assert [each.title for each in only("command", harvested(run(step)))] == ["`make docs` works"]


def test_decisions_are_remembered_once_the_plan_was_carried_out() -> None:
    plan = EndedStep("plan", "succeeded", position=9)
    assert only("decision", harvested(run(plan))) == []
    [item] = only("decision", harvested(run(plan, EndedStep("survey", "succeeded"))))
    assert item.text == ("Trigrams Because: Any language Gives up: Size Instead of: None.")
    assert item.tags == ("planned",)
    assert item.source.position == 9


def test_a_risk_came_true_where_a_task_that_watched_it_failed() -> None:
    failed = EndedStep("report", "failed", reason="The index has 9 GB.", code="x.y", position=30)
    found = harvested(run(failed, outcome="failed"))
    [risk] = only("risk", found)
    assert risk.title == "The index grows"
    assert risk.text == (
        "It came true in “Faster search”: task `report` failed. The index has 9 GB. "
        "What had been planned against it: Watch it"
    )
    [lesson] = only("lesson", found)
    assert lesson.title == "“Do report” failed: The index has 9 GB."


def test_a_fault_of_our_own_is_no_lesson_about_the_repository() -> None:
    failed = EndedStep("survey", "failed", reason="TypeError", code="specialist.crashed")
    assert harvested(run(failed, outcome="failed")) == []


def test_what_took_several_tries_is_a_lesson() -> None:
    step = EndedStep("survey", "succeeded", troubles=("The disk was full.",))
    [item] = only("lesson", harvested(run(step)))
    assert item.title == "“Do survey” took 2 tries"
    assert "The disk was full." in item.text


def test_a_change_is_remembered_with_the_files_that_it_touched() -> None:
    plan = a_plan(a_task("build", role="builder"))
    output = {"files": [{"path": "a.py"}, {"path": "tests/test_a.py"}]}
    step = EndedStep("build", "succeeded", Work("2 files changed.", output))
    [item] = only("lesson", harvested(run(step, plan=plan)))
    assert item.files == ("a.py", "tests/test_a.py")
    assert "`a.py`, `tests/test_a.py`" in item.text


def test_what_each_task_took_is_remembered() -> None:
    step = EndedStep("survey", "succeeded", seconds=2.5)
    [item] = only("estimate", harvested(run(step)))
    assert item.text == "`survey` took 2.5 s."


def test_documents_are_remembered_by_path_line_and_commit() -> None:
    entry = {
        "kind": "decision",
        "title": "Use tabs",
        "text": "Tabs it is.",
        "path": "docs/adr/1.md",
        "line": 7,
    }
    [item] = harvested(run(lore=(entry, {"kind": "poem"}, {})))
    assert item.source.words == "docs/adr/1.md:7 at commit cccccccccccc"


def test_the_same_run_leaves_the_same_items() -> None:
    whole = run(after_tests("passed"), EndedStep("survey", "succeeded", seconds=1.0))
    assert harvested(whole) == harvested(whole)
    ids = [each.id for each in harvested(whole)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("counts", "ending"),
    [
        ({"passed": 72, "errors": 2}, "runs, and some tests cannot be run before any change"),
        ({"passed": 0, "errors": 2}, "runs, and tests cannot be run before any change"),
        ({"passed": 72, "failed": 1, "errors": 2}, "runs, and tests fail before any change"),
    ],
)
def test_what_passed_is_not_said_to_be_unable_to_run(counts: dict[str, int], ending: str) -> None:
    [item] = only("command", harvested(run(after_tests("failed", counts=counts, exit_code=1))))
    assert item.title.endswith(ending)
