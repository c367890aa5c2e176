"""Converts shapes to JSON Schema and back, for tools, servers and forms."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from missioncontrol.domain.agent import ANYTHING, Kind, Shape

Schema = dict[str, Any]

DEPTH_MAX = 16
FIELDS_MAX = 500
"""Most fields of one object. Beyond a bound, any value fits."""

DESCRIPTION_MAX = 2_000

PARTS_MAX = 10_000
"""Most parts of one declared schema."""

_WORDS: dict[Kind, str] = {
    "string": "string",
    "path": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "list": "array",
    "object": "object",
    "null": "null",
}
_KINDS: dict[str, Kind] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
    "null": "null",
}


def json_schema(shape: Shape) -> Schema:
    """Return a JSON Schema (2020-12); every value that fits it fits `shape`.

    A field that may be null by its shape may only be left out by its schema.
    """
    found: Schema = {"type": _WORDS[shape.kind]} if shape.kind in _WORDS else {}
    if shape.kind == "path":
        found["minLength"] = 1
    if shape.description:
        found["description"] = shape.description
    if shape.enum:
        found["enum"] = list(shape.enum)
    if shape.items is not None:
        found["items"] = json_schema(shape.items)
    if shape.kind == "object":
        found |= _object(shape)
    return found


def _object(shape: Shape) -> Schema:
    found: Schema = {}
    if shape.fields:
        found["properties"] = {name: json_schema(field) for name, field in shape.fields.items()}
    if required := [name for name, field in shape.fields.items() if field.required]:
        found["required"] = required
    if not shape.open:
        found["additionalProperties"] = False
    return found


def shape_of(schema: Any) -> Shape:
    """Return the shape of the values that fit `schema`, from any source.

    A shape says less: patterns, bounds and choices between structures are left out, so that it
    refuses nothing that the schema allows. References are followed within the schema alone.
    """
    root = schema if isinstance(schema, Mapping) else {}
    return _shape(schema, root, DEPTH_MAX)


def _shape(schema: Any, root: Mapping[str, Any], depth: int) -> Shape:
    if depth == 0 or not isinstance(schema, Mapping):
        return ANYTHING
    if "$ref" in schema:
        return _described(_shape(_referred(schema["$ref"], root), root, depth - 1), schema)
    for word in ("anyOf", "oneOf", "allOf"):
        if isinstance(choices := schema.get(word), list) and "type" not in schema:
            return _described(_chosen(choices, root, depth - 1), schema)
    kind, is_optional = _kind(schema.get("type"))
    items, fields = None, {}
    if kind == "list" and "items" in schema:
        items = _shape(schema["items"], root, depth - 1)
    if kind == "object":
        fields = _fields(schema, root, depth - 1)
    is_open = kind != "object" or schema.get("additionalProperties", True) is not False
    shape = Shape(kind, fields, items, not is_optional, open=is_open, enum=_enum(schema))
    return _described(shape, schema)


def _kind(declared: Any) -> tuple[Kind, bool]:
    """Return the kind that `type` names, and whether null is allowed beside it."""
    names = declared if isinstance(declared, list) else [declared]
    others = [name for name in names if name != "null"]
    if not others:
        return "null", False
    if len(others) > 1 or not isinstance(others[0], str):
        return "any", False
    return _KINDS.get(others[0], "any"), "null" in names


def _enum(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    if "const" in schema:
        return (schema["const"],)
    choices = schema.get("enum")
    return tuple(choice for choice in choices if choice is not None) if choices else ()


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Shape]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or len(properties) > FIELDS_MAX:
        return {}
    required = schema.get("required")
    needed = set(required) if isinstance(required, list) else set()
    found = {name: _shape(field, root, depth) for name, field in properties.items()}
    return {
        name: msgspec.structs.replace(field, required=field.required and name in needed)
        for name, field in found.items()
    }


def _chosen(choices: list[Any], root: Mapping[str, Any], depth: int) -> Shape:
    """Return the only shape among `choices` that is not null, or ANYTHING for several."""
    shapes = [_shape(choice, root, depth) for choice in choices[:FIELDS_MAX]]
    others = [shape for shape in shapes if shape.kind != "null"]
    is_optional = len(others) < len(shapes)
    one = others[0] if len(others) == 1 else ANYTHING
    return msgspec.structs.replace(one, required=one.required and not is_optional)


def _described(shape: Shape, schema: Mapping[str, Any]) -> Shape:
    text = schema.get("description") or schema.get("title") or ""
    if not isinstance(text, str) or not text:
        return shape
    return msgspec.structs.replace(shape, description=text[:DESCRIPTION_MAX])


def _referred(reference: Any, root: Mapping[str, Any]) -> Any:
    """Return the target of a reference such as `#/$defs/item`; None if it is another document."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def schema_fault(schema: Any) -> str:
    """Return what is wrong with a declared schema, or ''."""
    # `shape_of` accepts any value where it doesn't understand a schema, so a misspelt word would
    # switch the check off.
    root = schema if isinstance(schema, Mapping) else {}
    left: list[tuple[str, Any]] = [("", schema)]
    for _ in range(PARTS_MAX):
        if not left:
            return ""
        place, part = left.pop()
        if fault := _fault_of(part, root):
            return f"{place}: {fault}" if place else fault
        left.extend(_parts_of(part, place))
    return f"It has more than {PARTS_MAX:,} parts."


def _fault_of(part: Any, root: Mapping[str, Any]) -> str:
    if isinstance(part, bool):
        return ""
    if not isinstance(part, Mapping):
        return f"A schema has to be a table, and is {part!r:.80}."
    if "$ref" in part and not isinstance(_referred(part["$ref"], root), Mapping):
        return f"`$ref` is {part['$ref']!r:.80}, which is not in this schema."
    for word, form, name in _FORMS:
        if word in part and not isinstance(part[word], form):
            return f"`{word}` has to be {name}, and is {part[word]!r:.80}."
    return _unknown_type(part.get("type", []))


_FORMS: tuple[tuple[str, Any, str], ...] = (
    ("type", str | list, "a name or a list of names"),
    ("properties", Mapping, "a table of schemas"),
    ("$defs", Mapping, "a table of schemas"),
    ("required", list, "a list of names"),
    ("enum", list, "a list of values"),
    *((word, list, "a list of schemas") for word in ("anyOf", "oneOf", "allOf")),
)


def _unknown_type(declared: str | list[Any]) -> str:
    for name in [declared] if isinstance(declared, str) else declared:
        if name not in _KINDS:
            near = get_close_matches(str(name), _KINDS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(_KINDS)}."
            return f"There is no type {name!r:.80}. {hint}"
    return ""


def _parts_of(part: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield the schemas inside another, each with its path."""
    if isinstance(part, bool):
        return
    before = f"{place}." if place else ""
    for word in ("properties", "$defs"):
        for name, each in part.get(word, {}).items():
            yield f"{before}{word}.{name}", each
    for word in ("items", "additionalProperties"):
        if word in part:
            yield f"{before}{word}", part[word]
    for word in ("anyOf", "oneOf", "allOf"):
        for number, each in enumerate(part.get(word, ())):
            yield f"{before}{word}[{number}]", each
