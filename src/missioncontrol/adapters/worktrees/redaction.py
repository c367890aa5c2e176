"""Removes secrets from the changed files of a tree before they become a commit."""

import asyncio
from collections.abc import Callable, Iterator

import msgspec

from missioncontrol.adapters.git import LIST_BYTES_MAX, PATCH_BYTES_MAX
from missioncontrol.adapters.worktrees.state import SUBMODULE, TreeState

Scrub = Callable[[str], str]

PORTION_BYTES = 16 * 1024 * 1024
"""Bytes read at once; a larger file is read alone."""

FILE_BYTES_MAX = PATCH_BYTES_MAX
"""A larger file is committed unchecked; a patch can't contain it either."""


class _Entry(msgspec.Struct, frozen=True):
    """A changed file in our index."""

    mode: str
    blob: str
    path: str
    size: int = 0


async def redact(state: TreeState, scrub: Scrub) -> None:
    """Replace changed files with secrets in our index by files without them.

    Raises:
        AttemptFailed: `worktree.failed`.
    """
    entries = await _changed(state)
    lines: list[bytes] = []
    for portion in _portions(entries):
        ids = "".join(f"{each.blob}\n" for each in portion).encode()
        room = sum(each.size for each in portion) + LIST_BYTES_MAX
        output = await state.git("cat-file", "--batch", stdin=ids, bytes_max=room)
        for each, content in await asyncio.to_thread(_redacted, portion, output, scrub):
            made = await state.git("hash-object", "-w", "--stdin", stdin=content)
            head = f"{each.mode} {made.decode().strip()}\t{each.path}\0"
            lines.append(head.encode("utf-8", "surrogateescape"))
    if lines:
        await state.git("update-index", "-z", "--index-info", stdin=b"".join(lines))


async def _changed(state: TreeState) -> list[_Entry]:
    """Return the existing files that differ from the base, with their sizes."""
    options = ("--cached", "--no-renames", "--raw", "--no-abbrev", "-z", "--ignore-submodules=all")
    raw = (await state.git("diff-index", *options, state.base)).decode("utf-8", "surrogateescape")
    parts = raw.split("\0")
    found: list[_Entry] = []
    for head, path in zip(parts[0::2], parts[1::2], strict=False):
        _, mode, _, blob, letter = head.lstrip(":").split(" ")
        if letter != "D" and mode != SUBMODULE:
            found.append(_Entry(mode, blob, path))
    ids = "".join(f"{each.blob}\n" for each in found).encode()
    sizes = (await state.git("cat-file", "--batch-check=%(objectsize)", stdin=ids)).split()
    return [
        msgspec.structs.replace(each, size=int(size))
        for each, size in zip(found, sizes, strict=True)
    ]


def _portions(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    portion: list[_Entry] = []
    size = 0
    for each in entries:
        if each.size > FILE_BYTES_MAX:
            continue
        if portion and size + each.size > PORTION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += each.size
    if portion:
        yield portion


def _redacted(portion: list[_Entry], output: bytes, scrub: Scrub) -> list[tuple[_Entry, bytes]]:
    """Return the files with secrets, redacted; `output` is that of `cat-file --batch`."""
    found: list[tuple[_Entry, bytes]] = []
    place = 0
    for each in portion:
        place = output.index(b"\n", place) + 1
        content = output[place : place + each.size].decode("utf-8", "surrogateescape")
        place += each.size + 1
        if (without := scrub(content)) != content:
            found.append((each, without.encode("utf-8", "surrogateescape")))
    return found
