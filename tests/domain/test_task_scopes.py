"""Scopes of tasks: which of them may meet, and what that keeps from being at work at once."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from missioncontrol.domain.errors import Conflict, MissionControlError
from missioncontrol.domain.repository.commands import (
    AddTask,
    DropTask,
    LookedUp,
    RunTasks,
    ScopeTask,
)
from missioncontrol.domain.repository.events import (
    Part,
    RepositoryTaskScoped,
    RepositoryTasksRun,
    RepositoryTaskStarted,
)
from missioncontrol.domain.repository.process import MergeRule, PhaseRule, Process, fault_of
from missioncontrol.domain.repository.scopes import (
    Overlap,
    as_globs,
    as_pattern,
    meet,
    pattern_fault,
    waits,
)
from missioncontrol.domain.repository.states import Repository
from missioncontrol.guard.globs import bad_pattern, matches
from tests.domain.repositories import ADA, ID, told

FREE = Process({"implementation": PhaseRule()}, merge=MergeRule(shared=("*.lock", "migrations/")))
AGENTS: dict[Part, str] = {"builder": "coder", "tester": "local", "reviewer": "local"}

NAMES = st.sampled_from(["src", "app", "app.py", "a.lock", "lib", "x-y", "tests", "b.py"])
FOLDERS = NAMES.filter(lambda name: "." not in name)
PATHS = st.tuples(st.lists(FOLDERS, max_size=3), NAMES).map(lambda p: "/".join([*p[0], p[1]]))
PARTS = st.sampled_from(["src", "app", "*.py", "**", "*", "a?p", "a.lock", "*.lock", "lib", "t*s"])
PATTERNS = st.tuples(st.lists(PARTS, min_size=1, max_size=4), st.sampled_from(["", "/"])).map(
    lambda said: "/".join(said[0]) + said[1]
)


@given(one=PATTERNS | PATHS, other=PATTERNS | PATHS, path=PATHS)
@example(one="src/**/app.py", other="src/app.py", path="src/app.py")
@example(one="src/app", other="src/*/app.py", path="src/app/app.py")
def test_patterns_that_name_one_file_always_meet(one: str, other: str, path: str) -> None:
    if bad_pattern(one) or bad_pattern(other):
        return
    if matches(as_globs([one]), path) and matches(as_globs([other]), path):
        assert meet(one, other), path
        assert meet(other, one), path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/app.py", "src/apple.py"),
        ("src/app", "src/app.py"),
        ("src/*.py", "docs/*.md"),
        ("*.lock", "src/app.py"),
        ("*.lock", "src/*.py"),
        ("migrations/", "src/app.py"),
        ("migrations/**", "src/**"),
        ("src/a/", "src/b/"),
        ("**/test_*.py", "src/a.py"),
        ("README.md", "docs/README.md"),
    ],
)
def test_patterns_that_name_no_file_together_do_not_meet(one: str, other: str) -> None:
    assert not meet(one, other)
    assert not meet(other, one)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("prices.py", "shop/prices.py"),
        ("shop", "a/shop/x.py"),
        ("shop/", "a/shop/x.py"),
        ("*.py", "shop/prices.py"),
        ("/shop/", "shop/x.py"),
        ("/README.md", "README.md"),
        ("shop/*.py", "shop/x.py"),
    ],
)
def test_what_a_spec_covers_is_in_the_scope_that_is_taken_from_it(glob: str, path: str) -> None:
    assert matches([glob], path)
    pattern = as_pattern(glob)
    assert not pattern_fault(pattern)
    assert matches(as_globs([pattern]), path)
    assert meet(pattern, path)


@pytest.mark.parametrize(
    ("one", "other"),
    [(".github", ".github/workflows/ci.yml"), ("v1.2", "v1.2/*.py"), ("a/v*.2", "a/*/b.py")],
)
def test_a_directory_with_a_dot_in_its_name_meets_what_is_in_it(one: str, other: str) -> None:
    assert meet(one, other)
    assert meet(other, one)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "/etc/passwd", "../x", "a/../../b", "!src", " src", "a\nb", "a\\b", "x" * 501),
        *(".", "./src/app.py", "src/./app.py", "src//app.py"),  # As git names no file.
    ],
)
def test_a_pattern_from_elsewhere_is_refused(pattern: str) -> None:
    assert pattern_fault(pattern)


def test_tasks_that_meet_follow_each_other_unless_the_queue_is_to_bring_them_together() -> None:
    scopes = {1: ("src/a.py",), 2: ("src/*.py",), 3: ("docs/x.md",), 4: ("src/b.py", "uv.lock")}
    assert waits((1, 2, 3, 4), scopes, (), "wait") == {1: (), 2: (1,), 3: (), 4: (2,)}
    assert waits((1, 2, 3, 4), scopes, (), "merge") == {1: (), 2: (), 3: (), 4: ()}
    scopes[1] = ("src/a.py", "poetry.lock")
    held = waits((1, 2, 3, 4), scopes, ("*.lock",), "merge")
    assert held == {1: (), 2: (), 3: (), 4: (1,)}


def carried(*scopes: tuple[str, ...], process: Process = FREE) -> Repository:
    """Return a repository with a task for each scope."""
    state = told(process=process)[0]
    for number, scope in enumerate(scopes, 1):
        commands = (AddTask(f"Task {number}", "", (), ADA), ScopeTask(number, scope, ADA))
        state = told(*commands, state=state)[0]
    return state


def run(*tasks: int, name: str = "run-1", at_work: tuple[str, ...] = (), **more: str) -> RunTasks:
    overlap: Overlap = "merge" if more.get("overlap") == "merge" else "wait"
    into = more.get("into", "")
    return RunTasks(name, tasks, AGENTS, ADA, into, overlap, frozenset(at_work))


def refused(command: RunTasks | ScopeTask, state: Repository) -> MissionControlError:
    with pytest.raises(MissionControlError) as no:
        told(command, state=state)
    return no.value


def test_a_run_starts_its_tasks_and_holds_their_scopes_until_it_has_ended() -> None:
    state, events = told(run(1, 2), state=carried(("a.py",), ("b.py",), ("a.py", "c.py")))
    assert [type(each) for each in events] == [
        RepositoryTaskStarted,
        RepositoryTaskStarted,
        RepositoryTasksRun,
    ]
    begun = events[-1]
    assert isinstance(begun, RepositoryTasksRun)
    assert begun.scopes == {1: ("a.py",), 2: ("b.py",)}
    conflict = refused(run(3, name="run-2", at_work=("run-1",)), state)
    assert isinstance(conflict, Conflict)
    assert "to change a.py, which task 1 holds until run-1 has ended" in conflict.reason
    again = told(run(3, name="run-2", at_work=("run-1",), overlap="merge"), state=state)[1]
    assert isinstance(again[-1], RepositoryTasksRun)
    later = told(run(1, 3, name="run-3"), state=state)[1]  # Run 1 has ended.
    assert [type(each) for each in later] == [RepositoryTasksRun]


def test_a_scope_that_is_changed_later_does_not_free_what_a_run_holds() -> None:
    state = told(run(1), ScopeTask(1, ("z.py",), ADA), state=carried(("a.py",), ("a.py",)))[0]
    conflict = refused(run(2, name="run-2", at_work=("run-1",)), state)
    assert conflict.code == "repository.scope_taken"


def test_what_is_shared_waits_also_where_the_queue_brings_changes_together() -> None:
    state = carried(("migrations/1.sql", "a.py"), ("migrations/2.sql",), ("a.py",))
    state = told(run(1), state=state)[0]
    conflict = refused(run(2, name="run-2", at_work=("run-1",), overlap="merge"), state)
    assert "migrations/2.sql" in conflict.reason
    assert told(run(3, name="run-2", at_work=("run-1",), overlap="merge"), state=state)[1]


def test_a_run_of_tasks_that_can_not_begin_begins_none_of_them() -> None:
    state = told(DropTask(2, ADA, "No."), state=carried(("a.py",), ("b.py",)))[0]
    assert refused(run(1, 2), state).code == "repository.over"
    assert refused(run(), state).code == "repository.bad_input"
    assert refused(run(1, 1), state).code == "repository.bad_input"
    assert refused(run(1, into="main"), state).code == "repository.bad_input"
    unscoped = told(AddTask("Three", "", (), ADA), state=state)[0]
    refusal = refused(run(1, 3), unscoped)
    assert (refusal.code, refusal.hint) == (
        "repository.no_scope",
        "`mission task scope 3 --suggest` looks for them.",
    )
    going = told(run(1), state=state)[0]
    twice = refused(run(1, name="run-2", at_work=("run-1",)), going)
    assert twice.code == "repository.at_work"


def test_what_was_looked_up_holds_once_the_run_does() -> None:
    three = AddTask("Three", "", (), ADA)
    state = told(three, state=carried(("a.py",), ("b.py",)))[0]
    ask = replace(run(1, 3), looked_up=(LookedUp(3, ("c.py",), "ranking"),))
    scoped, *begun, held = told(ask, state=state)[1]
    assert scoped == RepositoryTaskScoped(ID, 3, ("c.py",), ADA, "ranking")
    assert [type(each) for each in begun] == [RepositoryTaskStarted] * 2
    assert isinstance(held, RepositoryTasksRun)
    assert held.scopes == {1: ("a.py",), 3: ("c.py",)}
    # A looked-up scope conflicts with others like a declared one, and has the same rules.
    state = told(three, run(2), state=carried(("a.py",), ("b.py",)))[0]
    later = run(3, name="run-2", at_work=("run-1",))
    met = replace(later, looked_up=(LookedUp(3, ("b.py",), "spec"),))
    assert refused(met, state).code == "repository.scope_taken"
    bad = replace(met, looked_up=(LookedUp(3, ("../x",), "spec"),))
    assert refused(bad, state).code == "repository.bad_scope"


def test_what_a_person_said_meanwhile_is_not_what_was_looked_up() -> None:
    news = (LookedUp(1, ("z.py",), "ranking"), LookedUp(9, ("y.py",), "spec"))
    begun, held = told(replace(run(1), looked_up=news), state=carried(("a.py",)))[1]
    assert isinstance(begun, RepositoryTaskStarted)
    assert isinstance(held, RepositoryTasksRun)
    assert held.scopes == {1: ("a.py",)}


def test_a_scope_is_said_once() -> None:
    state = carried(("a.py",))
    assert told(ScopeTask(1, ("a.py", "a.py"), ADA), state=state)[1] == []
    (event,) = told(ScopeTask(1, ("a.py",), ADA, "spec", "It covers it."), state=state)[1]
    assert event == RepositoryTaskScoped(ID, 1, ("a.py",), ADA, "spec", "It covers it.")
    assert refused(ScopeTask(1, (), ADA), state).code == "repository.bad_scope"
    assert refused(ScopeTask(1, ("../x",), ADA), state).code == "repository.bad_scope"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (MergeRule(into="main"), "merge.into"),
        (MergeRule(into="mission/x.lock"), "merge.into"),
        (MergeRule(into="mission/../x"), "merge.into"),
        (MergeRule(shared=("../x",)), "merge.shared"),
    ],
)
def test_a_process_that_merges_elsewhere_is_refused(rule: MergeRule, words: str) -> None:
    assert words in fault_of(Process({"implementation": PhaseRule()}, merge=rule))
