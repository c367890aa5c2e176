"""Shapes and JSON Schema say the same."""

from typing import Any

import pytest

from missioncontrol.adapters.agents.schemas import json_schema, shape_of
from missioncontrol.domain.agent import ANYTHING, Shape, misfit

PERSON = Shape(
    "object",
    {
        "name": Shape("string", description="In full."),
        "age": Shape("integer", required=False),
        "tags": Shape("list", items=Shape("string", enum=("a", "b"))),
        "more": Shape("any", required=False),
        "home": Shape("object", {"city": Shape("string")}, required=False),
    },
    open=False,
)


def test_a_shape_comes_back_from_its_schema() -> None:
    assert shape_of(json_schema(PERSON)) == PERSON


@pytest.mark.parametrize("kind", ["string", "integer", "number", "boolean", "null", "any"])
def test_a_plain_kind_comes_back(kind: Any) -> None:
    assert shape_of(json_schema(Shape(kind))).kind == kind


def test_a_path_is_a_text_that_is_not_empty() -> None:
    assert json_schema(Shape("path")) == {"type": "string", "minLength": 1}


def test_a_closed_object_forbids_other_fields() -> None:
    schema = json_schema(PERSON)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["name", "tags"]


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": ["integer", "null"]},
        {"oneOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]},
    ],
)
def test_what_may_be_null_need_not_be_there(schema: dict[str, Any]) -> None:
    whole = {
        "type": "object",
        "properties": {"n": schema},
        "required": ["n"],
        "$defs": {"n": {"type": "integer"}},
    }
    shape = shape_of(whole)
    assert misfit({"n": None}, shape) == ""
    assert misfit({"n": 1}, shape) == ""
    assert misfit({"n": "x"}, shape) != ""


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert misfit({"next": {"next": {}}}, shape_of(schema)) == ""


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        [],
        {},
        {"type": "strange"},
        {"type": ["string", "integer"]},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/nowhere"},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"not": {"type": "string"}},
    ],
)
def test_what_a_shape_cannot_say_is_anything(schema: Any) -> None:
    assert shape_of(schema) == ANYTHING


def test_a_constant_is_the_only_choice() -> None:
    assert misfit("b", shape_of({"const": "a"})) != ""
