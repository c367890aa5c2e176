"""The OpenAPI document as people read it: resources, operations, their shapes, and an example."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from missioncontrol.domain.errors import NotFound
from missioncontrol.interfaces.api.document import PERMISSION, document

DEPTH_MAX = 3
ROWS_MAX = 80
"""A shape is shown this deep, and with so many rows; the document has all of it."""

Schema = Mapping[str, Any]


class Row(msgspec.Struct, frozen=True):
    """A parameter, or a field of a shape."""

    name: str  # `items[].id` within shapes
    type: str  # in words
    is_required: bool
    text: str = ""
    place: str = ""  # of a parameter: path, query or header


class Answer(msgspec.Struct, frozen=True):
    """What may come back."""

    status: str
    text: str
    types: tuple[str, ...] = ()


class Operation(msgspec.Struct, frozen=True):
    """Something that can be asked for."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    resource: str
    needs: str  # a permission, or nothing, or sign_in
    parameters: tuple[Row, ...]
    body: tuple[Row, ...]
    body_name: str  # of its shape
    answer: tuple[Row, ...]  # of the first status that is no refusal
    answers: tuple[Answer, ...]
    refusals: tuple[Answer, ...]
    example: str  # of its body, as JSON; empty where it has none

    def curl(self, home: str) -> str:
        """Return a command that asks for it at a server."""
        lines = ["curl -sS", '-H "Authorization: Bearer $MISSION_TOKEN"']
        if self.method != "GET":
            lines[0] += f" -X {self.method}" if self.method != "HEAD" else " --head"
        if any(row.name == "idempotency-key" for row in self.parameters):
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        if self.example:
            lines += ["-H 'Content-Type: application/json'", f"-d '{self.example}'"]
        return " \\\n  ".join([*lines, f"'{home}{self.path}{self._query}'"])

    @property
    def _query(self) -> str:
        needed = [row for row in self.parameters if row.place == "query" and row.is_required]
        query = "&".join(f"{row.name}={row.name.upper()}" for row in needed)
        return f"?{query}" if query else ""


class Resource(msgspec.Struct, frozen=True):
    """Operations about one thing."""

    name: str
    text: str
    operations: tuple[Operation, ...]

    @property
    def note(self) -> str:
        """What its text says besides its name, if it says more."""
        text = self.text.partition(": ")[2]
        return text[:1].upper() + text[1:]


@cache
def resources(version: str) -> tuple[Resource, ...]:
    """Return all resources with what can be asked of them, in the order of the document."""
    made = document(version)
    operations = [
        _operation(made, path, method, operation)
        for path, item in made["paths"].items()
        for method, operation in item.items()
    ]
    return tuple(
        Resource(tag["name"], tag.get("description", ""), of_it)
        for tag in made["tags"]
        if (of_it := tuple(each for each in operations if each.resource == tag["name"]))
    )


def operation(version: str, name: str) -> Operation:
    """Return an operation by its id.

    Raises:
        NotFound: `operation.unknown`.
    """
    for resource in resources(version):
        for found in resource.operations:
            if found.id == name:
                return found
    raise NotFound("operation.unknown", f"The API has no operation {name[:80]!r}.")


def fitting(found: Sequence[Resource], text: str) -> list[Resource]:
    """Return the operations in which each word of `text` stands, by resource."""
    words = text.lower().split()
    chosen = [
        Resource(each.name, each.text, tuple(o for o in each.operations if _has(o, words)))
        for each in found
    ]
    return [each for each in chosen if each.operations]


def _has(found: Operation, words: Sequence[str]) -> bool:
    text = f"{found.method} {found.path} {found.summary} {found.text} {found.id}".lower()
    return all(word in text for word in words)


def _operation(made: Schema, path: str, method: str, declared: Schema) -> Operation:
    body = _content(declared.get("requestBody", {}))
    answers = [_answer(made, status, each) for status, each in declared["responses"].items()]
    first = next(each for status, each in declared["responses"].items() if status < "3")
    return Operation(
        declared["operationId"],
        method.upper(),
        path,
        declared.get("summary", ""),
        declared.get("description", ""),
        (declared.get("tags") or [""])[0],
        declared[PERMISSION],
        tuple(_parameter(made, each) for each in declared.get("parameters", ())),
        tuple(_rows(made, body)),
        body.get("$ref", "").rpartition("/")[2],
        tuple(_rows(made, _content(first))),
        tuple(each for each in answers if each.status < "4"),
        tuple(each for each in answers if each.status >= "4"),
        _example(made, body),
    )


def _content(declared: Schema) -> Schema:
    """Return the schema of what is sent as JSON, or nothing."""
    content: Schema = declared.get("content", {}).get("application/json", {})
    schema: Schema = content.get("schema", {})
    return schema


def _answer(made: Schema, status: str, declared: Schema) -> Answer:
    found = _resolved(made, declared)
    return Answer(status, found.get("description", ""), tuple(found.get("content", {})))


def _parameter(made: Schema, stated: Schema) -> Row:
    schema = stated.get("schema", {})
    text = stated.get("description") or _resolved(made, schema).get("description", "")
    # That one may be left out is no type of it.
    words = _words(made, schema).removesuffix(" or null")
    return Row(stated["name"], words, bool(stated.get("required")), text, stated.get("in", ""))


def _resolved(made: Schema, declared: Schema) -> Schema:
    while "$ref" in declared:
        *_, kind, name = declared["$ref"].split("/")
        declared = made["components"][kind][name]
    return declared


def _rows(made: Schema, schema: Schema) -> list[Row]:
    return list(_fields(made, schema, "", 0))[:ROWS_MAX]


def _fields(made: Schema, schema: Schema, before: str, depth: int) -> Iterator[Row]:
    """Yield the fields of an object, of what an array holds, and of what is in them."""
    found = _plain(made, schema)
    if depth > DEPTH_MAX:
        return
    if found.get("type") == "array":
        yield from _fields(made, found.get("items", {}), f"{before}[]", depth)
        return
    needed = found.get("required", ())
    for name, field in found.get("properties", {}).items():
        where = f"{before}.{name}".removeprefix(".")
        words = _words(made, field)
        yield Row(where, words, name in needed, _resolved(made, field).get("description", ""))
        yield from _fields(made, field, where, depth + 1)


def _plain(made: Schema, schema: Schema) -> Schema:
    """Return a schema without its reference, and without null as another choice."""
    found = _resolved(made, schema)
    choices = [each for each in found.get("oneOf", ()) if each.get("type") != "null"]
    return _plain(made, choices[0]) if len(choices) == 1 else found


def _words(made: Schema, schema: Schema) -> str:
    """Return the type of a value in words."""
    found = _resolved(made, schema)
    if choices := found.get("oneOf") or found.get("anyOf"):
        return " or ".join(dict.fromkeys(_words(made, each) for each in choices))
    if "enum" in found:
        return " | ".join(str(each) for each in found["enum"] if each is not None)
    kind = found.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_words(made, found.get('items', {}))}"
    return f"{kind}{_bounds(found)}"


def _bounds(found: Schema) -> str:
    least = found.get("minimum", found.get("minLength"))
    most = found.get("maximum", found.get("maxLength"))
    if least is None and most is None:
        return ""
    if least is None or most is None:
        words = f"up to {_number(most)}" if least is None else f"from {_number(least)}"
    else:
        words = f"{_number(least)} to {_number(most)}"
    return f", {words}" + (" characters" if found.get("type") == "string" else "")


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def _example(made: Schema, schema: Schema) -> str:
    """Return a body with the required fields, to be filled in."""
    found = _plain(made, schema)
    if not found:
        return ""
    fields = found.get("properties", {})
    needed = {name: _sample(made, name, fields[name]) for name in found.get("required", ())}
    return json.dumps(needed, ensure_ascii=False)


def _sample(made: Schema, name: str, schema: Schema) -> Any:
    found = _plain(made, schema)
    if "enum" in found:
        return found["enum"][0]
    samples = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
    kind = found.get("type", "string")
    return samples.get(kind if isinstance(kind, str) else kind[0], name.upper())
