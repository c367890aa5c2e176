"""The tree of a compiled CEL expression, read from its serialised form."""

from collections.abc import Callable, Iterator

import msgspec

# Field numbers are those of cel/expr/checked.proto and syntax.proto of the CEL specification.


class Constant(msgspec.Struct, frozen=True):
    value: str | int | bytes | None  # None for other kinds: nothing asks for their values


class Name(msgspec.Struct, frozen=True):
    name: str


class Member(msgspec.Struct, frozen=True):
    of: "Node"
    key: str
    is_test: bool  # has(of.key)


class Call(msgspec.Struct, frozen=True):
    function: str  # `_+_` for an operator; macros are expanded already
    arguments: tuple["Node", ...]  # the one that a method is called on comes first


class Listed(msgspec.Struct, frozen=True):
    elements: tuple["Node", ...]


class Mapped(msgspec.Struct, frozen=True):
    """A map or message literal: keys and values, a message's field names left out."""

    parts: tuple["Node", ...]
    names: tuple[str, ...] | None = None  # keys of a map that certainly has just these
    values: tuple["Node", ...] = ()  # beside the names


class Loop(msgspec.Struct, frozen=True):
    """A macro: goes through `over`, replacing `total` by `step` each time; then gives `result`."""

    variables: tuple[str, ...]
    over: "Node"
    total: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


Node = Constant | Name | Member | Call | Listed | Mapped | Loop
Path = tuple[str | int, ...]

_GUARDED = {"_?._", "_[?_]"}
_INDEXED = {"_[_]"} | _GUARDED


def read_tree(serialized: bytes) -> Node:
    """Return the tree of what `Expression.serialize` gave: an Any that holds a CheckedExpr."""
    checked = _message(serialized, 2)
    return _node(_message(checked, 4))


def path_of(node: Node, *, guarded: bool) -> Path | None:
    """Return the chain of members that a node is, beginning with a name; None for anything else.

    With `guarded`, chains that ask whether a member is there count as well: `has(a.b)`, `a.?b`.
    """
    match node:
        case Name(name):
            return (name,)
        case Member(of, key, is_test) if guarded or not is_test:
            before = path_of(of, guarded=guarded)
            return None if before is None else (*before, key)
        case Call(function, (of, Constant(str() | int() as key))) if function in _INDEXED:
            before = path_of(of, guarded=guarded)
            is_allowed = before is not None and (guarded or function not in _GUARDED)
            return (*before, key) if before is not None and is_allowed else None
    return None


def paths_in(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Yield the chains that begin with a name which no macro in the expression declares."""
    path = path_of(node, guarded=True)
    if path is not None:
        name = str(path[0])
        if name.startswith("."):
            yield (name[1:], *path[1:])
        elif name not in bound:
            yield path
        return
    for child, declared in children(node):
        yield from paths_in(child, bound | declared)


def nodes_in(node: Node) -> Iterator[Node]:
    """Yield the node and all below it."""
    yield node
    for child, _ in children(node):
        yield from nodes_in(child)


_NOTHING: frozenset[str] = frozenset()


def children(node: Node) -> list[tuple[Node, frozenset[str]]]:
    """Return what is below a node, each with the names that the node declares for it."""
    match node:
        case Member(of):
            return [(of, _NOTHING)]
        case Call(_, below) | Listed(below) | Mapped(below):
            return [(each, _NOTHING) for each in below]
        case Loop(variables, over, total, start, condition, step, result):
            inside = frozenset((*variables, total))
            return [
                (over, _NOTHING),
                (start, _NOTHING),
                (condition, inside),
                (step, inside),
                (result, frozenset((total,))),
            ]
    return []


# The wire format of protocol buffers, as far as it occurs here


def _varint(data: bytes, place: int) -> tuple[int, int]:
    byte = data[place]
    place += 1
    number, shift = byte & 0x7F, 7
    while byte >= 0x80:
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        shift += 7
    return number, place


def _fields(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, integer and bytes of each field; a field has the one or the other."""
    place, end = 0, len(data)
    while place < end:
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            integer, place = _varint(data, place)
            yield tag >> 3, integer, b""
            continue
        if kind == 2:
            size, place = _varint(data, place)
        else:
            size = 8 if kind == 1 else 4
        yield tag >> 3, 0, data[place : place + size]
        place += size


def _message(data: bytes, field: int) -> bytes:
    return next((content for number, _, content in _fields(data) if number == field), b"")


def _node(data: bytes) -> Node:
    for number, _, content in _fields(data):
        if number in _READERS:
            return _READERS[number](content)
    return Constant(None)


def _constant(data: bytes) -> Constant:
    for number, integer, content in _fields(data):
        if number in (6, 7):
            return Constant(content.decode() if number == 6 else content)
        if number == 3:
            return Constant(integer - (1 << 64) if integer >> 63 else integer)
    return Constant(None)


def _name(data: bytes) -> Name:
    return Name(_message(data, 1).decode())


def _member(data: bytes) -> Member:
    is_test = any(number == 3 and integer for number, integer, _ in _fields(data))
    return Member(_node(_message(data, 1)), _message(data, 2).decode(), is_test)


def _call(data: bytes) -> Call:
    function, arguments = "", []
    for number, _, content in _fields(data):  # The target has number 1 and comes first.
        if number == 2:
            function = content.decode()
        else:
            arguments.append(_node(content))
    return Call(function, tuple(arguments))


def _listed(data: bytes) -> Listed:
    return Listed(tuple(_node(content) for number, _, content in _fields(data) if number == 1))


def _mapped(data: bytes) -> Mapped:
    entries = [list(_fields(content)) for number, _, content in _fields(data) if number == 2]
    below = [(number, _node(c)) for entry in entries for number, _, c in entry if number in (3, 4)]
    parts = tuple(node for _, node in below)
    keys = [node for number, node in below if number == 3]
    names = tuple(each.value for each in keys if isinstance(each, Constant))
    is_optional = any(number == 5 and is_so for entry in entries for number, is_so, _ in entry)
    texts = tuple(name for name in names if isinstance(name, str))
    if len(texts) < len(entries) or is_optional:
        return Mapped(parts)
    return Mapped(parts, texts, tuple(node for number, node in below if number == 4))


def _loop(data: bytes) -> Loop:
    parts = {number: content for number, _, content in _fields(data)}
    variables = tuple(parts[number].decode() for number in (1, 8) if parts.get(number))
    over, start, condition, step, result = (
        _node(parts.get(number, b"")) for number in (2, 4, 5, 6, 7)
    )
    return Loop(variables, over, parts[3].decode(), start, condition, step, result)


_READERS: dict[int, Callable[[bytes], Node]] = {
    3: _constant,
    4: _name,
    5: _member,
    6: _call,
    7: _listed,
    8: _mapped,
    9: _loop,
}
