"""MCP tools of declared operations and queries.

Each tool costs every client a part of its context, so only what is declared with `tool=True` has
one of its own. The others are found by `find_operation` and executed by `run_operation`.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, TypeAlias

import msgspec
from mcp.server.mcpserver import Context
from mcp_types import ToolAnnotations
from pydantic import Field, WithJsonSchema

from missioncontrol import operations, queries
from missioncontrol.declarations import Declared, ListQuery, Operation, Query
from missioncontrol.domain.errors import NotFound
from missioncontrol.surfaces.fields import fields_of

Ctx: TypeAlias = Context[Any, Any]

FOUND_MAX = 20
CURSOR_MAX = 1_000
LIMIT = 20
LIMIT_MAX = 100

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
ENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)


class Wanted(msgspec.Struct, frozen=True):
    """What a model asks for."""

    declared: Declared
    target: str = ""
    given: dict[str, Any] = {}
    cursor: str = ""  # of a list
    limit: int = LIMIT


Send: TypeAlias = Callable[[Ctx, Wanted], Awaitable[dict[str, Any]]]
"""Asks whatever the server reaches, and returns the answer within its bounds."""


def tools(send: Send) -> Iterator[tuple[Callable[..., Any], ToolAnnotations]]:
    """Yield the functions of all tools, with what each does to the world."""
    for declared in _offered():
        if declared.tool:
            yield _tool(declared, send), _effect(declared)
    yield _find_operation(), READS
    yield _run_operation(send), ENDS


def _offered() -> Iterator[Declared]:
    for declared in (*queries.every(), *operations.every()):
        if "mcp" in declared.surfaces:
            yield declared


def _effect(declared: Declared) -> ToolAnnotations:
    if isinstance(declared, Query):
        return READS
    return ENDS if isinstance(declared, Operation) and declared.risk == "end" else WRITES


def _tool(declared: Declared, send: Send) -> Callable[..., Any]:
    named, chain = declared.named, declared.chain

    async def tool(ctx: Ctx, cursor: str = "", limit: int = LIMIT, **given: Any) -> dict[str, Any]:
        ids = [given.pop(each.placeholder) for each in chain]
        id_ = named.join(ids) if named is not None else ""
        values = {name: value for name, value in given.items() if value is not None}
        return await send(ctx, Wanted(declared, id_, values, cursor, limit))

    parameters: dict[str, tuple[Any, Any]] = {"ctx": (Ctx, inspect.Parameter.empty)}
    for each in chain:
        about = Field(max_length=300, description=f"Its id: {each.help}.")
        parameters[each.placeholder] = (Annotated[str, about], inspect.Parameter.empty)
    for field in fields_of(declared.given):
        about = Field(description=field.description) if field.description else Field()
        default = inspect.Parameter.empty if field.is_required else field.default
        schema = WithJsonSchema(schema_of(field.annotation))
        parameters[field.name] = (Annotated[Any, schema, about], default)
    if isinstance(declared, ListQuery):
        about = Field(max_length=CURSOR_MAX, description="`next` of the page before.")
        parameters["cursor"] = (Annotated[str, about], "")
        about = Field(ge=1, le=LIMIT_MAX, description="How many at most.")
        parameters["limit"] = (Annotated[int, about], LIMIT)
    tool.__name__ = tool.__qualname__ = declared.routine
    tool.__doc__ = declared.text
    tool.__annotations__ = {name: kind for name, (kind, _) in parameters.items()}
    tool.__annotations__["return"] = dict[str, Any]
    tool.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, (kind, default) in parameters.items()
        ],
        return_annotation=dict[str, Any],
    )
    return tool


def _find_operation() -> Callable[..., Any]:
    async def find_operation(
        words: Annotated[str, Field(max_length=300, description="What is to be done.")] = "",
    ) -> dict[str, Any]:
        """Find operations and queries that have no tool of their own, for `run_operation`.

        Each has its name, what it does, what its target looks like and the schema of its arguments.
        """
        wanted = words.casefold().split()
        found = [
            _described(each)
            for each in _offered()
            if all(word in f"{each.name} {each.text}".casefold() for word in wanted)
        ]
        return {"operations": found[:FOUND_MAX], "more": max(len(found) - FOUND_MAX, 0)}

    return find_operation


def _described(declared: Declared) -> dict[str, Any]:
    return {
        "name": declared.name,
        "does": declared.text,
        "target": "/".join(each.help for each in declared.chain),
        "arguments": schema_of(declared.given),
    }


def _run_operation(send: Send) -> Callable[..., Any]:
    async def run_operation(
        ctx: Ctx,
        name: Annotated[str, Field(max_length=100, description="As `find_operation` names it.")],
        target: Annotated[
            str, Field(max_length=300, description="The id of what it is about.")
        ] = "",
        arguments: dict[str, Any] = {},  # noqa: B006 - never changed
    ) -> dict[str, Any]:
        """Execute an operation, or answer a query, that `find_operation` has found."""
        declared = next((each for each in _offered() if each.name == name), None)
        if declared is None:
            raise NotFound(
                "operation.unknown",
                f"There is no operation {name!r} for tools.",
                hint="`find_operation` names those that there are.",
            )
        return await send(ctx, Wanted(declared, target, arguments))

    return run_operation


def schema_of(annotation: Any) -> dict[str, Any]:
    """Return the JSON schema of a type, whole: models read it, and follow no references."""
    (schema,), shapes = msgspec.json.schema_components([annotation])
    found: dict[str, Any] = _inlined(schema, shapes)
    return found


def _inlined(value: Any, shapes: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(each, shapes) for each in value]
    if not isinstance(value, dict):
        return value
    if name := value.get("$ref"):
        return _inlined(shapes[name.rpartition("/")[2]], shapes)
    return {key: _inlined(each, shapes) for key, each in value.items()}
