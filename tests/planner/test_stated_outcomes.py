"""By what the work is accepted: input and outcome where a goal states them, else what shows it."""

import re
from pathlib import Path

import pytest
from tests.planner.test_what_maintainers_object_to import changes, planned

from missioncontrol.domain.coverage_gaps import Asked, gaps
from missioncontrol.specialists.planner.clauses import as_ask
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.outcomes import limits, outcomes

FACTS = {"it": "R1", "covered": "`parse`", "test": "`tests/test_a.py`"}
SAYS = " with a message that names what was wrong."
IN = "A test in `tests/test_a.py`"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('`slug("a b")` should return "a-b"', f'{IN} calls `slug("a b")` and gets `"a-b"`.'),
        ("slug('') must return ''", f"{IN} calls `slug('')` and gets `''`."),
        ("`count([])` is 0", f"{IN} calls `count([])` and gets `0`."),
        ("`top(rows(3), 2)` yields [1, 2]", f"{IN} calls `top(rows(3), 2)` and gets `[1, 2]`."),
        (
            '`slug` returns "n-a" for `None`',
            f'{IN} calls `slug` with `None` and gets `"n-a"`.',
        ),
        ("`show(1)` prints `one`", f"{IN} calls `show(1)` and sees printed `one`."),
        (
            "An unknown locale raises `LocaleError`",
            f"{IN} meets “an unknown locale” and expects `LocaleError`{SAYS}",
        ),
        (
            "Raise ValueError when the width is negative",
            f"{IN} meets “the width is negative” and expects `ValueError`{SAYS}",
        ),
        (
            'Anything else raises SlugError with the message "Not a slug."',
            f'{IN} meets “anything else” and expects `SlugError` with the message `"Not a slug."`.',
        ),
        (
            "A missing file exits with code 2",
            f"{IN} tries “a missing file” in a process of its own and sees exit status 2.",
        ),
        ("Exit with status 3", f"{IN} runs it in a process of its own and sees exit status 3."),
        (
            "An upload beyond the limit returns 413",
            f"{IN} meets “an upload beyond the limit” and sees status 413.",
        ),
        (
            "Write the report as JSON",
            f"{IN} reads the JSON of R1 with a JSON reader that is not its own.",
        ),
    ],
)
def test_what_goes_in_and_what_comes_out_stands_in_the_acceptance(text: str, sentence: str) -> None:
    assert outcomes(as_ask(text, "goal", text), FACTS) == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "Add a cache to `parse`",
        "It must not raise ValueError",
        "`parse` no longer raises `KeyError`",
        "`parse` doesn't raise KeyError",
        "`parse` should give names; today it raises KeyError",
        "Raise `TEA_HEAT` by one",
        "Return early from `parse`",
    ],
)
def test_what_states_no_outcome_gets_none(text: str) -> None:
    assert outcomes(as_ask(text, "goal", text), FACTS) == []


def test_an_environment_variable_stands_in_a_command() -> None:
    goal = "Honour the environment variable `TEA_HEAT`: where it is set to `high`, boil longer."
    command = "python -m pytest tests/test_a.py"
    facts = FACTS | {"test_command": "`python -m pytest`", "whole_goal": goal}
    (shown,) = outcomes(read_goal(goal).asks[0], facts)
    assert shown == (
        f"`TEA_HEAT=high {command}` runs a test that sees `TEA_HEAT` heeded, and "
        f"`env -u TEA_HEAT {command}` one that gets the answers of today."
    )
    assert outcomes(read_goal(goal).asks[0], {"it": "R1", "whole_goal": goal}) == [
        "One test sets `TEA_HEAT` to `high` and sees it heeded, one unsets it."
    ]


def test_what_is_said_of_it_is_said_of_the_thing_and_not_of_anything_else() -> None:
    goal = (
        "Add `fields.Slug` which accepts dashes; anything else raises SlugError. "
        "It must be importable from `fields`."
    )
    asks = read_goal(goal).asks
    assert asks[-1].text == "It must be importable from `fields`"


def test_how_often_is_counted_and_how_much_faster_is_measured() -> None:
    assert list(limits("retries at most 3 times")) == [
        "Tests stand on both sides of “at most 3 times”: 3 and 4."
    ]
    assert "A recorded measurement" in next(limits("at most 3 times the memory"))


def test_a_condition_stays_with_what_it_is_said_of() -> None:
    goal = "Honour the `TEA` variable: when it is set to `high`, `heat` boils, a cold pot is kept."
    assert [ask.text for ask in read_goal(goal).asks] == [
        "Honour the `TEA` variable",
        "When it is set to `high`, `heat` boils",
        "A cold pot is kept",
    ]


@pytest.mark.parametrize(
    "sentence", ["Nested documents raise `ValueError`.", "An unknown leaf raises `LeafError`."]
)
def test_an_error_that_all_such_raise_is_asked_for_and_not_told(
    sentence: str, tmp_path: Path
) -> None:
    goal = f"Export leaves as CSV: `Reader.to_csv` writes one row per leaf. {sentence}"
    plan = planned(tmp_path, goal)
    assert sentence.strip(".") in [each.text for each in plan.requirements]
    lost = [gap for gap in gaps(plan, Asked(goal)) if gap.code == "demand.unmet"]
    assert not lost


def test_no_two_requirements_are_accepted_by_one_sentence_with_other_names(tmp_path: Path) -> None:
    goal = (
        "`Reader.read_leaves` should skip stems. `Reader.read_stems` should skip leaves. "
        "`heat` should refuse ice."
    )
    plan = planned(tmp_path, goal)
    criteria = [each for task in changes(plan) for each in task.acceptance]
    bare = [re.sub(r"`[^`]*`|\bR\d+\b", "…", each) for each in criteria]
    assert len(bare) == len(set(bare))
    assert all(task.acceptance for task in changes(plan))


def test_what_a_constraint_names_is_pinned_by_name(tmp_path: Path) -> None:
    goal = "Let `Reader.read_leaves` skip stems."
    plan = planned(tmp_path, goal, "`heat` stays as it is", "Nothing is written to the terminal")
    held = [task for task in plan.tasks() if task.key.startswith("hold")]
    assert "What `heat` (`teapot/heating.py:4`) answers is pinned" in held[0].acceptance[0]
    assert "fails where “Nothing is written to the terminal” does not hold" in held[1].acceptance[0]


def test_a_document_that_is_not_there_is_begun_and_not_exchanged(tmp_path: Path) -> None:
    goal = "Let `Reader.read_leaves` skip stems. Document it in docs/advanced/leaves.md."
    document = changes(planned(tmp_path, goal))[1]
    assert "`docs/advanced/leaves.md` yet: begin one" in document.detail
    assert document.scope == ()


def test_a_text_about_how_to_do_something_is_run_as_it_is_printed(tmp_path: Path) -> None:
    goal = "Speed up `Reader.read_leaves`. Document how to measure it in the README."
    [_, document, *_] = changes(planned(tmp_path, goal))
    assert document.acceptance[0] == (
        "`README.md` says how to measure `Reader.read_leaves`, and each example there has been run "
        "as it is printed."
    )


def test_a_command_line_is_no_further_implementation(tmp_path: Path) -> None:
    goal = "Add a command line `python -m teapot write FILE` for `PotWriter`."
    plan = planned(tmp_path, goal)
    assert "new implementation" not in changes(plan)[0].detail
