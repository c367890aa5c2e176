"""Answers are cached as long as there is room for them."""

import msgspec

from missioncontrol.analytics.answers import FunnelAnswer
from missioncontrol.application.analytics.answer_cache import AnswerCache

ANSWER = FunnelAnswer(
    question="a", definition="funnel 1", as_of="", zone="UTC", position=1, steps=()
)
SIZE = len(msgspec.json.encode(ANSWER))


def test_those_asked_for_longest_ago_make_room() -> None:
    cache = AnswerCache(2 * SIZE)
    cache.keep((1,), ANSWER)
    cache.keep((2,), ANSWER)
    assert cache.get((1,)) is ANSWER
    cache.keep((3,), ANSWER)
    assert cache.get((2,)) is None
    assert cache.get((1,)) is ANSWER
    assert cache.get((3,)) is ANSWER


def test_an_answer_that_is_kept_again_takes_its_room_once() -> None:
    cache = AnswerCache(2 * SIZE)
    for _ in range(5):
        cache.keep((1,), ANSWER)
    cache.keep((2,), ANSWER)
    assert cache.get((1,)) is cache.get((2,)) is ANSWER


def test_what_is_larger_than_all_the_room_is_not_kept() -> None:
    cache = AnswerCache(SIZE - 1)
    cache.keep((1,), ANSWER)
    assert cache.get((1,)) is None
