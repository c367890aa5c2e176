"""Reads what a workflow file says about one of its inputs."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from missioncontrol.domain.definition import vocabulary
from missioncontrol.domain.definition.definition import Input
from missioncontrol.domain.definition.source_location import (
    MISSING,
    Missing,
    Reader,
    Spot,
    choice,
    fields,
    flag,
    text,
)
from missioncontrol.domain.definition.templates import is_template
from missioncontrol.domain.definition.values import misfit_of_input
from missioncontrol.domain.pattern import pattern_fault

PATTERN_MAX = 1000


def read_input(spot: Spot) -> Input:
    """Read one input; its default and allowed values must fit its type and pattern.

    One that can't be read is still there for expressions that name it.
    """
    parts = spot.known_parts(vocabulary.INPUT, "{type: string, default: main}")
    if not isinstance(spot.value, dict):
        return Input("any", required=False)
    known = len(spot.faults.found)
    found = fields(parts, _READERS)
    found.setdefault("required", "default" not in parts)
    asked = Input(**found)
    if len(spot.faults.found) == known:
        _check(asked, parts)
    return asked


def _check(asked: Input, parts: Mapping[str, Spot]) -> None:
    if asked.pattern and asked.type not in ("string", "path"):
        parts["pattern"].refuse(
            f"A pattern is for texts, and this input is of type {asked.type}.",
            "Leave one of them out.",
        )
    elif not _bad_values(asked, parts) and asked.default is not UNSET:
        _check_default(asked, parts["default"])


def _bad_values(asked: Input, parts: Mapping[str, Spot]) -> bool:
    """Take down values of `enum` that the input could never have."""
    plain = Input(asked.type, pattern=asked.pattern)
    problems = [misfit_of_input(value, plain) for value in asked.enum]
    for index, problem in enumerate(problems):
        if problem:
            parts["enum"].under(index).refuse(f"This input can't have that value: {problem}.")
    return any(problems)


def _check_default(asked: Input, default: Spot) -> None:
    if asked.required:
        default.refuse(
            "An input that is required needs no default.", "Leave `required` or `default` out."
        )
    elif is_template(default.value):
        default.refuse("A default is a plain value; nothing in ${{ }} is worked out in it.")
    elif problem := misfit_of_input(default.value, asked):
        default.refuse(f"This input can't have that value: {problem}.")


def _as_it_is(spot: Spot) -> Any:
    return spot.value


def _read_enum(spot: Spot) -> tuple[Any, ...] | Missing:
    items = spot.items("a list of the values that are allowed")
    if isinstance(spot.value, list) and not items:
        return spot.refuse("It allows no value.", "Leave the key out where any value is fine.")
    found: list[Any] = []
    for item in items:
        if any(type(item.value) is type(each) and item.value == each for each in found):
            item.refuse("The value stands here twice.", "Take one of them away.")
        found.append(item.value)
    return tuple(found) if found else MISSING


def _read_pattern(spot: Spot) -> str | Missing:
    pattern = text(PATTERN_MAX)(spot)
    problem = "" if isinstance(pattern, Missing) else pattern_fault(pattern)
    return spot.refuse(f"It is no regular expression: {problem}.") if problem else pattern


_READERS: dict[str, tuple[str, Reader[Any]]] = {
    "type": (
        "type",
        choice("string", "integer", "number", "boolean", "path", "list", "object", "any"),
    ),
    "description": ("description", text(20_000)),
    "default": ("default", _as_it_is),
    "pattern": ("pattern", _read_pattern),
    "enum": ("enum", _read_enum),
    "required": ("required", flag),
}
