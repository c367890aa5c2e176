"""The messages to a user who watches a run of a workflow, event by event."""

from missioncontrol.application.journal import Entry
from missioncontrol.cli.progress_log import Milestone, ProgressLog
from missioncontrol.domain.register import Event
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Work

STEPS = (
    Step("split", "command"),
    Step("check", "command", needs=("split",), for_each="${{ [1, 2] }}", on_failure="continue"),
    Step("flaky", "command", on_failure="continue"),
    Step("ship", "command", needs=("split",)),
    Step("after", "command", needs=("ship",)),
)
CREATED = r.RunCreated("run-1", "checks", STEPS, 4)
ITEMS = tuple(Step(f"check[{index}]", "command", parent="check", index=index) for index in (0, 1))


def told(*events: Event) -> tuple[ProgressLog, list[Milestone]]:
    story = ProgressLog("")
    lines: list[Milestone] = []
    for position, event in enumerate((CREATED, *events), start=1):
        lines.extend(story.take(Entry("run-1", event, position * 1_000_000, position)))
    return story, lines


def failed(step: str, code: str = "command.failed") -> r.StepFailed:
    return r.StepFailed(step, 1, r.Failure(code, "It ended with 3."))


def test_a_line_names_the_step_with_its_item_first_and_its_agent_second() -> None:
    begun = r.StepStarted("check[1]", 1, 1, "command")
    done = r.StepSucceeded("check[1]", 1, Work("One found."))
    _, lines = told(r.StepExpanded("check", ITEMS), begun, done)
    assert lines == [Milestone("ok", "check[1]", "command · One found.")]


def test_a_skipped_step_gets_a_line_with_its_reason() -> None:
    _, lines = told(r.StepSkipped("ship", "Its condition does not hold: a"))
    assert lines == [Milestone("skip", "ship", "skipped: Its condition does not hold: a")]


def test_a_failure_that_the_workflow_goes_on_from_does_not_look_like_one_that_ends_it() -> None:
    story, (gone, bad) = told(failed("flaky"), failed("ship"))
    assert gone == Milestone("gone", "flaky", "It ended with 3. (the run goes on)")
    assert bad == Milestone("bad", "ship", "It ended with 3.")
    assert dict(story.phases())["flaky"] == "gone on from"
    assert dict(story.phases())["ship"] == "failed"


def test_an_item_of_a_step_that_may_fail_may_fail_too_but_a_no_stays_a_no() -> None:
    expanded = r.StepExpanded("check", ITEMS)
    _, lines = told(expanded, failed("check[0]"), failed("check[1]", "approval.rejected"))
    assert [line.mark for line in lines] == ["gone", "bad"]


def test_a_held_step_says_where_to_look() -> None:
    _, (line,) = told(r.StepHeld("ship", "approval-1", "aa"))
    assert line.text == "waits for a person: mission approvals show approval-1"


def test_blocked_steps_are_named_in_the_order_of_the_file() -> None:
    _, lines = told(failed("split"), r.StepsBlocked("split", ("after", "ship", "check")))
    assert lines[-1].text == "check, ship, after: blocked, because split failed"


def test_many_blocked_steps_are_counted_and_not_all_named() -> None:
    many = tuple(f"step{number}" for number in range(1_000))
    _, (line,) = told(r.StepsBlocked("split", many))
    assert line.text.endswith("and 992 more: blocked, because split failed")


def test_a_round_that_is_followed_by_another_is_told() -> None:
    _, (line,) = told(r.StepRepeated("split", 1, 2, Work("Still red.")))
    assert line == Milestone("live", "split", "round 2 done, and once more: Still red.")


def test_only_the_steps_of_the_workflow_itself_are_counted() -> None:
    done = (r.StepSucceeded("split", 1), r.StepSucceeded("check[0]", 2))
    story, _ = told(r.StepExpanded("check", ITEMS), *done)
    assert story.counts() == (1, len(STEPS))
