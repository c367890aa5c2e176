"""Where the hidden part of this machine begins."""

import os
from collections.abc import Iterator


def open_parts(top: str, hidden: tuple[str, ...]) -> Iterator[str]:
    """Yield what lies in `top` and not in `hidden`, each directory as a whole where it can be.

    Landlock only knows what is allowed, with all that lies below. So next to a hidden directory
    its neighbours are listed, and those of each directory above it. Links are left out: what they
    lead to is open, or not, by its own place.
    """
    if any(is_within(top, each) for each in hidden):
        return
    if not any(is_within(each, top) for each in hidden):
        yield top
        return
    try:
        with os.scandir(top) as entries:
            found = [entry.path for entry in entries if not entry.is_symlink()]
    except OSError:
        return  # What we can't list, a program of ours can't either.
    for path in found:
        yield from open_parts(path, hidden)


def is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
