"""JSON pointers (RFC 6901): follow one into a document, and compare a value with what is there."""

from collections.abc import Iterator
from typing import Any

TOLERANCE = 0.005
"""Facts about shares and seconds are rounded to two places before they are shown."""


class NoSuchPlace(LookupError):
    """The pointer leads nowhere in this document."""


def resolve(document: Any, pointer: str) -> Any:
    """Return what `pointer` leads to.

    Raises:
        NoSuchPlace: a name or number on the way is not there.
    """
    here = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        here = _step(here, name, pointer)
    return here


def _step(here: Any, name: str, pointer: str) -> Any:
    if isinstance(here, dict) and name in here:
        return here[name]
    is_number = name.isascii() and name.isdigit() and (name == "0" or name[0] != "0")
    if isinstance(here, list) and is_number and int(name) < len(here):
        return here[int(name)]
    raise NoSuchPlace(f"{pointer!r} stops at {name!r}")


def agrees(value: str | float, found: Any) -> bool:
    """Whether a fact's value is what the document holds.

    Where the pointer leads to a list or an object, the fact is about something in it: a number may
    count some of its members but not more than all, a text has to occur in it.
    """
    if not isinstance(found, list | dict):
        return _same(value, found)
    if isinstance(value, str):
        return any(value == text or value in text for text in _texts(found))
    is_count = not isinstance(value, bool) and 0 <= value <= len(found)
    return is_count or any(_same(value, each) for each in _leaves(found))


def _texts(found: Any) -> Iterator[str]:
    """Yield the texts inside, and lists of words as the command line they make."""
    for each in _inside(found):
        if isinstance(each, str):
            yield each
        if isinstance(each, list) and all(isinstance(word, str) for word in each):
            yield " ".join(each)


def _leaves(found: Any) -> Iterator[Any]:
    return (each for each in _inside(found) if not isinstance(each, list | dict))


def _inside(found: Any) -> Iterator[Any]:
    """Yield `found` and all that is in it; the stack is our own, as nesting may be deep."""
    todo = [found]
    while todo:
        here = todo.pop()
        yield here
        if isinstance(here, list | dict):
            todo.extend(here.values() if isinstance(here, dict) else here)


def _same(value: str | float, found: Any) -> bool:
    if isinstance(value, bool) or isinstance(found, bool):
        return value is found
    if isinstance(value, int | float) and isinstance(found, int | float):
        return value == found or abs(value - found) <= TOLERANCE
    return bool(value == found)
