"""The first page of a plan says what changes, where and why there, and how sure that is."""

from pathlib import Path

import msgspec
from tests.planner.test_likely_places import planned, shop

from missioncontrol.domain.foresight import Likely, LikelyFile, Precedent, Spot
from missioncontrol.domain.plan import Plan
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
