"""Writes the file that a person named: whole or not at all, and never over what is no file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from missioncontrol.cli.formatters import cut
from missioncontrol.domain.errors import Rejected, Unavailable


@contextmanager
def whole_file(name: str, *, option: str = "--output") -> Iterator[BinaryIO]:
    """Open `name` for writing; what was there stays until everything is written.

    Raises:
        Rejected: `export.unwritable`, where another name would do.
        Unavailable: `export.unwritten`, where it broke off.
    """
    target = Path(name)
    try:
        refuse_no_file(name, option)
        # A device or a pipe is written to; putting a file in its place would take it away from
        # everybody. A link stays a link.
        direct = target.is_symlink() or (target.exists() and not target.is_file())
        draft = target if direct else target.with_name(f".{target.name[:40]}.{os.getpid()}")
        if not direct and target.exists():
            target.open("ab").close()  # What is protected from writing is not replaced either.
        file = draft.open("wb" if direct else "xb")
    except OSError as error:
        raise Rejected(
            "export.unwritable",
            f"{cut(name, 200)!r} ({option}) can't be written: {error.strerror}.",
            hint="Name another file.",
        ) from None
    try:
        with file:
            yield file
        if not direct:
            _put_in_place(draft, target)
    except OSError as error:
        raise Unavailable(
            "export.unwritten",
            f"{name!r} ({option}) could not be written to its end: {error.strerror}.",
            hint="Make room, or name another file.",
        ) from None
    finally:
        if not direct:
            draft.unlink(missing_ok=True)


def refuse_no_file(name: str, option: str) -> None:
    """Refuse what can't be the name of a file, before anything is done that it would tell of.

    Raises:
        Rejected: `export.unwritable`.
    """
    target, reason = Path(name), ""
    if not target.name:
        reason = f"{name!r} ({option}) names no file."
    elif target.is_dir():
        reason = f"{name!r} ({option}) is a directory."
    elif not target.parent.is_dir():
        reason = f"{str(target.parent)!r} ({option}) is no directory."
    if reason:
        raise Rejected("export.unwritable", reason, hint="Name a file in a directory that exists.")


def _put_in_place(draft: Path, target: Path) -> None:
    if target.exists():
        draft.chmod(target.stat().st_mode & 0o777)
    draft.replace(target)
