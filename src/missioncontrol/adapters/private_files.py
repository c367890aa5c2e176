"""Files and directories that are their owner's alone, whatever the umask was."""

import os
import stat
from contextlib import suppress
from pathlib import Path

_BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; it gives new ones the mode of the database."""


def private(path: Path) -> Path:
    """Return the path of a database that is about to be opened for writing, made private.

    One that is there is never opened here: to close it would drop the locks that SQLite holds on
    it for this process.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for ending in _BESIDE:
        tighten(path.with_name(f"{path.name}{ending}"), 0o600)
    return path


def tighten(path: Path, mode: int) -> None:
    """Take from others what `mode` does not give; leave alone what is not there, or not ours."""
    with suppress(OSError):
        present = path.lstat()
        is_ours = present.st_uid == os.geteuid() and not stat.S_ISLNK(present.st_mode)
        if present.st_mode & stat.S_ISVTX:
            return  # Such as /tmp: a directory that many share on purpose.
        if is_ours and stat.S_IMODE(present.st_mode) & ~mode:
            path.chmod(stat.S_IMODE(present.st_mode) & mode)
