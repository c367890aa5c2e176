"""Entries of the catalogue are whole, say something of their own, and fit to each other."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from missioncontrol.specialists.greenfield.catalogue import (
    Concept,
    concepts,
    kinds,
    layouts,
    matches,
    technologies,
)
from missioncontrol.specialists.greenfield.tables import parsed_fields

SLOTS = {"thing", "things", "actor", "actors"}
RUN = 8
"""Words in a row that two concepts do not share."""
TYPES = {
    "text", "long text", "integer", "decimal", "money", "boolean", "date", "time", "timestamp",
    "duration", "json", "bytes", "digest", "email", "url", "point", "enum",
}  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in {"words", "verbs", "unless", "key", "files", "fields", "inputs"}:
                yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def test_every_concept_has_a_key_of_its_own_and_something_that_chooses_it() -> None:
    keys = [each.key for each in concepts()]
    assert len(keys) == len(set(keys))
    assert [each.key for each in concepts() if not (each.words or each.verbs)] == []
    assert [each.key for each in concepts() if not each.tasks] == []


def test_texts_have_known_slots_and_acceptance_has_values() -> None:
    for concept in concepts():
        for text in texts(msgspec.to_builtins(concept)):
            assert set(re.findall(r"\{(\w+)\}", text)) <= SLOTS, (concept.key, text)
        for task in concept.tasks:
            assert len(task.acceptance) >= 2, concept.key
            assert task.files, concept.key


def test_fields_are_columns_of_known_types() -> None:
    for concept in concepts():
        written = [each for entity in concept.entities for each in entity.fields]
        written += [each for action in concept.actions for each in action.inputs]
        found = parsed_fields(written)
        assert len(found) == len(written), concept.key
        assert {each.type for each in found} <= TYPES, concept.key


def test_no_two_concepts_say_the_same() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for concept in concepts():
        for text in texts(msgspec.to_builtins(concept)):
            words = re.findall(r"[\w{}'-]+", text.lower())
            for start in range(len(words) - RUN + 1):
                where[" ".join(words[start : start + RUN])].add(concept.key)
    assert {run: keys for run, keys in where.items() if len(keys) > 1} == {}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.key)
def test_a_kind_of_product_is_whole(kind: Any) -> None:
    parts = {each.id for each in kind.components}
    assert {end for each in kind.relations for end in (each.source, each.target)} <= parts
    assert len(kind.tasks) == 2
    assert len(kind.milestones) >= 3
    for stack in kind.stacks:
        assert stack.modules.format(package="shop", stem="a/b", name="b")
        assert stack.tests.format(package="shop", stem="a/b", name="b")
        assert len(stack.tree) >= 6


def test_technologies_bring_what_there_is_and_layouts_stand_for_some() -> None:
    keys = {each.key for each in technologies()}
    assert {key for each in technologies() for key in each.brings} <= keys
    assert len({each.key for each in layouts()}) == len(layouts())


def test_a_trigger_is_a_word_a_stem_or_a_phrase() -> None:
    words = ["three", "neighbours", "lend", "tools", "on", "free", "days"]
    assert list(matches("neighbour", words)) == [1]
    assert list(matches("lend*", words)) == [2]
    assert list(matches("free days", words)) == [5]
    assert list(matches("tool shed", words)) == []


def test_a_concept_is_read_whole() -> None:
    found = next(each for each in concepts() if each.key == "availability-by-day")
    assert isinstance(found, Concept)
    assert found.questions[0].default
