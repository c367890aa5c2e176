"""Limits of time that run, are dropped, go on, and end."""

from missioncontrol.domain.run.deadlines import Deadlines


def test_the_nearest_end_is_told_when_it_has_come_and_once() -> None:
    deadlines = Deadlines()
    assert not deadlines.running
    assert deadlines.next is None
    deadlines.begin("late", "run", 9.0)
    deadlines.begin("soon", "queue", 3.0)
    assert deadlines.next == 3.0
    assert deadlines.passed(2.9) == []
    assert deadlines.passed(3.0) == [("soon", "queue")]
    assert deadlines.passed(4.0) == []
    assert deadlines.next == 9.0
    assert deadlines.running


def test_what_was_dropped_is_never_told() -> None:
    deadlines = Deadlines()
    deadlines.begin("a", "queue", 3.0)
    deadlines.begin("a", "total", 4.0)
    deadlines.drop("a", "queue", "run")
    assert deadlines.next == 4.0
    assert deadlines.passed(5.0) == [("a", "total")]
    deadlines.drop("a", "total")
    assert not deadlines.running


def test_a_limit_that_begins_again_ends_later_and_one_that_goes_on_does_not() -> None:
    deadlines = Deadlines()
    deadlines.begin("a", "queue", 3.0)
    deadlines.begin("a", "queue", 7.0)
    deadlines.go_on("a", "total", 5.0)
    deadlines.go_on("a", "total", 8.0)
    assert deadlines.passed(6.0) == [("a", "total")]
    assert deadlines.passed(7.0) == [("a", "queue")]


def test_a_limit_that_goes_on_after_its_end_is_told_once_more() -> None:
    deadlines = Deadlines()
    deadlines.go_on("a", "total", 5.0)
    assert deadlines.passed(5.0) == [("a", "total")]
    deadlines.go_on("a", "total", 99.0)
    assert deadlines.passed(5.0) == [("a", "total")]
