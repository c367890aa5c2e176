"""Texts with `${{ expressions }}` in nested values, and what their expressions name."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from missioncontrol.domain.definition.fault import Place
from missioncontrol.domain.expression import Reference, calls, references

REMEMBERED = 4096
MARK = "${{"


def texts_in(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every text in a plain value with its place, in order; keys are none."""
    todo: list[tuple[Place, Any]] = [(place, value)]
    while todo:
        where, part = todo.pop()
        match part:
            case str():
                yield where, part
            case dict():
                todo.extend(((*where, key), each) for key, each in reversed(part.items()))
            case list() | tuple():
                todo.extend(((*where, n), part[n]) for n in reversed(range(len(part))))
            case _:
                pass


def is_template(value: Any) -> bool:
    """Whether anything in a plain value has to be worked out, or written otherwise, at run time."""
    return any(MARK in text for _, text in texts_in(value))


@lru_cache(REMEMBERED)
def references_in(source: str) -> tuple[Reference, ...]:
    """See `missioncontrol.domain.expression.references`."""
    return references(source)


@lru_cache(REMEMBERED)
def calls_in(source: str) -> frozenset[str]:
    """See `missioncontrol.domain.expression.calls`."""
    return calls(source)
