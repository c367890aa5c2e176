"""What a goal asks for, in whose words, and what kind of work that is."""

from pathlib import Path

import pytest

from missioncontrol.specialists.indexing import read_index
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.kinds import recognised
from missioncontrol.specialists.planner.playbook import filled
from missioncontrol.specialists.planner.subject import subject_of
from missioncontrol.specialists.ranking.ranker import ranked


def asked(goal: str, *constraints: str, context: str = "") -> list[tuple[str, str]]:
    return [(ask.kind, ask.text) for ask in read_goal(goal, constraints, context).asks]


def kinds(goal: str, *names: str) -> tuple[str, ...]:
    return recognised(read_goal(goal), names=names, has_code=True)


def test_each_imperative_is_an_ask_of_its_own() -> None:
    assert asked("Fix the race, add a regression test and document the change.") == [
        ("function", "Fix the race"),
        ("function", "Add a regression test"),
        ("function", "Document the change"),
    ]


def test_a_listed_object_shares_the_verb() -> None:
    assert [text for _, text in asked("Add login, logout and password reset")] == [
        "Add login",
        "Add logout",
        "Add password reset",
    ]


@pytest.mark.parametrize(
    "goal",
    [
        "Support GET, POST and PUT in the proxy",
        "Make the read and write lock fair",
        "Reject cookies without SameSite",
        "Honour `retry, then drop` as one rule",
    ],
)
def test_what_only_looks_like_a_list_stays_whole(goal: str) -> None:
    assert [text for _, text in asked(goal)] == [goal]


def test_a_reason_is_no_requirement_and_without_is_a_constraint() -> None:
    goal = "Speed up routing so that start-up is quick, without changing the public API"
    assert asked(goal) == [
        ("function", "Speed up routing"),
        ("constraint", "Without changing the public API"),
    ]


def test_items_headings_code_and_background_are_told_apart() -> None:
    goal = (
        "# Add retries\n\nCalls are flaky.\nWe need to:\n- back off, e.g. by 2 s\n"
        "1. expose `max_retries`\n```python\nadd(1)\n```\nDo not add dependencies."
    )
    assert [text for _, text in asked(goal)] == [
        "Add retries",
        "Back off, e.g. by 2 s",
        "Expose `max_retries`",
        "Do not add dependencies",
    ]
    assert read_goal(goal).background == ("Calls are flaky.",)


def test_constraints_and_context_say_where_they_come_from() -> None:
    goal = read_goal("Add carts", ("No new tables", "Python only"), "We sell tea. It must scale.")
    assert [ask.where for ask in goal.asks] == ["goal", "constraint 1", "constraint 2", "context"]
    assert goal.requirements()[3].source == "context: “It must scale.”"


def test_no_ask_of_a_very_long_goal_is_lost() -> None:
    goal = read_goal(" ".join(f"Add part number {number}." for number in range(90)))
    assert len(goal.asks) == 61
    assert "Add part number 89" in goal.asks[-1].text


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("Fix the crash on empty input", "bug-fix"),
        ("Add tests for the parser", "tests"),
        ("Speed up start-up", "performance"),
        ("Migrate from psycopg2 to psycopg 3", "migration"),
        ("Extract the parser into its own module", "refactoring"),
        ("Drop Python 3.9 support", "removal"),
        ("Upgrade werkzeug to 4", "dependency"),
        ("Encrypt stored passwords", "security"),
        ("Explain how hooks nest", "documentation"),
        ("Create an export command", "feature"),
    ],
)
def test_the_kind_of_work_is_recognised(goal: str, kind: str) -> None:
    assert kinds(goal)[0] == kind


def test_names_do_not_speak_for_the_kind_of_work() -> None:
    assert kinds("Add a retry option to data-pipeline-ui", "data-pipeline-ui") == ("feature",)
    assert kinds("Add a flag to `docs/security.py`") == ("feature",)


def test_files_are_ranked_with_reasons_that_can_be_checked(tmp_path: Path) -> None:
    (tmp_path / "sessions.py").write_text("class SessionInterface:\n    pass\n")
    (tmp_path / "views.py").write_text("# opens a session\n")
    (tmp_path / "colours.py").write_text("RED = 1\n")
    found = ranked(read_index(tmp_path), "Add a session backend", limit=5)
    assert [each.path for each in found] == ["sessions.py", "views.py"]
    assert "`session` in its path" in found[0].reasons
    assert "defines `SessionInterface`" in found[0].reasons


def test_a_file_that_the_goal_names_comes_first(tmp_path: Path) -> None:
    (tmp_path / "parser.py").write_text("def parse(text):\n    return text\n" * 9)
    (tmp_path / "odd.py").write_text("x = 1\n")
    found = ranked(read_index(tmp_path), "Correct `odd.py`, which the parser reads", limit=1)
    assert found[0].reasons[0] == "the goal names the file `odd.py`"


@pytest.mark.parametrize(
    ("goal", "asks"),
    [
        (
            "Build a link shortener. Links expire after 30 days.",
            ["Build a link shortener", "Links expire after 30 days"],
        ),
        (
            "Add dark mode. It follows the system setting.",
            ["Add dark mode", "Dark mode follows the system setting"],
        ),
        (
            "Add webhooks: each event is signed, and failures are shown to admins.",
            ["Add webhooks", "Each event is signed", "Failures are shown to admins"],
        ),
        ("X is broken. Fix that.", ["Fix: X is broken"]),
        (
            "The router drops trailing slashes. That breaks links. Fix it.",
            ["Fix: the router drops trailing slashes"],
        ),
        ("The export is slow. Make it faster.", ["Make the export faster"]),
        (
            "Jobs get lost when a worker dies. Make sure this cannot happen.",
            ["This cannot happen: Jobs get lost when a worker dies"],
        ),
        ("We use SQLite. Move to PostgreSQL.", ["Move to PostgreSQL"]),
        ("| id | text |\n|---|---|\n| 1 | Admins see carts |", ["Admins see carts"]),
        ("Add:\n- carts\n  - with taxes", ["Add carts", "Add carts with taxes"]),
        (
            "Scenario: Empty\nGiven a cart\nWhen it is paid\nThen an error is shown",
            ["Empty: given a cart, when it is paid, then an error is shown"],
        ),
    ],
)
def test_each_sentence_that_wants_something_is_an_ask(goal: str, asks: list[str]) -> None:
    assert [text for _, text in asked(goal)] == asks


def test_what_only_explains_stands_behind_the_ask_it_explains() -> None:
    goal = read_goal("We use SQLite. It crashes at noon. Fix the lock. My laptop runs Linux.")
    assert [ask.text for ask in goal.asks] == ["Fix the lock"]
    assert goal.requirements()[0].source == (
        "goal: “Fix the lock.”, explained by "
        "“We use SQLite. It crashes at noon. My laptop runs Linux.”"
    )


def test_a_bug_report_asks_for_its_trouble_to_end_and_not_for_its_steps() -> None:
    goal = (
        "## Describe the bug\nNo cookie is set.\n\n## To Reproduce\n1. run the app\n\n"
        "## Expected behavior\nA cookie is set."
    )
    assert [text for _, text in asked(goal)] == ["A cookie is set; today no cookie is set"]


@pytest.mark.parametrize(
    ("goal", "subject"),
    [
        ("Fix: cart.send does not set a length", "cart.send"),
        ("fix(cart): handle negative prices", "negative prices"),
        ("As a user, I want to log in with a passkey", "log in with a passkey"),
        ("🐛 fix login 🔥", "login"),
        ("Fix: the", "the"),
        (", , ,", ", , ,"),
        ("Let a worker skip paused jobs", "Let a worker skip paused jobs"),
        ("Write documentation on testing carts", "testing carts"),
    ],
)
def test_the_subject_is_never_empty_and_has_no_label(goal: str, subject: str) -> None:
    assert subject_of(read_goal(goal).main) == subject


def test_a_measured_latency_is_no_wish_for_speed() -> None:
    assert "performance" not in kinds("Export metrics: queue depth and job latency")
    assert asked("Export metrics for job latency")[0][0] == "function"
    assert kinds("Write documentation on testing carts")[0] == "documentation"


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [
        ("queue depth and job latency", "Queue depth and job latency are used."),
        ("Prometheus metrics", "Prometheus metrics are used."),
        ("the Redis session backend", "The Redis session backend is used."),
        ("“links expire”", "“links expire” is used."),
        ("CORS", "CORS is used."),
        ("`stars`", "`stars` is used."),
    ],
)
def test_verbs_agree_with_their_subject(subject: str, sentence: str) -> None:
    assert filled("{subject} [is|are] used.", {"subject": subject}) == sentence


def test_a_later_statement_about_the_thing_asked_for_says_how_it_is_to_be() -> None:
    goal = (
        "Write a report as an EPUB file. The file must open without network. "
        "Errors must name the reason. Memory search should also take a date range."
    )
    asks = read_goal(goal).asks
    assert [(ask.kind, ask.is_property) for ask in asks] == [
        ("function", False),
        ("function", True),
        ("function", True),
        ("function", False),  # about something else, and `memory` is no wish for less of it
    ]


def test_where_several_things_are_asked_for_it_is_not_guessed_which_one_is_meant() -> None:
    goal = "Add CSV export. Add a login page. The page must work without JavaScript."
    assert [ask.is_property for ask in read_goal(goal).asks] == [False, False, False]


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("Search the memory by date", "function"),
        ("Memory search should take a date range", "function"),
        ("Let the job run with less memory", "quality"),
        ("The parser must keep its memory usage under 100 MB", "quality"),
    ],
)
def test_memory_is_a_quality_where_it_is_used_up(goal: str, kind: str) -> None:
    assert asked(goal)[0][0] == kind


NEUTRAL = (
    "Give `RedisCache` a `max_entries` setting.",
    "Make `BaseCache.update` keep the newer response.",
    "Support `bounds` in `Arrow.range`.",
    "Use a connection pool for `MongoCache`.",
    "Show the time zone name in `Arrow.__repr__`.",
    "Let `Session.close` wait for open requests.",
)
FOLLOWING = (
    "Say in the README how to set it.",
    "Mention it in the docs.",
    "Describe it in the changelog.",
    "Cover it with tests.",
    "Add unit tests.",
    "Release notes should mention it.",
)


@pytest.mark.parametrize("main", NEUTRAL)
@pytest.mark.parametrize("after", FOLLOWING)
def test_what_follows_on_a_change_never_becomes_what_the_mission_is(main: str, after: str) -> None:
    assert kinds(main)[0] == kinds(f"{main} {after}")[0] == "feature"


@pytest.mark.parametrize("after", FOLLOWING)
def test_what_follows_on_documentation_and_tests_leaves_them_what_they_are(after: str) -> None:
    assert kinds(f"Document `Arrow.range`. {after}")[0] == "documentation"
    assert kinds(f"Write tests for `parse`. {after}")[0] == "tests"
