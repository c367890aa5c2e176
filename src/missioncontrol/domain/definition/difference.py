"""What two versions of a workflow say differently, by meaning and not by lines."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from missioncontrol.domain.definition.definition import Definition
from missioncontrol.domain.definition.plain import plain

NAMED = ("inputs", "outputs", "steps")
"""Parts that the file gives names to; each of their entries is reported separately."""

_ABSENT: Any = object()


class Field(msgspec.Struct, frozen=True):
    """One value that is different; null where it is not there."""

    name: str  # such as `with.argv`; '' for all of a thing that has no parts
    before: Any
    after: Any


class Change(msgspec.Struct, frozen=True):
    """One thing of a workflow that is different."""

    kind: Literal["added", "removed", "changed", "moved"]
    thing: str  # `steps.publish`, `inputs.tag`, `budget` …
    fields: tuple[Field, ...] = ()


def differences(old: Definition, new: Definition) -> list[Change]:
    """Return what `new` says differently from `old`, top first, then inputs, outputs and steps."""
    before, after = plain(old), plain(new)
    found: list[Change] = []
    for name in dict.fromkeys((*before, *after)):
        if name not in NAMED and name != "version":
            one, other = before.get(name, _ABSENT), after.get(name, _ABSENT)
            found.extend(_change(name, one, other))
    for part in NAMED:
        found.extend(_named(part, before.get(part, {}), after.get(part, {})))
    return found


def _named(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name, _ABSENT), after.get(name, _ABSENT)
        yield from _change(f"{part}.{name}", one, other)
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield Change("moved", part, (Field("order", list(before), list(after)),))


def _change(thing: str, before: Any, after: Any) -> Iterator[Change]:
    if before is _ABSENT or after is _ABSENT:
        kind: Literal["added", "removed"] = "added" if before is _ABSENT else "removed"
        yield Change(kind, thing, tuple(_fields("", before, after)))
    elif found := tuple(_fields("", before, after)):
        yield Change("changed", thing, found)


def _fields(name: str, before: Any, after: Any) -> Iterator[Field]:
    """Yield the values that differ; objects are compared entry by entry."""
    sides = [side for side in (before, after) if side is not _ABSENT]
    if all(isinstance(side, dict) for side in sides) and any(sides):
        one = {} if before is _ABSENT else before
        other = {} if after is _ABSENT else after
        for key in dict.fromkeys((*one, *other)):
            inner = f"{name}.{key}" if name else key
            yield from _fields(inner, one.get(key, _ABSENT), other.get(key, _ABSENT))
    elif not _is_same(before, after):
        yield Field(
            name, None if before is _ABSENT else before, None if after is _ABSENT else after
        )


def _is_same(one: Any, other: Any) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return False
    # 1, 1.0 and true are equal to Python, and three different things in a file.
    return msgspec.json.encode(one) == msgspec.json.encode(other)
