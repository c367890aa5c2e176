"""What a run is given: checked against what its workflow asks for, with defaults filled in."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from missioncontrol.domain.agent import Shape, misfit
from missioncontrol.domain.definition.definition import Definition, Input, InputType
from missioncontrol.domain.definition.fault import nearest, quoted
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.pattern import compiled
from missioncontrol.domain.step import InputSchema

SHOWN_MAX = 60

MATCHED_MAX = 10_000
"""Characters of a text that is compared with a pattern."""


def inputs_of(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every input of `definition`, null where one may be and is missing.

    A text for an integer, a number, a boolean, a list or an object is read as JSON, as a command
    line can give nothing else. An input of type `any` takes a text as it is.

    Raises:
        Rejected: `run.bad_inputs`, naming every input that is missing, unknown or does not fit.
    """
    problems = [_unknown(name, definition) for name in given if name not in definition.inputs]
    values, misfits = read_inputs(definition, given)
    problems += [
        f"{name!r}: {problem}{_how(name, values[name], definition.inputs[name].type)}"
        for name, problem in misfits.items()
    ]
    if problems:
        raise Rejected(
            "run.bad_inputs",
            f"These inputs don't fit {definition.name!r}. {'; '.join(problems)}.",
            hint=f"`mission workflow show {definition.name}` tells what it takes.",
        )
    return values


def read_inputs(
    definition: Definition, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a value for every input, and for each that does not fit what is wrong with it."""
    values: dict[str, Any] = {}
    misfits: dict[str, str] = {}
    for name, asked in definition.inputs.items():
        value = _read(given.get(name), asked.type)
        if value is None:
            value = None if asked.default is UNSET else asked.default
            problem = "it is missing" if asked.required else ""
        else:
            problem = misfit_of_input(value, asked)
        if problem:
            misfits[name] = problem
        values[name] = value
    return values, misfits


def refuse_misfits(
    workflow: str, takes: Mapping[str, InputSchema], values: Mapping[str, Any]
) -> None:
    """Refuse what a called workflow is given where it is not what it asks for.

    Raises:
        Rejected: `run.bad_inputs`, naming every input that does not fit.
    """
    problems = [
        f"{name!r}: {problem}"
        for name, asked in takes.items()
        if (problem := misfit_of_input(values.get(name), asked))
    ]
    problems += [f"{name!r}: there is no such input" for name in values if name not in takes]
    if problems:
        raise Rejected(
            "run.bad_inputs",
            f"These inputs don't fit {workflow!r}. {'; '.join(problems)}.",
            hint="Check where their values come from.",
        )


def _read(value: Any, kind: InputType) -> Any:
    """Return a text as what it says, where another kind of value is asked for."""
    if not isinstance(value, str) or kind in ("string", "path", "any"):
        return value
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value
    return value if misfit(found, Shape(kind)) else found


_EXAMPLES: dict[InputType, str] = {
    "integer": "3",
    "number": "2.5",
    "boolean": "true",
    "object": '{"key":"value"}',
}


def _how(name: str, value: Any, kind: InputType) -> str:
    """Show how a command line gives what `value` should be; nothing where it is no bare text."""
    if not isinstance(value, str) or kind in ("string", "path", "any"):
        return ""
    example = _EXAMPLES.get(kind) or _as_list(value)
    return f"; on a command line it is written '{name}={example}'"


def _as_list(text: str) -> str:
    parts = [part.strip().strip("\"'") for part in text.strip("[] ").split(",")]
    is_short = len(text) <= SHOWN_MAX and all(parts) and not set("{}[]") & {*"".join(parts)}
    return msgspec.json.encode(parts if is_short else ["a", "b"]).decode()


def _unknown(name: str, definition: Definition) -> str:
    near = nearest(name, definition.inputs)
    hint = f" (did you mean {near!r}?)" if near else ""
    return f"{quoted(name)}: there is no such input{hint}"


def shape_of(asked: Input | InputSchema) -> Shape:
    """Return what values of an input look like."""
    kind: Any = asked.type
    return Shape(kind, required=asked.required, enum=asked.enum)


def misfit_of_input(value: Any, asked: Input | InputSchema) -> str:
    """Say why `value` can't be what an input asks for, or return an empty text.

    Null is fine where the input is not required.
    """
    if value is None and not asked.required:
        return ""
    problem = misfit(value, shape_of(asked))
    if problem:
        return problem
    if asked.pattern:
        return _mismatch(value, asked.pattern)
    return ""


def _mismatch(text: str, pattern: str) -> str:
    if len(text) > MATCHED_MAX:
        return f"it has {len(text):,} characters; at most {MATCHED_MAX:,} fit"
    if compiled(pattern).fullmatch(text):
        return ""
    return f"{quoted(text)} does not match the pattern {pattern}"
