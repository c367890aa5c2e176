"""How a plan is compared with the change that was really made."""

from math import log

import pytest

from missioncontrol.domain.estimates import Estimate, Likely, LikelyFile, Spot
from missioncontrol.domain.plan import Architecture, Component, Phase, Plan, Requirement, Task
from missioncontrol.specialists.backtest.history import PastWork
from missioncontrol.specialists.backtest.scoring import (
    Range,
    Score,
    false_places,
    figures,
    first_files,
    interval_score,
    named_files,
    reciprocal_rank,
    scored,
    unplanned,
)


def likely(path: str, *spots: Spot, expected: bool = False) -> LikelyFile:
    return LikelyFile(path, 1.0, (), spots, is_expected=expected)


def planned(
    *files: LikelyFile,
    scope: tuple[str, ...] = (),
    estimates: tuple[Estimate, ...] = (),
    parts: tuple[Component, ...] = (),
) -> Plan:
    change = Task("change", "Change", "Change it.", "builder", scope=scope)
    survey = Task("survey", "Survey", "Read it.", "surveyor", scope=("read.py",))
    return Plan(
        goal="g",
        title="t",
        summary="s",
        kinds=("feature",),
        stack=(),
        phases=(Phase("p", "P", "p", (survey, change)),),
        requirements=(Requirement("R1", "g"),),
        architecture=Architecture(parts),
        likely=(Likely("R1", files),) if files else (),
        estimates=estimates,
    )


def test_a_plan_begins_at_what_it_expects_and_goes_on_with_what_is_likely() -> None:
    plan = planned(likely("b.py"), likely("a.py"), likely("README.md"), scope=("a.py", "NEWS"))
    assert first_files(plan, "Keep sessions for longer") == ["a.py", "b.py"]
    assert first_files(plan, "Say more in the docs") == ["a.py", "NEWS", "b.py", "README.md"]


def test_named_are_the_files_of_changes_and_else_those_that_are_expected() -> None:
    files = (likely("b.py", expected=True), likely("c.py"))
    assert named_files(planned(*files, scope=("a.py", "go.sum"))) == ["a.py"]
    assert named_files(planned(*files)) == ["b.py"]


def test_places_that_are_not_there_are_false_unless_they_are_said_to_be_new() -> None:
    lines = {"a.py": 10, "src": 0, "read.py": 1}
    parts = (
        Component("m", "src", "module", path="src"),
        Component("n", "new", "module", path="new.py", change="new"),
        Component("g", "gone", "module", path="gone.py", change="changed"),
    )
    spots = (Spot("f", 10), Spot("g", 8, 11))
    plan = planned(likely("a.py", *spots), scope=("lost.py",), parts=parts)
    assert false_places(plan, lines.get) == ["lost.py", "gone.py", "a.py:11"]


def test_what_was_added_or_pinned_is_not_asked_of_a_plan() -> None:
    work = PastWork("c", "p", 0, "Keep sessions", ("a.py", "new.py"), ("new.py",), 3, 12)
    plan = planned(
        likely("a.py"),
        scope=("a.py", "b.py"),
        estimates=(
            Estimate("", "files", 1, 2, 2),
            Estimate("", "lines", 4, 8, 12),
            Estimate("change", "files", 3, 3, 3),
        ),
    )
    found = scored(plan, work, lines_of=lambda _path: 1)
    assert found.changed == ("a.py",)
    assert (found.precision, found.recall) == (0.5, 1.0)
    assert found.f1 == pytest.approx(2 / 3)
    assert [(each.measure, each.holds) for each in found.ranges] == [
        ("files", False),  # three changed, with the lock file
        ("lines", True),
    ]


def test_a_range_is_as_wide_as_its_most_is_of_its_least() -> None:
    assert Range("files", 4, 12, 12, True).width == 3
    assert Range("files", 0, 12, 0, True).width == 12  # nothing is no measure to divide by


def test_a_class_without_an_end_holds_whatever_is_larger() -> None:
    work = PastWork("c", "p", 0, "Keep sessions", ("a.py",), (), 1, 5_000)
    many = Estimate("", "lines", 101, 101, 0, label="more than two screens")
    found = scored(planned(estimates=(many,)), work, lines_of=lambda _path: 1)
    assert [each.holds for each in found.ranges] == [True]


def test_a_score_is_the_width_and_ten_times_what_a_range_misses_by() -> None:
    assert interval_score(1, 4, 2) == pytest.approx(log(4))
    assert interval_score(1, 4, 8) == pytest.approx(log(4) + 10 * log(2))
    assert interval_score(2, 4, 1) == pytest.approx(log(2) + 10 * log(2))


def test_a_rank_counts_by_the_first_file_that_changed() -> None:
    assert reciprocal_rank(["a", "b", "c"], {"c", "b"}) == 0.5
    assert reciprocal_rank(["a"], {"b"}) == 0.0


def test_figures_count_a_change_without_a_plan_as_missed() -> None:
    work = PastWork("3", "p", 0, "Keep sessions", ("z.py",))
    right = Score(
        commit="1",
        subject="a",
        ranked=("x.py", "y.py"),
        named=("x.py", "y.py"),
        changed=("x.py",),
        bm25=("y.py", "x.py"),
        ranges=(Range("files", 1, 3, 2, True, 0.9),),
        places=5,
    )
    late = Score(
        commit="2",
        subject="b",
        ranked=("y.py", "z.py"),
        named=("y.py",),
        changed=("z.py",),
        bm25=("q.py",),
        ranges=(Range("files", 2, 22, 1, False, 0.7),),
        false_places=("gone.py",),
        places=2,
    )
    found = figures([right, late, unplanned(work, "It says nothing.", ["z.py"])])
    assert (found.changes, found.errors) == (3, 1)
    assert (found.begins, found.begins_soon, found.mrr) == (0.333, 0.667, 0.5)
    assert (found.bm25_begins, found.bm25_begins_soon, found.bm25_mrr) == (0.333, 0.667, 0.5)
    assert (found.precision, found.recall, found.f1) == (0.167, 0.333, 0.222)
    assert (found.files.printed, found.files.held, found.files.width) == (2, 1, 7.0)
    assert found.files.told == 0.8
    assert found.files.score == round((log(3) + log(11) + 10 * log(2)) / 2, 3)
    assert found.files.plain_score == round(log(4), 3)
    assert (found.lines.printed, found.lines.width) == (0, 0.0)
    assert (found.false_places, found.places) == (1, 7)


def test_nothing_scored_gives_figures_of_nothing() -> None:
    assert figures([]).begins == 0.0
