"""Which sentences of a goal are requests, and which are context, questions or faults."""

from pathlib import Path

import pytest
from tests.planner.test_asides import changes, planned
from tests.planner.test_local_planning import made
from tests.planner.test_what_maintainers_object_to import POT

from missioncontrol.domain.plan import faults
from missioncontrol.specialists.planner.goal import Goal, read_goal
from missioncontrol.specialists.planner.kinds import recognised
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.planner.subject import search_text
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk


def requests(goal: Goal) -> list[str]:
    return [ask.text for ask in goal.asks]


@pytest.mark.parametrize(
    ("goal", "text", "kind", "scope"),
    [
        ("fix(parser): handle empty input", "Handle empty input", "bug-fix", "parser"),
        ("fix: `send` sets no length", "Fix: `send` sets no length", "bug-fix", ""),
        ("fix(etag): should return 304", "`etag` should return 304", "bug-fix", "etag"),
        ("feat: add a `--quiet` flag", "Add a `--quiet` flag", "feature", ""),
        ("perf(core): reuse the buffer", "Reuse the buffer", "performance", "core"),
        ("refactor!: drop the old parser", "Drop the old parser", "refactoring", ""),
        ("test(utils): fix a misspelled name", "Fix a misspelled name", "tests", "utils"),
        ("ci: require a clean workspace", "Require a clean workspace", "release", ""),
        ("docs: add a section about running a service behind a proxy", "", "documentation", ""),
        ("chore(deps): bump httpx to 1", "Bump httpx to 1", "dependency", "deps"),
        ("chore: remove the old script", "Remove the old script", "removal", ""),
        ("[Bug] crash on empty input", "Fix: crash on empty input", "bug-fix", ""),
        ("middleware: fix routing in the throttler", "", "bug-fix", "middleware"),
        ("#12 fix: crash on empty input", "Fix: crash on empty input", "bug-fix", ""),
    ],
)
def test_a_label_says_the_kind_of_work_and_where_it_lies(
    goal: str, text: str, kind: str, scope: str
) -> None:
    read = read_goal(goal)
    assert recognised(read, has_code=True)[0] == kind
    assert recognised(read, has_code=False)[0] in {kind, "new-service"}
    assert not text or requests(read) == [text]
    assert read.main.scope == scope
    assert scope in search_text(read.main)


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("Document the `--depth` option", "documentation"),
        ("Fix typos in the tutorial", "documentation"),
        ("README: mention the timeout", "documentation"),
        ("Correct the docs regarding proxies", "documentation"),
        ("Update CHANGELOG.md for 2.8", "documentation"),
        ("Fix comment parsing in the lexer", "bug-fix"),
        ("Fix the docs build on Windows", "bug-fix"),
        ("Add comments to blog posts", "feature"),
        ("Fix flaky test_timeout", "tests"),
        ("Fix the failing test of the parser", "tests"),
        ("Fix the test client", "bug-fix"),
        ("Add a test mode option", "feature"),
        ("Update to clap 4.1", "dependency"),
        ("Update the timeout to 30 seconds", "feature"),
        ("Move `serve.rs` to `serve/mod.rs`", "refactoring"),
        ("Fixed an issue with parsing output", "bug-fix"),
        ("Adds the Allow header to 405 responses", "feature"),
        ("Update and fix the example server", "bug-fix"),
    ],
)
def test_the_kind_of_work_is_what_the_request_changes(goal: str, kind: str) -> None:
    assert recognised(read_goal(goal), has_code=True)[0] == kind


@pytest.mark.parametrize(
    "goal",
    ["Fix typos in the tutorial", "Document how to run the service", "Fix flaky test_timeout"],
)
def test_work_on_what_stands_builds_no_new_service_without_code(goal: str) -> None:
    assert "new-service" not in recognised(read_goal(goal), has_code=False)


@pytest.mark.parametrize(
    "context",
    [
        "This makes scripts easier to write.",
        "This commit also contains an unrelated fix.",
        "Otherwise the checker doesn't like the code.",
        "Since it is called once, it is cheap.",
        "For example, `get` prints a line today.",
        "It would also work on older versions.",
        "It has been updated elsewhere.",
        "Now that we dropped version 1 we can use a set.",
        "Upstream publishes two crates.",
        "Link: https://example.org/1",
        "Closes #12.",
        "(It also works on Java 16.)",
        "To be sure that the lock file is right.",
    ],
)
def test_what_explains_a_request_is_no_requirement(context: str) -> None:
    for request in ("Add a `--quiet` flag", "Remove the old parser", "Update to clap 4.1"):
        assert requests(read_goal(f"{request}\n\n{context}")) == [request]


@pytest.mark.parametrize("question", ["Should it be on by default?", "Why is it slow today?"])
def test_a_question_is_open_and_no_requirement(question: str) -> None:
    read = read_goal(f"Add a retry option to `get`. {question}")
    assert requests(read) == ["Add a retry option to `get`"]
    assert read.questions == (question,)


def test_an_open_question_of_the_goal_is_one_of_the_plan(tmp_path: Path) -> None:
    plan = planned(made(tmp_path / "code", POT), "Give `parse` a limit. Is 10 enough?")
    assert plan.questions[0] == "Is 10 enough?"
    assert [each.text for each in plan.requirements] == ["Give `parse` a limit"]


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        (
            "a test shows messages in an undefined order",
            "a test no longer shows messages in an undefined order",
        ),
        ("Import fails on Windows", "Import no longer fails on Windows"),
        ("Export is slow", "Export is no longer slow"),
        ("The list was too long", "The list is no longer too long"),
    ],
)
def test_a_told_fault_is_repaired_and_not_built(goal: str, wanted: str) -> None:
    [ask] = read_goal(goal).asks
    assert ask.fault is not None
    assert ask.text == wanted


def test_a_fault_among_items_is_repaired() -> None:
    read = read_goal("Improve logging:\n- a test shows lines in an undefined order\n- add a flag")
    assert [ask.fault is not None for ask in read.asks] == [False, True, False]


@pytest.mark.parametrize(
    "goal",
    [
        "Error on unsupported flags for single commands",
        "More Error Prone fixes",
        "Attempt to log when publishing fails",
        "exec: Execute batches before they get too long",
        "`--ignore-contain`: ignore directories that contain a named file",
    ],
)
def test_a_request_is_not_turned_into_its_opposite(goal: str) -> None:
    assert "no longer" not in " ".join(requests(read_goal(goal)))


@pytest.mark.parametrize(
    ("goal", "asked"),
    [
        ("Fix and simplify the `moved` option", ["Fix and simplify the `moved` option"]),
        (
            "Add a test. When it runs from a lost directory, it should still run.",
            ["Add a test", "When it runs from a lost directory, it should still run"],
        ),
        ("The flag isn't read. Instead, set it in `a.toml`.", None),
        ("Add text/csv, text/vtt, text/xml to the defaults", None),
        ("Add a page\n\n**Tests**\n- test it", ["Add a page", "Test it"]),
    ],
)
def test_a_request_is_cut_where_another_begins(goal: str, asked: list[str] | None) -> None:
    found = requests(read_goal(goal))
    assert found == asked if asked else len(found) == 1


@pytest.mark.parametrize(
    "goal",
    [
        "Give `parse` a limit\n\n- **Tests**\n- Review\n- Survey\n- **Tests**\n- Audit",
        "## Tests\n- Tests\n## Tests\n- tests\n- specification\n- history\n- foundation",
        "Tests",
        "Specification",
    ],
)
def test_no_two_tasks_have_one_key(tmp_path: Path, goal: str) -> None:
    for home in (made(tmp_path / "code", POT), None):
        brief = Brief(goal, "", (), "", home, None, None, {}, 60)
        plan = LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))
        assert faults(plan) == []
        keys = [task.key for task in plan.tasks()]
        assert len(set(keys)) == len(keys)


def test_a_flaky_test_is_made_to_fail_first_and_nothing_gets_a_default(tmp_path: Path) -> None:
    plan = planned(made(tmp_path / "code", POT), "Fix flaky test_leaves")
    [repair, *_] = changes(plan)
    assert repair.scope[0] == "tests/test_reading.py"
    assert "Make the failure of “flaky test_leaves” come every time first" in repair.detail
    assert plan.decisions == ()
    assert "default" not in repair.detail
