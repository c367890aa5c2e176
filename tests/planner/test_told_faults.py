"""A fault that is only described is planned as its repair: the goal is the right behaviour."""

import re
from pathlib import Path

import pytest
from tests.planner.test_asides import changes, planned
from tests.planner.test_local_planning import made
from tests.planner.test_what_maintainers_object_to import POT

from missioncontrol.specialists.planner.definitions import without_prose
from missioncontrol.specialists.planner.faults import contrast, fault, is_fault
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.kinds import recognised
from missioncontrol.specialists.planner.playbook import phrase_table

TOLD = (
    (
        "`Arrow.range` yields one item too many when the end is exclusive.",
        "`Arrow.range` no longer yields one item too many when the end is exclusive",
    ),
    (
        "`parse` takes negative numbers without complaint; it should raise ValueError.",
        "`parse` should raise ValueError; today it takes negative numbers without complaint",
    ),
    ("The CLI hangs if stdin is closed.", "The CLI no longer hangs if stdin is closed"),
    (
        "`--json` prints nothing for an empty list.",
        "`--json` no longer prints nothing for an empty list",
    ),
    (
        "Redirects lose the query string. They should keep it.",
        "Redirects should keep it; today they lose the query string",
    ),
    (
        "When the cache is full, `get` returns None instead of the value.",
        "`get` returns the value instead of None when the cache is full",
    ),
    (
        "The client hangs instead of raising `ProxyError`.",
        "The client should raise `ProxyError`; today it hangs",
    ),
    ("cart.send does not set a length.", "cart.send sets a length"),
    ("The pool never closes idle connections.", "The pool closes idle connections"),
    (
        "`get` is slow to fail although `fast=True` is given.",
        "`get` is no longer slow to fail when `fast=True` is given",
    ),
    ("There is a leak in the parser.", "There is no leak in the parser"),
    (
        "Header names with dots are rejected, but they should be allowed.",
        "Header names with dots should be allowed; today they are rejected",
    ),
    ("The reader accepts a bare LF; it shouldn't.", "The reader no longer accepts a bare LF"),
    (
        "Options given twice keep the first value although the last should win.",
        "The last should win; today options given twice keep the first value",
    ),
    (
        "`get` answers with the first part only. It must answer with all of them.",
        "`get` must answer with all of them; today it answers with the first part only",
    ),
    (
        "Time-outs are reported as `A` rather than `B` on Macs.",
        "Time-outs are reported as `B` instead of `A` on Macs",
    ),
    ('`naturaltime` says "now" for two seconds.', None),
)


@pytest.mark.parametrize(("goal", "wanted"), TOLD, ids=range(len(TOLD)))
def test_a_told_fault_wants_what_is_right(goal: str, wanted: str | None) -> None:
    read = read_goal(goal)
    [ask] = read.asks
    assert ask.fault is not None
    assert wanted is None or ask.text == wanted
    assert recognised(read, has_code=True)[0] in {"bug-fix", "performance"}


@pytest.mark.parametrize(
    "goal",
    [
        "`windowed` accepts a step",
        "Middleware that limits bodies; it should answer 413",
        "The cache is a dict; it should be an LRU",
        "Links expire after 30 days",
        "Redis session backend",
        "Why does the redirect drop the query string?",
    ],
)
def test_a_wish_and_a_question_are_no_faults(goal: str) -> None:
    assert [ask.fault for ask in read_goal(goal).asks] in ([None], [None, None])


def test_what_follows_a_told_fault_does_not_take_its_place() -> None:
    read = read_goal("`parse` crashes on an empty bag. Add a regression test.")
    assert [ask.text for ask in read.asks] == [
        "`parse` no longer crashes on an empty bag",
        "Add a regression test",
    ]
    assert recognised(read, has_code=True)[0] == "bug-fix"


@pytest.mark.parametrize(
    "goal",
    [
        "Redirects lose cookies. Find the cause and fix it.",
        "Redirects lose cookies. Find out why and then repair it.",
    ],
)
def test_to_find_the_cause_and_to_repair_it_is_one_thing(goal: str) -> None:
    [ask] = read_goal(goal).asks
    assert ask.text.partition(": ")[2] == "Redirects lose cookies"
    assert len(read_goal("Find the cause of the lost cookies and fix it.").asks) == 1


def test_the_repair_begins_with_a_test_that_shows_the_fault(tmp_path: Path) -> None:
    pot = made(tmp_path / "code", POT)
    plan = planned(pot, "`read_leaves` loses the last leaf; it should keep it.")
    [repair, *_] = changes(plan)
    assert plan.kinds[0] == "bug-fix"
    assert repair.title == "Fix `read_leaves`: it loses the last leaf"
    assert "First write a test in `tests/test_reading.py` that shows" in repair.detail
    assert "“`read_leaves` loses the last leaf”" in repair.detail
    assert repair.acceptance[0] == (
        "The new test of “`read_leaves`” sees on the unchanged `teapot/reading.py` that it “loses "
        "the last leaf”, and after the repair that it “should keep it”."
    )
    assert repair.scope[0] == "teapot/reading.py"


def test_a_wish_and_its_echo_are_one_thing() -> None:
    read = read_goal("Users want to run jobs at night. Support that, and document it.")
    assert [ask.text for ask in read.asks] == ["Users want to run jobs at night", "Document it"]


def test_a_fault_without_a_verb_keeps_its_words() -> None:
    [ask] = read_goal("naturaldelta: wrong plural in Polish for 22 months").asks
    assert ask.text == "Fix: naturaldelta: wrong plural in Polish for 22 months"


def test_where_nothing_says_what_should_come_it_is_asked(tmp_path: Path) -> None:
    plan = planned(made(tmp_path / "code", POT), "`read_leaves` hangs on wet leaves.")
    assert "What should come in place of “`read_leaves` hangs on wet leaves”?" in plan.questions


def test_a_test_that_no_task_changes_is_not_called_changed(tmp_path: Path) -> None:
    pot = made(tmp_path / "code", POT)
    for goal in ("Document `Reader` in the README.", "`heat` boils over silently.", "Add milk."):
        plan = planned(pot, goal)
        scope = {path for task in plan.tasks() for path in task.scope}
        changed = {p.path for p in plan.architecture.components if p.change == "changed"}
        assert changed <= scope, goal


def test_a_parameter_of_the_code_is_no_new_name(tmp_path: Path) -> None:
    plan = planned(made(tmp_path / "code", POT), "Support an empty `leaves` in `parse`.")
    assert not [each for each in plan.decisions if "`leaves` sits" in each.title]


def test_words_alone_bring_no_file_into_a_scope(tmp_path: Path) -> None:
    words = "def stop_words(leaves):\n    return 'leaves leaves parse bag limit leaves bags'\n"
    pot = made(tmp_path / "code", {**POT, "teapot/words.py": words * 3})
    [task, *_] = changes(planned(pot, "Give `parse` a limit for bags of leaves."))
    assert "teapot/parsing.py" in task.scope
    assert "teapot/words.py" not in task.scope


def test_probes_look_for_names_of_code_and_not_for_words_in_prose() -> None:
    code = (
        '"""Says async def explained."""\n'
        "name = 'async def quoted'  # async def remarked\n"
        "def is_async(): ...\n"
        "    async def real(): ...\n"
    )
    probe = r"(?m)^[ \t]*async def (?!__)\w+"
    bare = without_prose(code)
    assert [len(line) for line in bare.split("\n")] == [len(line) for line in code.split("\n")]
    assert [match.group().split()[-1] for match in re.finditer(probe, bare)] == ["real"]
    assert "quoted" in without_prose(code, strings=False)
    assert not re.search(
        phrase_table("probes.toml")["expiry"]["find"], "settle little throttle bottle"
    )


def test_a_fault_is_told_in_plain_words() -> None:
    assert is_fault("Jobs run twice when the clock is set back")
    assert not is_fault("Backups run twice a day")
    assert contrast("`wait` takes a list, but it should also take a tuple") == ("", "")
    assert fault("It crashes").wanted == "It no longer happens that it crashes"
