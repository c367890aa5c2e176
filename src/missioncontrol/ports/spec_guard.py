"""Checks a range of commits against the rules and specs of its repository."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class Objection(msgspec.Struct, frozen=True):
    """A rule holds for a file, and no current spec speaks of it; texts that everything takes."""

    rule: str
    message: str
    path: str
    line: int  # from 1; 0 where it is about the whole file
    remedy: str
    is_error: bool  # else it is to be thought about


class SpecGuard(Protocol):
    """Answers the same as `mission guard --range`."""

    def objections(
        self, repository: Path, base: str, commit: str, *, seconds: float
    ) -> Sequence[Objection]:
        """Return what stands against the commits after `base` up to `commit`, within `seconds`.

        Raises:
            Rejected: `guard.bad_rules`, `guard.bad_spec`, `guard.no_commit`.
            Unavailable: `guard.unreadable`, `guard.too_slow`.
        """
        ...
