"""The next action and the sentence of a mission: one of each for every state it can be in."""

import itertools

import msgspec
import pytest

from missioncontrol.domain.mission_action import (
    VERDICT_WORDS_MAX,
    MissionProgress,
    MissionStand,
    next_action,
    verdict,
)
from missioncontrol.domain.status import MISSION_WORDS, Ask, Status

APPROVAL = Ask("approval", "approval-2", "deploy", ("maya",), 2.0, "Deploy to production")
QUESTION = Ask("question", "question-1", "build", (), 1.0, "Round per line?")
REASON = "reviewer is stopped: it was stopped by Maya for a long and boring reason. Step a waits."
EIGHT = MissionProgress(tasks=8, done=3)


def stand(word: str, **more: object) -> MissionStand:
    return msgspec.structs.replace(MissionStand(Status(word), EIGHT), **more)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (stand("waiting", asks=(APPROVAL, QUESTION)), "answer"),  # The older one comes first.
        (stand("building", asks=(APPROVAL,)), "approve"),
        (stand("halted"), "resume"),
        (stand("halted", needs_cap=True), "raise_cap"),
        (stand("stuck", status=Status("stuck", on=("reviewer",))), "unblock"),
        (stand("failed"), "retry"),
        (stand("cancelled"), "retry"),
        (stand("planned"), "approve_plan"),
        (stand("planned", open_questions=2), "answer_plan"),
        (stand("ready_to_build"), "add_builder"),
        (stand("ready_to_build", builders=("coder",)), "build"),
        (stand("ready_to_build", builders=("coder",), has_repository=False), "scaffold"),
        (stand("ready_to_build", is_product=True, open_questions=1), "answer_plan"),
        (stand("ready_to_build", open_questions=1, builders=("coder",)), "build"),
        (stand("done"), "read"),
        (stand("done", has_change=True), "review"),
        (stand("building"), "watch"),
        (stand("planning"), "watch"),
    ],
)
def test_the_next_action_follows_from_the_state(given: MissionStand, kind: str) -> None:
    assert next_action(given).kind == kind


def test_a_cancelled_mission_asks_for_nothing_that_its_run_asked_for() -> None:
    assert next_action(stand("cancelled", asks=(APPROVAL,))).kind == "retry"


def test_the_action_names_what_it_is_about() -> None:
    assert next_action(stand("waiting", asks=(APPROVAL,))).subject == "approval-2"
    assert next_action(stand("ready_to_build", builders=("coder", "other"))).title == (
        "Build with coder"
    )


@pytest.mark.parametrize("word", MISSION_WORDS)
def test_no_sentence_has_more_than_twenty_words(word: str) -> None:
    counts = [MissionProgress(*each) for each in itertools.product((0, 1, 500), (0, 1), (0, 2))]
    for progress, reason, asks, open_ones in itertools.product(
        counts, ("", REASON), ((), (APPROVAL,) * 3), (0, 1, 12)
    ):
        given = MissionStand(Status(word, reason), progress, asks, open_ones)
        key, rest = verdict(given)
        assert key
        assert len(f"{key} {rest}".split()) <= VERDICT_WORDS_MAX


def test_the_sentence_counts_what_is_done() -> None:
    assert verdict(stand("building", progress=MissionProgress(8, 3, working=2))) == (
        "3 of 8 tasks are done.",
        "2 are in progress.",
    )
    assert verdict(stand("ready_to_build"))[1] == "5 tasks are ready to build."
    assert verdict(stand("done", progress=MissionProgress(8, 8)))[0] == "All 8 tasks are done."
    assert verdict(stand("stuck", status=Status("stuck", REASON)))[1].startswith("reviewer is stop")
