"""What the journal has to know of a concept of the domain to decide its commands."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from missioncontrol.domain.errors import NotFound

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


class Concept(msgspec.Struct, Generic[S, C, E], frozen=True):
    """A kind of stream: how its commands are decided and its events are folded."""

    decide: Callable[[C, S | None, float], list[Any]]  # (command, state, now)
    evolve: Callable[[S | None, Any, float], S]  # (state, event, at)
    unknown: Callable[[str], NotFound]  # says that there is no such stream
