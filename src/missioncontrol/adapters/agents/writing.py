"""Writes files for a program in a directory that the program can change too."""

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath


def write_below(top: Path, name: str, content: bytes) -> None:
    """Write a file for its owner alone; no link that the program left leads out of `top`.

    Raises:
        OSError: it can't be written, or a part of the path is a link or a file.
    """
    *folders, last = PurePosixPath(name).parts
    place = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700, dir_fd=place)
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        with suppress(FileNotFoundError):
            os.unlink(last, dir_fd=place)
        file = os.open(last, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=place)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
    finally:
        os.close(place)
