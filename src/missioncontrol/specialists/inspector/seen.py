"""A change as the rules see it: each file with its contents and its lines."""

from collections.abc import Iterable, Mapping

import msgspec

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import (
    LINK,
    SUBMODULE,
    ChangedFile,
    Line,
    Lines,
    changed_files,
    changed_lines,
)
from missioncontrol.specialists.kinds import HEAD_BYTES, Kind, classified

FILES_MAX = 1_000
"""Whose contents are read; of more, only names and modes are looked at."""

BLOB_BYTES_MAX = 1024 * 1024
ALL_BYTES_MAX = 32 * 1024 * 1024


class Seen(msgspec.Struct, frozen=True):
    """One changed file."""

    file: ChangedFile
    kind: Kind
    size: int  # bytes; 0 of a file that is gone
    size_before: int
    content: bytes  # b"" of a file that is gone, too large, or no regular file or link
    lines: Lines

    @property
    def is_regular(self) -> bool:
        """Whether there is a file now, and not a link or a submodule."""
        return self.file.mode not in (LINK, SUBMODULE, "000000")


class Change(msgspec.Struct, frozen=True):
    """All that differs between two commits."""

    base: str
    commit: str
    files: tuple[Seen, ...]
    unread: int  # files of which only the name was looked at, because there are so many
    has_process: bool  # tasks and their documents are stored in the repository

    @property
    def added(self) -> int:
        """Lines that it has more."""
        return sum(len(each.lines.added) for each in self.files)

    @property
    def removed(self) -> int:
        """Lines that it has less."""
        return sum(len(each.lines.removed) for each in self.files)


def seen(lent: Lent, base: str, commit: str) -> Change:
    """Read the change."""
    files = changed_files(lent, base, commit)
    near = files[:FILES_MAX]
    blobs = {blob for each in near for blob in _blobs(each)}
    sizes = _sizes(lent, blobs)
    contents = _contents(lent, sizes)
    found = [_seen(lent, each, sizes, contents) for each in near]
    # There may be no room for some among the others.
    left = {blob for blob, size in sizes.items() if size <= BLOB_BYTES_MAX} - contents.keys()
    unread = sum(1 for each in near if left.intersection(_blobs(each)))
    found += [_seen(lent, each, {}, {}) for each in files[FILES_MAX:]]
    listed = lent.git("ls-tree", "--name-only", base, "--", ".mission/sop.toml")
    unread += len(files) - len(near)
    return Change(base, commit, tuple(found), unread, bool(listed.strip()))


def _blobs(file: ChangedFile) -> Iterable[str]:
    sides = ((file.mode_before, file.blob_before), (file.mode, file.blob))
    return [blob for mode, blob in sides if mode not in ("000000", SUBMODULE)]


def _sizes(lent: Lent, blobs: Iterable[str]) -> dict[str, int]:
    asked = "".join(f"{blob}\n" for blob in sorted(blobs)).encode()
    output = lent.git("cat-file", "--batch-check", stdin=asked).decode()
    lines = [line.split(" ") for line in output.splitlines()]
    return {blob: int(size) for blob, kind, size in lines if kind == "blob"}


def _contents(lent: Lent, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """Return what blobs hold, the small ones first while there is room."""
    room, wanted = ALL_BYTES_MAX, []
    for blob, size in sorted(sizes.items(), key=lambda each: (each[1], each[0])):
        if size > BLOB_BYTES_MAX or size > room:
            break
        room -= size
        wanted.append(blob)
    asked = "".join(f"{blob}\n" for blob in wanted).encode()
    output = lent.git("cat-file", "--batch", stdin=asked) if wanted else b""
    found: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        at = output.index(b"\n", at) + 1
        found[blob] = output[at : at + sizes[blob]]
        at += sizes[blob] + 1
    return found


def _seen(
    lent: Lent, file: ChangedFile, sizes: Mapping[str, int], contents: Mapping[str, bytes]
) -> Seen:
    content = contents.get(file.blob, b"")
    head = content or contents.get(file.blob_before, b"")
    kind = classified(file.path, head[:HEAD_BYTES])[1]
    lines = _lines(lent, file, contents) if kind != "binary" else Lines()
    size = sizes.get(file.blob, 0)
    return Seen(file, kind, size, sizes.get(file.blob_before, 0), content, lines)


def _lines(lent: Lent, file: ChangedFile, contents: Mapping[str, bytes]) -> Lines:
    before, after = contents.get(file.blob_before), contents.get(file.blob)
    if LINK in (file.mode, file.mode_before):
        return Lines()
    if file.kind == "added" and after is not None:
        return Lines(added=_all(after))
    if file.kind == "deleted" and before is not None:
        return Lines(removed=_all(before))
    if before is None or after is None:
        return Lines()
    return changed_lines(lent, file)


def _all(content: bytes) -> tuple[Line, ...]:
    text = content.decode("utf-8", "replace")
    return tuple(Line(n, line) for n, line in enumerate(text.split("\n"), 1) if line)
