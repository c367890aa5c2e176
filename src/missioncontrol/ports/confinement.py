"""What keeps the programs that carry out steps away from the rest of this machine."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Means = Literal["landlock", "sandbox-exec", "none"]


class Confinement(msgspec.Struct, frozen=True):
    """The means by which this machine confines the programs of steps."""

    means: Means
    detail: str = ""  # why there is none, or which part of it is missing
    covers_tcp: bool = False
    covers_signals: bool = False
    covers_sockets: bool = False  # Unix sockets, and all of the network but TCP

    @property
    def is_available(self) -> bool:
        """Whether a step has no access to the data directory, and so can't act as the user."""
        return self.means != "none"

    def statement(self) -> str:
        """Return one or two sentences for the person who starts an engine."""
        if not self.is_available:
            return (
                f"Steps are NOT confined: {self.detail} Every program that a step starts can read "
                "and change the data directory."
            )
        text = f"Steps are confined by {self.means}."
        if self.covers_sockets:
            text = f"{text} Tests of a repository may connect to Unix sockets all the same."
        return f"{text} {self.detail}" if self.detail else text


class Rules(msgspec.Struct, frozen=True):
    """What a program may do: it reads all but `hidden`, and writes where it is allowed to.

    `own` and `reads` open parts of `hidden`; `writes`, which people name, never do. Paths that
    don't exist are left out.
    """

    means: Means
    hidden: tuple[str, ...] = ()
    own: tuple[str, ...] = ()  # directories and files that it may read and write
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    ports: tuple[int, ...] | None = None  # that it may connect to by TCP, and no UDP; None: all
    unix_sockets: bool = False  # whether it may connect to Unix sockets, of anybody


class Sandbox(Protocol):
    """Makes the rules for the programs of one data directory."""

    def rules(
        self,
        *,
        own: Iterable[str | Path] = (),
        reads: Iterable[str | Path] = (),
        writes: Iterable[str | Path] = (),
        ports: Iterable[int] | None = None,
        unix_sockets: bool = False,
    ) -> Rules:
        """Return the rules for a program that is handed these directories and files.

        `own` and `reads` are what an attempt is handed by the engine; `writes` is what its step or
        the declaration of its agent names. `ports` of None are all. `unix_sockets`
        allows it to ask any
        service of the user at a Unix socket, and so have things done that it may not do itself.
        """
        ...
