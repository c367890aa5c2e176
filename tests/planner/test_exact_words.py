"""What a goal says exactly comes back exactly: names, bounds, cases, faults, and what must hold."""

from pathlib import Path

import pytest
from tests.planner.test_where_changes_begin import planned

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.specialists.planner.outcomes import cases, limits

KEPT = {
    "pyproject.toml": '[project]\nname = "teacache"\nversion = "1.0"\n[tool.pytest.ini_options]\n',
    "README.md": "# teacache\n\n`TTLCache` forgets.\n",
    "src/teacache/__init__.py": "class Cache:\n    def expire(self):\n        return 0\n\n\n"
    "class TTLCache(Cache):\n    def get(self, key):\n        return key\n\n"
    "    def expire(self, time=None):\n        return time\n",
    "src/teacache/sizes.py": "def naturalsize(value):\n    return value\n\n\n"
    "def sendfile(path):\n    return path\n",
    "tests/test_cache.py": "from teacache import TTLCache\n\n\n"
    "def test_it():\n    assert TTLCache\n",
}


def built(plan: Plan) -> Task:
    return next(task for task in plan.tasks() if task.is_change)


def test_a_dotted_name_leads_to_the_inner_definition_of_the_outer_one(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Speed up `TTLCache.expire` when most items live", KEPT)
    assert "`TTLCache.expire` at `src/teacache/__init__.py:10`" in built(plan).detail
    assert "up `TTLCache" not in str(plan.phases).replace("Speed up `TTLCache", "")


def test_a_name_that_is_not_there_begins_beside_the_one_most_like_it(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add `naturalweight`, which formats grams.", KEPT)
    assert "The change begins at `src/teacache/sizes.py`." in plan.summary
    assert "`naturalsize` at `src/teacache/sizes.py:1`" in built(plan).detail


def test_an_option_belongs_to_what_the_goal_names(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Add a `limit` option to `TTLCache.expire`", KEPT)
    titles = [decision.title for decision in plan.decisions]
    assert "How callers of `TTLCache.expire` ask for `limit`" in titles
    assert not [title for title in titles if "sits beside" in title]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "at most 100 header fields",
            ["Tests stand on both sides of “at most 100 header fields”: 100 and 101."],
        ),
        ("at least 3 workers", ["Tests stand on both sides of “at least 3 workers”: 3 and 2."]),
        (
            "up to 64 KiB of headers",
            ["Tests stand on both sides of “up to 64 KiB”: exactly that, and one byte beyond."],
        ),
        (
            "answer within 5 seconds",
            ["A recorded measurement shows “within 5 seconds”, with its machine and its input."],
        ),
        ("use version 3 of the protocol", []),
    ],
)
def test_a_bound_is_shown_from_both_sides(text: str, sentences: list[str]) -> None:
    assert list(limits(text)) == sentences


def test_the_bounds_of_a_goal_are_conditions_of_its_task(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Harden `sendfile`: at most 20 files at once", KEPT)
    assert plan.requirements[0].kind != "constraint"
    assert any("20 and 21" in each for each in built(plan).acceptance)


def test_cases_are_named_one_by_one() -> None:
    text = "Test `wait` where `max` is smaller than `initial`, and where `jitter` is 0"
    assert cases(text) == ["`max` is smaller than `initial`", "`jitter` is 0"]


def test_the_fault_is_what_the_new_test_shows_and_no_requirement(tmp_path: Path) -> None:
    goal = "Fix `sendfile`: a second call answers with the first file. It should answer with both."
    plan = planned(tmp_path, goal, KEPT)
    assert "shows “a second call answers with the first file”" in built(plan).detail
    assert not [each for each in built(plan).acceptance if "answers with the first" in each]


def test_a_unit_ends_a_sentence(tmp_path: Path) -> None:
    goal = "Add `naturalweight`, which formats as g, kg or t. Document it in the README."
    plan = planned(tmp_path, goal, KEPT)
    assert [each.text for each in plan.requirements][1] == "Document it in the README"
    assert plan.kinds[0] == "feature"
    assert "Write it into `README.md`, which is the README" in str(plan.phases)


def test_what_must_still_hold_is_shown_and_not_built(tmp_path: Path) -> None:
    goal = "Migrate `sendfile` to streams; paths passed before must still be accepted."
    plan = planned(tmp_path, goal, KEPT)
    assert [each.kind for each in plan.requirements] == ["function", "constraint"]
    held = next(task for task in plan.tasks() if task.key.startswith("hold-"))
    assert "samples" in held.detail


def test_a_database_in_a_file_has_no_server_to_reach(tmp_path: Path) -> None:
    plan = planned(tmp_path, "Keep what `TTLCache` holds in a SQLite file", KEPT)
    plan_text = str(plan)
    assert "refuses, hangs and drops" not in plan_text
    assert "Two processes write the same SQLite file" in [risk.title for risk in plan.risks]


def test_what_is_removed_takes_its_tests_along(tmp_path: Path) -> None:
    files = {
        **KEPT,
        "src/teacache/old.py": "import warnings\n\nwarnings.warn('old', DeprecationWarning)\n",
        "tests/test_old.py": "import teacache.old\n\n\ndef test_old():\n    assert teacache.old\n",
    }
    plan = planned(tmp_path, "Remove the deprecated module `src/teacache/old.py`", files)
    assert (
        "`tests/test_old.py` tests `src/teacache/old.py`, and goes with it." in built(plan).detail
    )
    assert not [each for each in plan.decisions if "announced a release earlier" in each.title]


def test_no_long_ask_is_repeated_where_its_number_does(tmp_path: Path) -> None:
    goal = "Speed up `TTLCache.expire` when most of the items are alive and nobody looks at them"
    criteria = [text for task in planned(tmp_path, goal, KEPT).tasks() for text in task.acceptance]
    assert not [text for text in criteria if "nobody looks at them" in text]
