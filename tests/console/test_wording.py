"""What pages say in words of people, where the record has names of its own."""

import pytest

from missioncontrol.interfaces.web.formats import ahead, own_run, wording
from missioncontrol.interfaces.web.pages.schedules import _active


def test_what_was_asked_for_is_written_as_people_write_it() -> None:
    assert wording("BeginMission") == "Begin mission"
    assert wording("Stop") == "Stop"


def test_a_run_is_not_named_by_its_id_on_its_own_page() -> None:
    message = "Halted: Run 'run-1' may need more than the cap of run 'run-1' leaves run 'run-2'."
    assert own_run(message, "run-1") == (
        "Halted: This run may need more than the cap of this run leaves run 'run-2'."
    )


@pytest.mark.parametrize(
    ("active", "known", "expected"),
    [
        (1, 1, "1 active schedule"),
        (0, 1, "No active schedule"),
        (0, 2, "None of 2 schedules is active"),
        (1, 2, "1 of 2 schedules is active"),
        (2, 2, "2 of 2 schedules are active"),
    ],
)
def test_schedules_are_counted_in_a_sentence(active: int, known: int, expected: str) -> None:
    assert _active(active, known) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3 * 86_400 - 60, "3 d"),
        (2.5 * 86_400, "2 d"),
        (3_599, "1 h"),
        (3_300, "55 min"),
        (59, "1 min"),
        (12, "12 s"),
    ],
)
def test_what_has_just_begun_to_run_down_is_still_whole(seconds: float, words: str) -> None:
    assert ahead(seconds) == words
