"""What a run of a workflow is given: as JSON Schema, as the fields of a form, and read from one."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from missioncontrol.domain.definition import Definition, Input
from missioncontrol.domain.definition.plain import plain_input
from missioncontrol.domain.definition.values import read_inputs


class InputField(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input of a workflow, as a form asks for it."""

    name: str
    type: str
    required: bool
    description: str = ""
    default: Any = UNSET
    pattern: str = ""
    enum: tuple[Any, ...] = ()


def fields_of(definition: Definition) -> list[InputField]:
    """Return what a form asks for, in the order of the file."""
    return [
        InputField(
            name,
            asked.type,
            asked.required,
            asked.description,
            asked.default,
            asked.pattern,
            asked.enum,
        )
        for name, asked in definition.inputs.items()
    ]


def input_schema(definition: Definition) -> dict[str, Any]:
    """Return the JSON Schema of what a run of a workflow is given."""
    asked = definition.inputs
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": definition.name,
        "type": "object",
        "properties": {name: _schema_of(each) for name, each in asked.items()},
        "required": [name for name, each in asked.items() if each.required],
        "additionalProperties": False,
    }


def _schema_of(asked: Input) -> dict[str, Any]:
    kind = {"path": "string", "list": "array"}.get(asked.type, asked.type)
    declared = plain_input(asked)
    schema: dict[str, Any] = {} if kind == "any" else {"type": kind}
    may_be_null = not asked.required and asked.default is UNSET
    if may_be_null and schema:
        schema["type"] = [kind, "null"]
    if asked.type == "path":
        schema["format"] = "path"
    if asked.pattern:
        schema["pattern"] = f"^(?:{asked.pattern})$"
    if asked.enum:
        schema["enum"] = [*asked.enum, *([None] if may_be_null else [])]
    return schema | {key: declared[key] for key in ("description", "default") if key in declared}


def text_of(value: Any) -> str:
    """Return a value as a form shows it; empty where there is none."""
    if value is UNSET or value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def given_inputs(
    definition: Definition, typed: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a run is given by a form, and for each input that does not fit a sentence why.

    A field that was left empty gives nothing: its default counts, if there is one.
    """
    given = {
        name: _meant(definition.inputs[name], text) for name, text in typed.items() if text.strip()
    }
    _, misfits = read_inputs(definition, given)
    return given, {name: _sentence(problem) for name, problem in misfits.items()}


def _meant(asked: Input, text: str) -> Any:
    """Return the allowed value that is shown as `text`, or the text."""
    return next((value for value in asked.enum if text_of(value) == text), text)


def _sentence(problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}."
