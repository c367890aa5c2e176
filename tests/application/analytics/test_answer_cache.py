"""Answers are kept as long as there is room for them."""

import msgspec

from missioncontrol.analytics.answers import FunnelAnswer
from missioncontrol.application.analytics.answer_cache import AnswerCache

ANSWER = FunnelAnswer(
    question="a", definition="funnel 1", as_of="", zone="UTC", position=1, steps=()
)
SIZE = len(msgspec.json.encode(ANSWER))


def test_those_asked_for_longest_ago_make_room() -> None:
    kept = AnswerCache(2 * SIZE)
    kept.keep((1,), ANSWER)
    kept.keep((2,), ANSWER)
    assert kept.get((1,)) is ANSWER
    kept.keep((3,), ANSWER)
    assert kept.get((2,)) is None
    assert kept.get((1,)) is ANSWER
    assert kept.get((3,)) is ANSWER


def test_an_answer_that_is_kept_again_takes_its_room_once() -> None:
    kept = AnswerCache(2 * SIZE)
    for _ in range(5):
        kept.keep((1,), ANSWER)
    kept.keep((2,), ANSWER)
    assert kept.get((1,)) is kept.get((2,)) is ANSWER


def test_what_is_larger_than_all_the_room_is_not_kept() -> None:
    kept = AnswerCache(SIZE - 1)
    kept.keep((1,), ANSWER)
    assert kept.get((1,)) is None
