"""Reviews: what comments become, and how a step is sent back in place of being approved."""

import pytest

from missioncontrol.domain import review as r
from missioncontrol.domain.approval.commands import RequestChanges, Who
from missioncontrol.domain.approval.decide import decide as decide_approval
from missioncontrol.domain.approval.events import ChangesRequested
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.finding import FINDINGS_MAX, Finding
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Repeat, Step
from tests.domain.test_approval import after as asked
from tests.domain.test_approval import ask

OF, ADA, BOB = "repository-1/7", "user:ada", "user:bob"
SHOWN = r.Shown("run-1", "task-7/inspect", 1, "ab" * 32, "return total")
LINE = r.CommentLine(OF, "Say in which unit.", SHOWN.digest, "shop/prices.py", 2)


def after(*commands: r.ReviewCommand) -> r.Review:
    state: r.Reviews | None = None
    for command in commands:
        for event in r.decide(r.Change(command, OF, ADA, SHOWN), state, 0.0):
            state = r.evolve(state, event, 1.0)
    return state.reviews[OF] if state is not None else r.Review()


def test_open_comments_become_findings_and_resolved_ones_do_not() -> None:
    review = after(LINE, LINE, r.ResolveComment(OF, 1))
    assert r.findings_of(review, " Test it. ") == (
        Finding("Say in which unit.", "shop/prices.py", 2, "return total"),
        Finding("Test it."),
    )
    assert len(after(LINE, r.ResolveComment(OF, 1), r.ReopenComment(OF, 1)).open_ones) == 1


def test_a_comment_on_a_line_that_is_gone_names_no_line_of_the_file_as_changed() -> None:
    old = r.CommentLine(OF, "Why?", SHOWN.digest, "shop/prices.py", 2, "old")
    assert after(old).comments[1].finding.line == 0


def test_what_was_sent_is_counted_and_stays_open() -> None:
    review = after(LINE, r.RequestRework(OF, SHOWN.digest))
    assert review.comments[1].sent == 1
    assert review.open_ones


def test_nothing_is_sent_without_a_word_and_no_more_than_a_builder_is_shown() -> None:
    with pytest.raises(Rejected, match="no open comment"):
        after(r.RequestRework(OF, SHOWN.digest))
    with pytest.raises(Rejected, match=f"given {FINDINGS_MAX} at once"):
        after(*[LINE] * (FINDINGS_MAX + 1), r.RequestRework(OF, SHOWN.digest))
    with pytest.raises(NotFound, match="no comment 3"):
        after(LINE, r.ResolveComment(OF, 3))


def test_the_author_of_a_run_may_send_it_back_and_change_no_inputs() -> None:
    approval, findings = asked(ask()), (Finding("Mend it."),)
    author = Who(approval.author)
    (event,) = decide_approval(
        RequestChanges(author, "1 to mend", findings=findings), approval, 1.0
    )
    assert isinstance(event, ChangesRequested)
    assert event.findings == findings
    other = RequestChanges(author, "Try it.", inputs={"argv": ["true"]})
    with pytest.raises(Rejected, match="can't decide about it"):
        decide_approval(other, approval, 1.0)


def test_a_step_is_sent_back_only_where_a_further_round_follows() -> None:
    steps = (
        Step("task", "workflow", repeat=Repeat("output.ended", 2, uncounted="output.conflicts")),
        Step("task/merge", "merger", parent="task"),
        Step("other", "merger"),
    )
    run = object.__new__(Run)
    run.steps, run.rounds = {each.key: each for each in steps}, {}
    assert [run.has_rounds(each.key) for each in steps] == [False, True, False]
    # Two rounds count, and of those that a person asks for there are two at most.
    for done, follows in ((2, True), (3, False)):
        run.rounds["task"] = done
        assert run.has_rounds("task/merge") is follows
