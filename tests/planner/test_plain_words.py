"""Goals in the words people use in passing: what they ask for on the side is asked for as well."""

import pytest

from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.kinds import recognised


def asked(goal: str) -> list[tuple[str, str]]:
    return [(ask.kind, ask.text) for ask in read_goal(goal).asks]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("`close` crashes when called twice.", "`close` no longer crashes when called twice"),
        ("The pool leaks sockets.", "The pool no longer leaks sockets"),
        (
            "Reading an empty file crashes in `load`; expected: an empty list.",
            "An empty list; today reading an empty file crashes in `load`",
        ),
    ],
)
@pytest.mark.parametrize("lead", ["Also drop", "Also, please drop", "While you're at it, drop"])
def test_a_fault_is_asked_for_where_a_second_thing_is_asked_for_beside_it(
    fault: str, wanted: str, lead: str
) -> None:
    texts = [text for _, text in asked(f"{fault} {lead} the old extra.")]
    assert texts[0] == wanted
    assert len(texts) == 2
    assert texts[1].endswith("rop the old extra")


def test_an_ask_that_answers_the_fault_stays_the_only_one() -> None:
    assert asked("Login is slow. Cache the sessions.") == [("function", "Cache the sessions")]


def test_an_error_that_is_specified_makes_no_report_of_a_feature() -> None:
    goal = "Add `upsert_many`. A duplicate id raises ValueError. It returns the list of ids."
    assert asked(goal) == [
        ("function", "Add `upsert_many`"),
        ("function", "A duplicate id raises ValueError"),
        ("function", "`upsert_many` returns the list of ids"),
    ]


def test_an_error_that_is_to_be_mended_stays_the_reason() -> None:
    goal = read_goal("Add retries to `fetch`. It raises ConnectionError when the server is busy.")
    assert [ask.text for ask in goal.asks] == ["Add retries to `fetch`"]
    assert goal.asks[0].because


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ("Btw I'd rather not touch func.py.", "Do not touch func.py"),
        ("I would prefer not to touch func.py.", "Do not touch func.py"),
        ("We'd rather you didn't touch func.py.", "Do not touch func.py"),
        ("By the way, please leave func.py alone.", "Leave func.py alone"),
        ("Nothing in func.py may change.", "Nothing in func.py may change"),
        ("Oh, and please don't touch func.py.", "Don't touch func.py"),
    ],
)
def test_what_somebody_would_rather_not_have_is_kept_to_wherever_it_stands(
    wish: str, text: str
) -> None:
    main = ("function", "Add `upsert_many` to `Table`")
    assert asked(f"{main[1]}. {wish}") == [main, ("constraint", text)]
    assert asked(f"{wish} {main[1]}.") == [("constraint", text), main]


@pytest.mark.parametrize(
    ("goal", "first"),
    [
        (
            "`get` blocks on a closed client. I'd expect it to fail fast.",
            "`get` should fail fast; today it blocks on a closed client",
        ),
        (
            "`get` hangs. I would expect an error within 100 ms.",
            "An error within 100 ms; today `get` hangs",
        ),
    ],
)
def test_what_somebody_expects_in_place_of_a_fault_is_what_is_wanted(goal: str, first: str) -> None:
    assert asked(goal) == [("function", first)]


def test_what_somebody_expects_of_a_feature_is_asked_for() -> None:
    goal = "Add `connect`. I would expect an error within 100 ms when the host is unknown."
    assert asked(goal)[1] == ("quality", "An error within 100 ms when the host is unknown")
    assert asked("Serve the files. We expect 1000 users.")[1:] == []


@pytest.mark.parametrize(
    "goal",
    [
        "Since 7.0 `get_next()` hangs.",
        "Our scheduler missed its heartbeat twice since 7.0 `get_next()` hangs.",
        "Since we moved to 7.0 `get_next()` hangs, our scheduler missed its heartbeat twice.",
        "Our scheduler missed two beats: since we moved to 7.0, `get_next()` hangs.",
    ],
)
def test_what_broke_since_a_release_is_the_fault_and_not_what_came_of_it(goal: str) -> None:
    assert asked(goal) == [("function", "`get_next()` no longer hangs")]


@pytest.mark.parametrize(
    "wish", ["It'd be great if", "It would be really nice if", "I'd love it if"]
)
def test_a_wish_is_no_fault(wish: str) -> None:
    goal = f"{wish} `expand` told me which range is wrong."
    assert asked(goal) == [("function", goal.rstrip("."))]


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("Get off text-unidecode 1.3 (unmaintained) - upgrade to Unidecode>=1.4", "dependency"),
        ("Pull the common part of `read` and `write` out", "refactoring"),
        ("Factor the retries out of `fetch`", "refactoring"),
        ("Get rid of `Table.foo`", "removal"),
        ("Move away from requests to httpx", "migration"),
        ("Pull the images from the server", "feature"),
    ],
)
def test_verbs_of_two_words_say_what_kind_of_work_it_is(goal: str, kind: str) -> None:
    assert recognised(read_goal(goal), has_code=True)[0] == kind
