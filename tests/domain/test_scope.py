"""Which files a task is expected to change is for people to say; the last word holds."""

import msgspec
import pytest

from missioncontrol.domain.errors import Conflict, NotFound, Rejected
from missioncontrol.domain.plan import Architecture, Component, Phase, Plan, Task
from missioncontrol.domain.scope import (
    FILES_MAX,
    ChangeScope,
    TaskScope,
    decide,
    evolve,
    shown_of,
    with_scopes,
)

TASK = Task(key="build-r1", title="Add it", role="builder", detail="Add it.", scope=("a.py",))
PLAN = Plan(
    goal="Add it",
    title="It",
    summary="It is added.",
    kinds=(),
    stack=(),
    phases=(Phase("build", "Build", "It is built.", (TASK,)),),
    requirements=(),
)


def said(*files: str, scopes: tuple[TaskScope, ...] = ()) -> tuple[TaskScope, ...]:
    for event in decide(ChangeScope("build-r1", files, "user:ann"), PLAN, scopes):
        scopes = evolve(scopes, event, 1.0)
    return scopes


def files(plan: Plan) -> tuple[str, ...]:
    (task,) = plan.tasks()
    return task.scope


def test_the_last_word_on_a_task_holds_and_each_file_is_named_once() -> None:
    first = said("b.py", "./src//c.py", "b.py")
    assert files(with_scopes(PLAN, first)) == ("b.py", "src/c.py")
    second = said(scopes=first)
    assert files(with_scopes(PLAN, second)) == ()
    assert len(second) == 1


def test_what_is_so_already_is_no_event() -> None:
    assert decide(ChangeScope("build-r1", ("a.py",), "user:ann"), PLAN, ()) == []
    once = said("b.py")
    assert decide(ChangeScope("build-r1", ("b.py",), "user:ann"), PLAN, once) == []


def test_a_scope_is_changed_only_as_it_was_seen_and_says_why() -> None:
    seen = shown_of(TASK.scope)
    ask = ChangeScope("build-r1", ("b.py",), "user:ann", " It  moved. ", seen)
    (event,) = decide(ask, PLAN, ())
    assert event.reason == "It moved."
    scopes = evolve((), event, 1.0)
    assert scopes[0].reason == "It moved."
    with pytest.raises(Conflict, match="changed meanwhile"):
        decide(msgspec.structs.replace(ask, files=("c.py",)), PLAN, scopes)
    with pytest.raises(Rejected, match="at most 2,000 fit"):
        decide(msgspec.structs.replace(ask, reason="x" * 2_001), PLAN, ())


def test_another_task_of_the_same_key_keeps_its_own_scope() -> None:
    other = msgspec.structs.replace(TASK, title="Take it out")
    phase = msgspec.structs.replace(PLAN.phases[0], tasks=(other,))
    assert files(with_scopes(msgspec.structs.replace(PLAN, phases=(phase,)), said("b.py"))) == (
        "a.py",
    )


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.py", "a/../b", "", " ", "a\nb", "x" * 501])
def test_what_is_no_file_of_the_repository_is_refused(path: str) -> None:
    with pytest.raises(Rejected) as refused:
        said(path)
    assert refused.value.code == "task.bad_scope"


def test_a_scope_is_bounded_and_needs_a_task_of_a_plan() -> None:
    with pytest.raises(Rejected, match="at most 200"):
        said(*(f"{number}.py" for number in range(FILES_MAX + 1)))
    with pytest.raises(NotFound) as unknown:
        decide(ChangeScope("none", (), "user:ann"), PLAN, ())
    assert unknown.value.code == "task.unknown"
    with pytest.raises(Rejected) as unplanned:
        decide(ChangeScope("build-r1", (), "user:ann"), None, ())
    assert unplanned.value.code == "mission.no_plan"


def test_parts_of_the_plan_are_marked_as_changed_where_a_task_changes_their_file_now() -> None:
    parts = (
        Component("a", "A", "module", path="a.py", change="changed"),
        Component("b", "B", "module", path="b.py"),
        Component("c", "C", "module", path="c.py", change="new"),
        Component("d", "D", "module", path="d.py", change="changed"),
    )
    plan = msgspec.structs.replace(PLAN, architecture=Architecture(parts))
    now = with_scopes(plan, said("b.py")).architecture.components
    assert [each.change for each in now] == ["unchanged", "changed", "new", "changed"]


def test_where_a_task_begins_is_what_somebody_named_and_what_was_planned_is_told() -> None:
    task = msgspec.structs.replace(TASK, detail="Begin at `a.py:3` (v1.2 has `x.y`). Then `b.py`.")
    plan = msgspec.structs.replace(PLAN, phases=(Phase("build", "Build", "It.", (task,)),))
    (moved,) = with_scopes(plan, said("b.py")).tasks()
    assert (
        moved.detail == "Begin at `b.py`, as ann declared; the plan began at `a.py`. Then `b.py`."
    )
    (scoped,) = with_scopes(plan, said("b.py", "a.py")).tasks()
    assert scoped.detail == task.detail
