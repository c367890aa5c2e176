"""What clauses of a goal ask for is chosen by their words and said in their nouns."""

import re
from collections import defaultdict
from collections.abc import Iterator

import msgspec
import pytest
from tests.greenfield.test_catalogue import TYPES

from missioncontrol.specialists.greenfield.behaviours import (
    Behaviour,
    acts_of_goal,
    behaviours,
)
from missioncontrol.specialists.greenfield.catalogue import kinds
from missioncontrol.specialists.greenfield.reading import read
from missioncontrol.specialists.greenfield.tables import parsed_fields

SLOTS = {"thing", "actor", "record", "product", "place", "other", "number", "when", "condition"}
RUN = 8


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in {"key", "match", "unless", "verbs", "by", "does", "fields", "states"}:
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


@pytest.mark.parametrize("behaviour", behaviours(), ids=lambda each: each.key)
def test_a_behaviour_is_whole(behaviour: Behaviour) -> None:
    assert behaviour.match or behaviour.verbs
    assert len(behaviour.checks) >= 2
    assert len(behaviour.risk) in {0, 2}
    assert len(behaviour.metric) in {0, 3, 4, 5}
    assert not behaviour.question or len(behaviour.question) >= 4
    for text in texts(msgspec.to_builtins(behaviour)):
        for slot in re.findall(r"\{(?:[aA] )?(\w+)\}", text):
            one = slot.lower()
            assert one in SLOTS or one.removesuffix("s") in SLOTS, text
            assert behaviour.record or not one.startswith("record"), text


@pytest.mark.parametrize("behaviour", behaviours(), ids=lambda each: each.key)
def test_fields_are_columns_of_known_types(behaviour: Behaviour) -> None:
    found = parsed_fields(behaviour.fields)
    assert len(found) == len(behaviour.fields)
    assert {each.type for each in found} <= TYPES


def test_no_two_behaviours_have_a_run_of_words_in_common() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for behaviour in behaviours():
        for text in texts(msgspec.to_builtins(behaviour)):
            words = re.findall(r"[\w'-]+", re.sub(r"\{[^}]*\}", "_", text.lower()))
            for start in range(len(words) - RUN + 1):
                where[" ".join(words[start : start + RUN])].add(behaviour.key)
    assert {run: keys for run, keys in where.items() if len(keys) > 1} == {}


def test_each_kind_of_product_knows_what_it_mostly_has() -> None:
    named = {each.key for each in behaviours() if each.name}
    assert {key for kind in kinds() for key in kind.usual} <= named


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("Members book hourly slots on walls.", "book"),
        ("Members write a book about slots.", ""),
        ("We teach. A waiting list when a course is full.", "waitlist"),
        ("Raise an alarm when the battery drops under 15 %.", "alarm"),
        ("Positions must be deleted 30 days after the callout closes.", "retention"),
        ("Never touch the originals.", "keep_originals"),
        ("Fetch the prices of five countries every afternoon.", "fetch_source"),
        ("It shows where new users drop off.", "funnel"),
    ],
)
def test_a_clause_says_what_is_meant(goal: str, wanted: str) -> None:
    found = [act.behaviour.key for act in acts_of_goal(read(goal), "tool")]
    assert (wanted in found) if wanted else "book" not in found


def test_texts_have_the_nouns_of_the_clause_and_are_left_out_where_it_has_none() -> None:
    act = acts_of_goal(read("Members book hourly slots on walls."), "booking site")[0]
    assert act.record == "booking"
    assert act.fill("{A actor} sees each {thing} of the {place} in the {product}.") == (
        "A member sees each hourly slot of the wall in the booking site."
    )
    assert act.fill("{Things} before {when}.") == ""
