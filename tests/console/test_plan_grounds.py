"""The plan tab tells what a plan rests on: changes like its tasks, and how far to trust it."""

import msgspec

from missioncontrol.domain.estimates import Estimate, FollowUp, Likely, LikelyFile, Precedent
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.interfaces.web.plan_grounds import Changed, grounds_of
from tests.documents.records import redis_plan

REPAIR = FollowUp("bcd2345", "Fix totals of empty carts", 2)
BEFORE = Precedent(
    "abc1234", "Round totals", ("docs/a.md", "tests/test_cart.py", "shop/cart.py"), (REPAIR,)
)
FAR = Precedent("def5678", "Another", ("shop/far.py",))


def plan() -> tuple[Plan, Task]:
    found = redis_plan()
    change = next(task for task in found.tasks() if task.is_change)
    scoped = msgspec.structs.replace(change, scope=("shop/cart.py",))
    phases = tuple(
        msgspec.structs.replace(
            phase, tasks=tuple(scoped if task.key == change.key else task for task in phase.tasks)
        )
        for phase in found.phases
    )
    file = LikelyFile("shop/cart.py", 1.0, (), tests=("tests/test_cart.py",))
    likely = Likely(change.requirements[0], (file,), precedents=(FAR, BEFORE))
    estimate = Estimate("", "files", 1, 2, 4, held=0.9, cases=80)
    return (
        msgspec.structs.replace(
            found,
            phases=phases,
            likely=(likely,),
            estimates=(estimate,),
            unestimated=("Time is not estimated: no run ended here before.",),
        ),
        scoped,
    )


def test_changes_like_a_task_are_told_with_the_files_that_it_shares_first() -> None:
    made, task = plan()
    [alike] = grounds_of(made, "/some where").alike[task.key]
    assert (alike.commit, alike.title, alike.more) == ("abc1234", "Round totals", 0)
    assert alike.repairs == (REPAIR,)
    assert alike.files == [
        Changed("shop/cart.py", is_own=True, is_test=False),
        Changed("tests/test_cart.py", is_own=False, is_test=True),
        Changed("docs/a.md", is_own=False, is_test=False),
    ]


def test_what_is_not_told_says_why_and_past_changes_say_how_far_to_trust_it() -> None:
    made, _ = plan()
    found = grounds_of(made, "/some where")
    assert found.unestimated == ("Time is not estimated: no run ended here before.",)
    assert [each.calibration for each in found.estimates] == [
        "such ranges held 90% of 80 past cases"
    ]
    assert found.backtest == "mission eval backtest --repo '/some where' --changes 20"
    assert grounds_of(made, "").backtest == ""
