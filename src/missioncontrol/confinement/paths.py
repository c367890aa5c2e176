"""The paths around hidden directories that rules may open."""

import os
from collections.abc import Iterator


def open_parts(top: str, hidden: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths in `top` that are not in `hidden`, as few as possible.

    Landlock has only rules that allow a path and all below it. So the neighbours of a hidden
    directory are listed one by one, and those of each directory above it. Symbolic links are left
    out: their targets are open, or not, by their own paths.
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
        return  # A directory that we can't list, our programs can't list either.
    for path in found:
        yield from open_parts(path, hidden)


def is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
