"""Follows a chain of members through JSON values, and finds where it breaks."""

from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.adapters.expressions.tree import Path
from missioncontrol.adapters.expressions.values import Misfit, picked

_SHOWN_MAX = 8  # members that are named where one is missing


def follow(data: Any, path: Path) -> tuple[Any, int]:
    """Return the last value that the path reaches, and how many of its keys were found."""
    for place, key in enumerate(path):
        is_member = isinstance(data, dict | Mapping) and key in data
        is_item = isinstance(data, list) and isinstance(key, int) and 0 <= key < len(data)
        if not is_member and not is_item:
            return data, place
        data = data[key]
    return data, len(path)


def looked_up(names: Mapping[str, Any], path: Path) -> Any:
    """Return what stands at the end of a chain: the value itself, not a copy.

    Raises:
        Misfit: naming the member that is missing, and those that there are.
    """
    value, found = follow(names, path)
    if found < len(path):
        raise Misfit(_absence(value, path, found))
    return picked(value, None)


def missing(data: Any, paths: Sequence[Path], key: str | None) -> str:
    """Say where a chain breaks off at the member `key`, or at any in what is no object; or ""."""
    for path in paths:
        value, found = follow(data, path)
        if found == len(path):
            continue
        if path[found] == key if isinstance(value, Mapping) else key is None:
            return _absence(value, path, found)
    return ""


def _absence(value: Any, path: Path, place: int) -> str:
    """Say that `value`, which stands before the member at `place`, does not have it."""
    key = path[place]
    if not place:
        return f"{key!r} is not known here"
    before = written(path[:place])
    if isinstance(value, list):
        return f"{before} is a list of {len(value)} and has no {key!r}"
    if not isinstance(value, Mapping):
        return f"{before} is {_named(value)} and has no {key!r}"
    known = sorted(map(str, value))
    more = f" and {len(known) - _SHOWN_MAX} more" if len(known) > _SHOWN_MAX else ""
    has = f"it has {', '.join(known[:_SHOWN_MAX])}{more}" if known else "it is empty"
    return f"{before} has no {key!r}; {has}"


def _named(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    return "a string" if isinstance(value, str) else "a number"


def written(path: Path) -> str:
    """Return a chain as it is written in an expression."""
    text = str(path[0])
    for key in path[1:]:
        is_plain = isinstance(key, str) and key.isidentifier() and key.isascii()
        text += f".{key}" if is_plain else f"[{key!r}]"
    return text
