"""Files and lines of a plan, from the history of its repository."""

import random

import msgspec
import pytest

from missioncontrol.domain.plan import Phase, Plan, Requirement, Task
from missioncontrol.specialists.estimating import changes as told_of
from missioncontrol.specialists.estimating.changes import (
    REQUIREMENTS_MAX,
    Calibration,
    estimate_files,
    from_changes,
)
from missioncontrol.specialists.estimating.past import Ask, Changes, PastChange, Piece
from missioncontrol.specialists.estimating.ranges import CASES_MIN
from missioncontrol.specialists.estimating.sizes import BEFORE_MIN, SizeEstimates
from missioncontrol.specialists.planner.markdown import markdown

GOAL = "Mend the session cookie"


def change(number: int, files: int, lines: int | None = 4, subject: str = GOAL) -> PastChange:
    pieces = tuple(Piece(f"m{n}.py", lines) for n in range(files))
    return PastChange(f"{number:040x}", Ask(subject), pieces)


def history(*files: int, lines: int | None = 4) -> Changes:
    return Changes(change(number, each, lines) for number, each in enumerate(files))


def plan(requirements: int = 1, role: str = "builder", goal: str = GOAL) -> Plan:
    asked = tuple(Requirement(f"R{n}", goal) for n in range(1, requirements + 1))
    tasks = tuple(
        Task(f"t{n}", "t", "d", role, acceptance=("a",), requirements=(f"R{n}",))  # type: ignore[arg-type]
        for n in range(1, requirements + 1)
    )
    return Plan(goal, "title", "s", (), (), (Phase("p", "P", "p", tasks),), asked)


def test_a_plan_tells_the_range_how_it_held_and_the_changes_most_like_it() -> None:
    files, lines = from_changes(plan(), history(*[1, 2] * 60)).estimates
    assert (files.measure, files.low, files.high) == ("files", 1, 2)
    assert (files.held, files.cases) == (1.0, 100)
    assert files.basis[0] == "0000000000 Mend the session cookie (1 file, 4 lines)"
    assert (lines.measure, lines.label) == ("lines", "a few lines (up to 10)")


def test_what_is_told_of_the_share_that_held_comes_from_the_range_that_is_told() -> None:
    chance = random.Random(1)
    changes = history(*[1 + min(9, round(chance.lognormvariate(0.3, 0.8))) for _ in range(200)])
    foresight = SizeEstimates(changes, "files")
    (files, *_) = from_changes(plan(), changes).estimates
    inside = 0
    for number, each in enumerate(changes.all[: files.cases]):
        # As if the change were the goal, and the repository ended before it.
        before = SizeEstimates(Changes(changes.all[number + 1 :]), "files")
        likely = estimate_files(before, each.ask)
        assert likely is not None
        assert likely == estimate_files(foresight, each.ask, before=number)
        inside += likely.low <= each.files <= likely.high
    assert files.held == inside / files.cases


def test_a_range_that_is_too_wide_is_not_told_but_why() -> None:
    chance = random.Random(2)
    changes = Changes(
        change(n, chance.choice([1, 1, 14, 15]), subject=f"{GOAL} {n}") for n in range(120)
    )
    found = from_changes(plan(), changes)
    assert [each.measure for each in found.estimates if each.measure == "files"] == []
    (why,) = found.unestimated
    assert why.startswith("Files are not estimated: ")


def test_a_range_that_did_not_hold_here_is_not_told_but_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told_of, "calibrated", lambda _foresight: Calibration(69, 100))
    found = from_changes(plan(), history(*[1, 2] * 60))
    assert "files" not in {each.measure for each in found.estimates}
    (why,) = found.unestimated
    assert why == (
        "Files are not estimated: such ranges held only 69 of the newest 100 changes here."
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (0, "no history with an earlier change of code can be read"),
        (1, "1 past change is comparable with a goal, and 40 are needed"),
        (39, "39 past changes are comparable with a goal, and 40 are needed"),
    ],
)
def test_a_short_history_gives_no_number_but_a_reason(changes: int, why: str) -> None:
    found = from_changes(plan(), history(*[1] * changes))
    assert found.estimates == ()
    assert found.unestimated == (f"Files and lines are not estimated: {why}.",)


def test_as_many_changes_as_are_needed_are_enough() -> None:
    assert from_changes(plan(), history(*[1] * (BEFORE_MIN + CASES_MIN))).estimates


def test_a_goal_of_many_things_is_like_no_past_change() -> None:
    found = from_changes(plan(REQUIREMENTS_MAX + 1), history(*[1] * 100))
    assert found.estimates == ()
    assert "asks for 6 things" in found.unestimated[0]


def test_a_plan_that_changes_no_code_has_nothing_to_estimate() -> None:
    found = from_changes(plan(role="surveyor"), history(*[1] * 100))
    assert not found.estimates
    assert not found.unestimated


def test_no_class_of_lines_is_told_where_none_is_likely() -> None:
    chance = random.Random(5)
    mixed = Changes(change(n, 1, chance.choice([5, 50, 500])) for n in range(150))
    assert [each.measure for each in from_changes(plan(), mixed).estimates] == ["files"]


def test_a_class_of_large_changes_has_no_end() -> None:
    found = from_changes(plan(), history(*[2] * 100, lines=5_000))
    lines = found.estimates[1]
    assert (lines.label, lines.low) == ("more than two screens (over 100 lines)", 101)
    assert lines.holds(1e6)
    assert not lines.holds(100)


def test_the_label_of_a_message_and_its_first_word_tell_how_it_is_done() -> None:
    terms = Ask.of("feat(web): Adds a cache\n\nIt is slow. Fixes #3").terms
    assert {"@feat", "#web", "^add"} <= terms.keys()
    assert Ask.of("Adds a cache (#12)\n\nIt is slow.") == Ask("Adds a cache", 3)


def test_the_same_history_gives_the_same_estimates() -> None:
    changes = [1, 2, 3, 5, 8] * 20
    assert from_changes(plan(), history(*changes)) == from_changes(plan(), history(*changes))


def test_a_plan_in_words_tells_estimates_and_once_why_there_is_none() -> None:
    whole = plan()
    found = from_changes(whole, history(*[1, 2] * 60))
    text = markdown(
        msgspec.structs.replace(whole, estimates=found.estimates, unestimated=("No runs.",))
    )
    assert "- Files: 1 to 2, likely 1; such ranges held 100% of 100 past cases" in text
    assert "- Lines: a few lines (up to 10); such a class was right in 100% of" in text
    assert text.count("- No runs.") == 1
