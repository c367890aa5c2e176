"""JSON values for expressions: converted both ways within bounds, and their members followed."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec

from missioncontrol.adapters.expressions.tree import Path

LEVELS_MAX = 100  # deeper data would overflow the stack of the library
RESULT_BYTES_MAX = 1_000_000  # of the result as JSON
UNITS_PER_VALUE = 16  # one unit is about 10 ns of work; a character of text is one
# Which members of a name are asked for: None is all of them.
Wanted = dict[str, "Wanted"] | None
_SHOWN_MAX = 8  # members that are named where one is missing


class Misfit(Exception):
    """A value that does not fit into, or out of, an expression; the text says which."""


class Measure(msgspec.Struct, frozen=True):
    """How much there is in a value."""

    units: float  # of work that reading it once takes
    items: int  # in the largest list or object in it; 0 for a single value
    most: float  # the largest whole number in it
    has_repeats: bool  # a text in it may be a regular expression with counted or wide parts


def wanted(paths: Iterable[Path]) -> dict[str, Wanted]:
    """Return the members that these chains ask for, as far as they are members of objects."""
    root: dict[str, Wanted] = {}
    for path in paths:
        within: dict[str, Wanted] = root
        for place, key in enumerate(path):
            is_last = place + 1 == len(path) or not isinstance(path[place + 1], str)
            known = within.get(str(key), {})
            if is_last or known is None:
                within[str(key)] = None
                break
            within[str(key)] = known
            within = known
    return root


def picked(value: Any, members: Wanted) -> Any:
    """Return `value` with only the members asked for, where it is an object."""
    is_plain = type(value) is dict  # Asked first: the other question takes ten times as long.
    if not is_plain and not isinstance(value, Mapping):
        return value
    if members is None:
        return value if is_plain else {key: picked(value[key], None) for key in value}
    return {key: picked(value[key], below) for key, below in members.items() if key in value}


def measure_value(value: Any) -> Measure:
    """Measure a JSON value.

    Raises:
        Misfit: the library would crash on it, or change it.
    """
    units, items, most, has_repeats = 0.0, 0, 0.0, False
    level = [value]
    for _ in range(LEVELS_MAX):
        below: list[Any] = []
        for each in level:
            units += UNITS_PER_VALUE
            if isinstance(each, str):
                units += _length(each)
                has_repeats = has_repeats or "{" in each or "\\p" in each or "\\P" in each
            elif isinstance(each, dict):
                items = max(items, len(each), 1)
                for key in each:
                    units += UNITS_PER_VALUE + _length(key)
                below.extend(each.values())
            elif isinstance(each, list):
                items = max(items, len(each), 1)
                below.extend(each)
            elif isinstance(each, int):
                most = max(most, _in_range(each))
        if not below:
            return Measure(units, items, most, has_repeats)
        level = below
    raise Misfit(f"lists and objects lie more than {LEVELS_MAX} levels deep in what it refers to")


def _length(text: str) -> int:
    # The library takes a text as a C string: it would end at the first zero.
    if "\0" in text:
        raise Misfit(f"the text {text[:40]!r} has a zero character (U+0000) in it")
    if not text.isascii():
        refuse_surrogates(text)
    return len(text)


def refuse_surrogates(text: str) -> None:
    """Refuse a text with half of a character in it, which can't be written as UTF-8.

    Raises:
        Misfit: naming the half.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Misfit(_half(error)) from error


def _half(error: UnicodeEncodeError) -> str:
    code = ord(error.object[error.start])
    return f"there is half of a character (U+{code:04X}) in a text"


def _in_range(number: int) -> float:
    # Beyond these, the library refuses the whole value without saying where.
    if not -(2**63) <= number < 2**63:
        raise Misfit(f"the whole number {_cut(str(number))} needs more than 64 bits")
    return float(number)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def read_out(value: Any) -> Any:
    """Return a result of the library as plain JSON, the keys of objects in order.

    The library's own order is another one in every process.

    Raises:
        Misfit: it is none.
    """
    if isinstance(value, list):
        return [read_out(each) for each in value]
    if isinstance(value, dict):
        return {key: read_out(value[key]) for key in sorted(map(_key, value))}
    return _single(value)


def refuse_large(result: Any) -> None:
    """Refuse a JSON value that is more than a result may be.

    Raises:
        Misfit: naming its size.
    """
    if not isinstance(result, str | list | dict):
        return
    try:
        size = len(msgspec.json.encode(result))
    except RecursionError:
        raise Misfit("lists and objects lie too deep within its result") from None
    except UnicodeEncodeError as error:
        raise Misfit(_half(error)) from error
    if size > RESULT_BYTES_MAX:
        raise Misfit(f"its result takes {size:,} bytes; at most {RESULT_BYTES_MAX:,} can be used")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise Misfit(f"its result has the key {key!r}, and the keys of JSON objects are strings")
    return key


def _single(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise Misfit(f"its result is {value}, which JSON does not have")
        return value
    raise Misfit(f"its result is {_NOT_JSON.get(type(value).__name__, 'not a value')}")


_NOT_JSON = {
    "bytearray": "bytes; put string(…) or base64.encode(…) around them",
    "bytes": "bytes; put string(…) or base64.encode(…) around them",
    "datetime": "a timestamp; put string(…) around it",
    "timedelta": "a duration; put string(…) around it",
    "Type": "a type; compare it with one, as in type(a) == int",
}


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
