"""Where the values within an expression come from: which members it takes of what it was given.

Variables of macros, `cel.bind`, and objects and lists that the expression builds itself are
followed as far as it is certain. What is not certain is left out.
"""

from collections.abc import Iterator, Mapping

import msgspec

from missioncontrol.adapters.expressions.tree import (
    Call,
    Constant,
    Listed,
    Loop,
    Mapped,
    Member,
    Name,
    Node,
    Path,
    children,
    path_of,
)

Legs = tuple[Path, ...]
"""A chain from a name to a list, then from an item of it on, and so forth."""


class Many(msgspec.Struct, frozen=True):
    """A list that the expression makes, of items that all come from the same."""

    item: "Origin"


class Built(msgspec.Struct, frozen=True):
    """An object that the expression makes, and where its members come from."""

    members: dict[str, "Origin"]


class Missing(msgspec.Struct, frozen=True):
    """A member that an object made by the expression does not have."""

    member: str
    known: tuple[str, ...]


Origin = Legs | Many | Built | None
Known = Mapping[str, Origin]
"""Where the variables that hold at some place come from."""

_SAME_LIST = frozenset({"reverse", "distinct", "slice", "sort", "@sortByAssociatedKeys"})
_SAME_VALUE = frozenset({"dyn", "value", "optional.of"})


def find_members(node: Node, known: Known) -> Iterator[Legs | Missing]:
    """Yield the members read from variables, items and objects of the expression.

    Chains that begin with a name of the surroundings and go on with members alone are left out.
    """
    base, keys = _chain(node)
    if keys:
        is_variable = isinstance(base, Name) and base.name in known
        if is_variable or not isinstance(base, Name):
            yield from _end(_origin(base, known), keys)
    if isinstance(base, Loop):
        yield from _find_members_in_loop(base, known)
        return
    for child, _ in children(base):
        yield from find_members(child, known)


def _find_members_in_loop(loop: Loop, known: Known) -> Iterator[Legs | Missing]:
    inside = _inside(loop, known)
    for child in (loop.over, loop.start):
        yield from find_members(child, known)
    for child in (loop.condition, loop.step):
        yield from find_members(child, inside)
    yield from find_members(loop.result, _after(loop, known))


def _chain(node: Node) -> tuple[Node, list[tuple[str | int, bool]]]:
    """Take the members off a chain: return what it begins with, and them with whether each is sure.

    One is not sure where the expression asks whether it is there: `has(a.b)`, `a.?b`.
    """
    keys: list[tuple[str | int, bool]] = []
    while True:
        match node:
            case Member(of, key, is_test):
                keys.append((key, not is_test))
                node = of
            case Call("_[_]", (of, Constant(str() | int() as key))):
                keys.append((key, True))
                node = of
            case Call("_?._" | "_[?_]", (of, Constant(str() | int() as key))):
                keys.append((key, False))
                node = of
            case _:
                return node, keys[::-1]


def _end(origin: Origin, keys: list[tuple[str | int, bool]]) -> Iterator[Legs | Missing]:
    """Yield where a chain leads, or the first member on the way that is certainly missing."""
    for key, is_sure in keys:
        if isinstance(origin, Built) and key not in origin.members and is_sure:
            yield Missing(str(key), tuple(origin.members))
        origin = _member(origin, key)
    if isinstance(origin, tuple):
        yield origin


def _member(origin: Origin, key: str | int) -> Origin:
    match origin:
        case Many(item):
            return item if isinstance(key, int) else None
        case Built(members):
            return members.get(str(key))
        case None:
            return None
    return (*origin[:-1], (*origin[-1], key))


def _item(origin: Origin) -> Origin:
    """Return where an item of a list comes from, if it is one."""
    match origin:
        case Many(item):
            return item
        case Built() | None:
            return None
    return (*origin, ())


def _origin(node: Node, known: Known) -> Origin:
    path = path_of(node, guarded=True)
    if path is not None:
        return _of_path(path, known)
    base, keys = _chain(node)
    if keys:
        origin = _origin(base, known)
        for key, _ in keys:
            origin = _member(origin, key)
        return origin
    match node:
        case Call(function, arguments):
            return _of_call(function, arguments, known)
        case Listed(elements):
            found = [_origin(each, known) for each in elements]
            is_one = bool(found) and all(each == found[0] for each in found)
            return Many(found[0]) if is_one else None
        case Mapped(_, names, values) if names is not None:
            members = zip(names, values, strict=True)
            return Built({name: _origin(value, known) for name, value in members})
        case Loop():
            return _of_loop(node, known)
    return None


def _of_path(path: Path, known: Known) -> Origin:
    name = str(path[0])
    if name.startswith("."):
        return ((name[1:], *path[1:]),)
    if name not in known:
        return (path,)
    origin = known[name]
    for key in path[1:]:
        origin = _member(origin, key)
    return origin


def _of_call(function: str, arguments: tuple[Node, ...], known: Known) -> Origin:
    match function, arguments:
        case "_?_:_", (_, one, other):
            origin = _origin(one, known)
            return origin if origin == _origin(other, known) else None
        case (("_[_]" | "_[?_]"), (of, _)):
            return _item(_origin(of, known))
        case (("first" | "last"), (of,)):
            return _item(_origin(of, known))
        case _, (of, *_) if function in _SAME_LIST:
            item = _item(_origin(of, known))
            return None if item is None else Many(item)
        case _, (of,) if function in _SAME_VALUE:
            return _origin(of, known)
    return None


def _of_loop(loop: Loop, known: Known) -> Origin:
    if _is_binding(loop):
        return _origin(loop.result, _after(loop, known))
    element = _collected(loop)
    if element is None or loop.result != Name(loop.total):
        return None
    return Many(_origin(element, _inside(loop, known)))


def _collected(loop: Loop) -> Node | None:
    """Return what is put into the list that a macro makes; None where it makes none."""
    if loop.start != Listed(()):
        return None
    total = Name(loop.total)
    match loop.step:
        case Call("_+_", (before, Listed((element,)))) if before == total:
            return element
        case Call("_?_:_", (_, Call("_+_", (before, Listed((element,)))), other)) if (
            before == total == other
        ):
            return element
    return None


def _is_binding(loop: Loop) -> bool:
    """Whether it goes through nothing: `cel.bind`, which gives a value a name."""
    return loop.over == Listed(()) and loop.step == Name(loop.total)


def _after(loop: Loop, known: Known) -> Known:
    return {**known, loop.total: _origin(loop.start, known) if _is_binding(loop) else None}


def _inside(loop: Loop, known: Known) -> Known:
    # Of two variables the first is the place in the list.
    places: dict[str, Origin] = dict.fromkeys(loop.variables[:-1])
    item = _item(_origin(loop.over, known))
    return {**known, **places, loop.variables[-1]: item, loop.total: None}
