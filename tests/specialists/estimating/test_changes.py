"""Files and lines of a plan, from the history of its repository."""

import random

import pytest

from missioncontrol.domain.foresight import Likely, LikelyFile
from missioncontrol.domain.plan import Phase, Plan, Requirement, Task
from missioncontrol.specialists.estimating.calibration import CASES_MIN, calibrated
from missioncontrol.specialists.estimating.changes import from_changes
from missioncontrol.specialists.estimating.past import (
    BULK,
    ENOUGH,
    Ask,
    Changes,
    PastChange,
    Piece,
)

ABOUT = ("session cookie", "url routing", "template filter", "config file")


def change(number: int, subject: str, *lines: int, where: str = "src/app.py") -> PastChange:
    """Return a commit that changed as many files as there are lines."""
    pieces = tuple(Piece(where if n == 0 else f"src/m{n}.py", each) for n, each in enumerate(lines))
    return PastChange(f"{number:040x}", 1_000_000.0 - number, subject, pieces)


def task(key: str, *requirements: str, scope: tuple[str, ...] = ()) -> Task:
    return Task(key, key, "d", "builder", acceptance=("a",), requirements=requirements, scope=scope)


def plan(*texts: str, tasks: tuple[Task, ...] = (), likely: tuple[Likely, ...] = ()) -> Plan:
    requirements = tuple(Requirement(f"R{n}", text) for n, text in enumerate(texts, 1))
    made = tasks or tuple(task(f"t{n}", f"R{n}") for n, _ in enumerate(texts, 1))
    phases = (Phase("build", "Build", "p", made),)
    return Plan("goal", "title", "s", (), (), phases, requirements, likely=likely)


def history(count: int, seed: int = 1) -> list[PastChange]:
    """Return changes whose size hangs on what they are about."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        kind = chance.randrange(len(ABOUT))
        files = 1 + round(chance.lognormvariate(kind * 0.6, 0.5))
        lines = [max(1, round(chance.lognormvariate(2 + kind, 0.7))) for _ in range(files)]
        found.append(change(number, f"Change the {ABOUT[kind]} again", *lines))
    return found


def test_an_estimate_comes_from_the_changes_most_like_what_is_asked() -> None:
    small = [change(n, "Fix the session cookie", 4, 6) for n in range(8)]
    large = [change(100 + n, "Move templates about", *[50] * 30) for n in range(8)]
    found = from_changes(plan("Fix a session cookie"), Changes([*small, *large]))
    files, lines = found.estimates
    assert (files.measure, files.low, files.likely, files.high) == ("files", 2, 2, 2)
    assert (lines.measure, lines.low, lines.likely, lines.high) == ("lines", 10, 10, 10)
    assert files.comparables == 8
    assert files.basis[0] == "0000000000 Fix the session cookie (2 files, 10 lines)"


def test_likely_files_make_a_change_comparable_that_says_other_words() -> None:
    by_words = [change(n, "Session cookie", 1) for n in range(6)]
    by_place = [change(50 + n, "Tidy up", 900, where="src/sessions.py") for n in range(20)]
    file = LikelyFile("src/sessions.py", 1.0, ())
    ask = Ask("Session", {file.path: file.share})
    changes = Changes([*by_words, *by_place])
    assert {each.subject for each in changes.like(ask)} == {"Session cookie", "Tidy up"}
    assert {each.subject for each in changes.like(Ask("Session"))} == {"Session cookie"}


def test_without_enough_comparable_changes_there_is_no_number_but_a_reason() -> None:
    few = [change(n, "Fix the session cookie", 4) for n in range(ENOUGH - 1)]
    others = [change(50 + n, "Write about routing", 4) for n in range(20)]
    found = from_changes(plan("Fix a session cookie"), Changes([*few, *others]))
    assert found.estimates == ()
    (why,) = found.unestimated
    assert why.startswith("Files and lines of R1 are not estimated: of 24 past changes 4 are like")


def test_without_a_history_that_is_said() -> None:
    found = from_changes(plan("Fix a session cookie"), Changes(()))
    assert found.estimates == ()
    assert "no history" in found.unestimated[0]


def test_a_plan_that_changes_no_code_has_nothing_to_estimate() -> None:
    read = Task("t", "t", "d", "surveyor", acceptance=("a",), requirements=("R1",))
    found = from_changes(plan("Explain sessions", tasks=(read,)), Changes(history(50)))
    assert not found.estimates
    assert not found.unestimated


def test_lines_are_left_out_where_they_were_not_counted() -> None:
    uncounted = [
        PastChange(f"{n:040x}", 1.0, "Fix the session cookie", (Piece("a.py", None),))
        for n in range(9)
    ]
    found = from_changes(plan("Fix a session cookie"), Changes(uncounted))
    assert [each.measure for each in found.estimates] == ["files"]


def test_two_requirements_add_up() -> None:
    changes = Changes(
        [change(n, "Fix the session cookie", 10) for n in range(9)]
        + [change(50 + n, "Sort url routing", 5, 5) for n in range(9)]
    )
    found = from_changes(plan("Fix a session cookie", "Sort the url routing"), changes)
    lines = next(each for each in found.estimates if each.measure == "lines")
    assert (lines.low, lines.likely, lines.high) == (20, 20, 20)


def test_a_task_is_estimated_from_what_comparable_changes_did_to_files_of_its_kind() -> None:
    pieces = (Piece("src/app.py", 40), Piece("tests/test_app.py", 70), Piece("README.md", 2))
    changes = Changes(
        PastChange(f"{n:040x}", 1.0, "Fix the session cookie", pieces) for n in range(9)
    )
    tasks = (task("code", "R1", scope=("src/x.py",)), task("tell", "R1", scope=("NEWS.md",)))
    found = from_changes(plan("Fix a session cookie", tasks=tasks), changes)
    likely = {(each.task, each.measure): each.likely for each in found.estimates}
    assert likely["code", "lines"] == 40
    assert likely["tell", "lines"] == 2
    assert likely["", "lines"] == 112


def test_a_change_by_tools_is_no_comparison() -> None:
    bulk = [change(n, "Format the session cookie", *[1] * (BULK + 1)) for n in range(9)]
    assert Changes(bulk).like(Ask("session cookie")) == []


@pytest.mark.parametrize("seed", range(3))
def test_walking_the_history_tells_how_often_such_ranges_held(seed: int) -> None:
    how = calibrated(Changes(history(500, seed)), "lines")
    assert how.held is not None
    assert 0.7 <= how.held <= 0.9
    assert how.cases > 100


def test_nothing_newer_is_looked_at_when_a_change_is_foreseen() -> None:
    changes = Changes(history(60))
    near = changes.like(Ask(changes.all[10].subject), before=10)
    assert near
    assert all(each.seconds < changes.all[10].seconds for each in near)


def test_a_short_history_says_nothing_of_how_ranges_hold() -> None:
    how = calibrated(Changes(history(CASES_MIN)), "files")
    assert how.held is None


def test_the_same_history_gives_the_same_estimates() -> None:
    wanted = plan("Change the session cookie", "Change the template filter")
    assert from_changes(wanted, Changes(history(200))) == from_changes(
        wanted, Changes(history(200))
    )
