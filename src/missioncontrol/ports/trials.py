"""What a trial of an agent is made of: files to begin at, and commands that hold what it left."""

from collections.abc import Mapping

import msgspec


class File(msgspec.Struct, frozen=True):
    """A file of a snapshot."""

    content: bytes  # of a link: where it leads to
    is_executable: bool = False
    is_link: bool = False


Files = Mapping[str, File]
"""By path, with `/` between its parts."""


class Check(msgspec.Struct, frozen=True):
    """A command that has to pass on what an agent left."""

    name: str
    argv: tuple[str, ...]
    seconds_max: float
    passes_before: bool  # whether it has to pass on the snapshot too; else it has to fail there
    says: str = ""  # what it has to print, besides ending with status 0
