"""The first page of a plan says what changes, where and why there, and how sure that is."""

from pathlib import Path

import msgspec
from tests.planner.test_likely_places import planned, shop

from missioncontrol.domain.estimates import FollowUp, Likely, LikelyFile, Precedent, Spot
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.first_page import NAMED
from missioncontrol.specialists.planner.markdown import markdown

WORDS_MAX = 350


def page(plan: Plan) -> str:
    return markdown(plan).partition("## Details")[0]


def test_a_small_fix_has_one_short_page_first(tmp_path: Path) -> None:
    repository = shop(tmp_path / "shop")
    plan = planned(repository, "Let the session store expire sessions", tmp_path)
    text = page(plan)
    assert "## In short" in text
    assert len(text.split()) <= WORDS_MAX
    assert "- Expected to change: `shop/sessions.py`" in text
    assert "- Look at `shop/sessions.py:1" in text
    assert "- Test first in `tests/test_sessions.py`: " in text


def test_changes_like_it_that_were_merged_are_shown(tmp_path: Path) -> None:
    repository = shop(tmp_path / "shop", ("Ada", "Bo"))
    plan = planned(repository, "Keep sessions longer, part 9", tmp_path)
    assert "- Done before: “Keep sessions longer, part " in page(plan)
    [precedent, *_] = plan.likely[0].precedents
    assert precedent.files == ("shop/sessions.py",)
    repair = FollowUp("d3a210b", "Fix sessions that stay", 3)
    forgot = msgspec.structs.replace(precedent, repairs=(repair,))
    likely = msgspec.structs.replace(plan.likely[0], precedents=(forgot,))
    text = page(msgspec.structs.replace(plan, likely=(likely,)))
    assert "  - Repaired 3 days later by “Fix sessions that stay” (d3a210b)." in text


def test_a_plan_that_does_not_know_the_place_says_so(tmp_path: Path) -> None:
    plan = planned(shop(tmp_path / "shop"), "Let the session store expire sessions", tmp_path)
    file = LikelyFile("shop/cart.py", 1.0, ("says `cart` once",), (Spot("", 3, 9),), chance=0.12)
    many = Precedent("abc1234", "Empty the cart", tuple(f"f{n}.py" for n in range(10)))
    unsure = msgspec.structs.replace(plan, likely=(Likely("R1", (file,), "", (many,)),))
    text = page(unsure)
    assert "- Not sure: the likeliest file changes with a chance of 12% only." in text
    assert "- Look at `shop/cart.py:3-9`: says `cart` once." in text
    assert "`f6.py`, `f7.py` and 2 more." in text


def test_a_plan_without_a_repository_has_no_such_page(tmp_path: Path) -> None:
    plan = planned(shop(tmp_path / "shop"), "Let the session store expire sessions", tmp_path)
    assert "## In short" not in markdown(msgspec.structs.replace(plan, likely=()))


def test_files_that_perhaps_change_stand_apart_from_those_that_are_expected(tmp_path: Path) -> None:
    plan = planned(shop(tmp_path / "shop"), "Let the session store expire sessions", tmp_path)
    files = (
        LikelyFile("shop/sessions.py", 1.0, (), (), chance=0.2),
        LikelyFile("shop/a.py", 0.9, (), (), chance=0.1),
        LikelyFile("shop/b.py", 0.8, (), (), chance=0.45),
        LikelyFile("shop/d.py", 0.8, (), (), chance=0.49),
        LikelyFile("shop/e.py", 0.8, (), (), chance=0.4),
        LikelyFile("shop/c.py", 0.7, (f"defines `C`, {NAMED}",), (), chance=0.1),
    )
    task = next(task for task in plan.tasks() if task.is_change)
    task = msgspec.structs.replace(task, scope=tuple(file.path for file in files))
    phase = msgspec.structs.replace(plan.phases[0], tasks=(task,))
    text = page(msgspec.structs.replace(plan, likely=(Likely("R1", files, ""),), phases=(phase,)))
    assert (
        "- Expected to change: `shop/sessions.py` (20%), `shop/c.py` (named by the goal);"
        " perhaps `shop/d.py` (49%), `shop/b.py` (45%).\n"
    ) in text  # What is less likely than a third, or comes behind two others, is not named.
