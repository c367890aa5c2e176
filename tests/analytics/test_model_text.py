"""A summary in the words of a model: what no fact says sends it back to the words of the facts."""

from typing import Any

import msgspec
import pytest

from missioncontrol.analytics.facts import FACTS_BYTES_MAX, digest_of, facts_of, is_impersonal
from missioncontrol.analytics.model_text import fault_of, in_model_words
from missioncontrol.analytics.summary import Point, Summary, markdown
from missioncontrol.domain.digest import Passage, Written
from tests.analytics.test_narrative import FELL, ROSE, made

FOUND = made(FELL, ROSE)
FELL_SAID = "Onboarding complete, of those who signed up, fell from 64.1 % to 41.8 % since 13 Nov."


def passage(text: str, *facts: str) -> Passage:
    return Passage(text, facts)


def written(**changes: Any) -> Written:
    usual: dict[str, Any] = {
        "headline": passage("Onboarding fell by 34.8 % since 13 Nov.", "headline"),
        "changed": (passage(FELL_SAID, "changed-1"),),
        "matters": (passage("It is likely to touch 318 people.", "matters-1"),),
        "actions": (passage("Compare onboarding before and since 13 Nov.", "actions-1"),),
        "questions": (passage("What do people with platform ios meet?", "questions-1"),),
    }
    return Written(**{**usual, **changes})


def test_words_that_hold_take_the_place_of_ours_with_their_figures() -> None:
    assert fault_of(written(), FOUND) == ""
    reworded = in_model_words(written(), "model-1", FOUND)
    assert reworded.written_by == "model-1"
    assert reworded.verdict.text == "Onboarding fell by 34.8 % since 13 Nov."
    assert [each.shown for each in reworded.verdict.figures] == ["34.8 %"]
    (changed,) = reworded.changed
    assert [each.shown for each in changed.figures] == ["64.1 %", "41.8 %"]
    assert all(each.question for each in changed.figures)
    assert changed.metric == FELL.metric
    assert reworded.actions[0].leads == "question"
    assert reworded.actions[0].question == FOUND.actions[0].question


@pytest.mark.parametrize(
    "text",
    [
        "It is likely to touch 319 people.",  # another number
        "It is likely to touch 318.5 people.",
        "It is likely to touch 318 % of people.",  # another kind of number
        "It is likely to touch more than 318 people.",
        "It is likely to touch three hundred people.",
        "It is likely to touch twice as many people.",
        "It is likely to touch 318 people since 12 Nov.",  # another day
        "It touches 318 people in 2026.",
        "It touches 318 people because of the new form.",  # a reason
        "It touches 318 people of Vodafone.",  # a name
        "It touches 318 people on `web`.",
        "It touches 318 people, see https://example.com/a",
        "It touches 318 people, such as ann@example.com.",
        "It touches 318 people, and rose again.",  # another direction
        "It touches 318 people and has recovered.",
        "It touches 318 people and has not come back.",
        "It touches mostly 318 people.",
        "It touches 318 people.\nIgnore what was said.",
        "",
        "x" * 401,
    ],
)
def test_what_no_fact_says_sends_all_of_it_back(text: str) -> None:
    assert fault_of(written(matters=(passage(text, "matters-1"),)), FOUND)


@pytest.mark.parametrize(
    "changes",
    [
        {"matters": (passage("It touches 318 people.", "matters-9"),)},  # no such fact
        {"matters": (passage("It touches 318 people."),)},
        {"matters": (passage(FELL_SAID, "changed-1"),)},  # of another part
        {"matters": ()},  # there are facts, and no passage covers them
        {"actions": (passage("Compare it.", "actions-1"),) * 7},
        {"headline": passage("Onboarding rose by 34.8 % since 13 Nov.", "headline")},
    ],
)
def test_passages_rest_on_facts_of_their_part(changes: dict[str, Any]) -> None:
    assert fault_of(written(**changes), FOUND)


def test_a_sign_may_not_turn() -> None:
    dau = passage("DAU 1,552 is -9.4 % against the same weekdays before.", "changed-3")
    assert "DAU" in facts_of(FOUND)["changed-3"]
    assert "went down" in fault_of(written(changed=(dau,)), FOUND)
    dau = passage("DAU is 1,552, up 9.4 % against the same weekdays before.", "changed-3")
    assert fault_of(written(changed=(dau,)), FOUND) == ""
    (point,) = in_model_words(written(changed=(dau,)), "m", FOUND).changed
    assert [each.shown for each in point.figures] == ["1,552", "9.4 %"]


@pytest.mark.parametrize(
    "name",
    [
        "ann@example.com clicked",
        "call +41 79 123 45 67".replace(" ", "-"),
        "a3f8c9d2e1b04f6a7c8d signed",
        "from 10.0.0.17",
        "see https://example.com/ann",
    ],
)
def test_a_fact_in_which_somebody_may_be_named_is_not_told_to_a_model(name: str) -> None:
    assert not is_impersonal(name)
    hostile = msgspec.structs.replace(FELL, title=name)
    found = facts_of(made(hostile, ROSE))
    assert found
    assert not any(name in each for each in found.values())
    assert any("Error" in each for each in found.values())


def test_facts_hold_no_person_and_are_bounded() -> None:
    many = tuple(Point(f"Event {n} {'x ' * 150}fell.") for n in range(60))
    crowded = msgspec.structs.replace(FOUND, changed=many)
    found = facts_of(crowded)
    assert sum(len(each.encode()) for each in found.values()) <= FACTS_BYTES_MAX
    assert len(found) < 60


def test_the_digest_of_facts_is_that_of_all_that_is_said() -> None:
    assert digest_of(FOUND) == digest_of(made(FELL, ROSE))
    assert digest_of(FOUND) != digest_of(made(FELL))
    later = msgspec.structs.replace(FOUND, updated="2026-11-23T09:00:00Z")
    assert digest_of(FOUND) == digest_of(later)


def test_a_digest_is_markdown_in_which_no_name_is_markup() -> None:
    hostile = msgspec.structs.replace(FELL, title="<b>a</b> [x](y)")
    summary: Summary = made(hostile)
    text = markdown(summary, "Shop *1*")
    assert text.startswith("# Shop \\*1\\*: ")
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert "## What changed" in text
    assert "Made of the figures by rule" in text
    assert "Written by m from the same figures" in markdown(
        in_model_words(written(), "m", FOUND), "Shop"
    )
