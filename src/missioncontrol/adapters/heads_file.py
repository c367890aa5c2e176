"""Files of signed heads, one JSON line each: appended to, thinned out, and checked when read."""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.signing import SigningKey, is_attested
from missioncontrol.domain.errors import Corrupt
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.log_heads import ExternalHeads, SignedHead

RECENT = 1_000
"""Newest heads that all stay."""

SPREAD = 1_000
"""Older heads that stay, spread evenly over the log: each one vouches for all events before it."""

LINES_MAX = RECENT + SPREAD + 1_000
"""From here on the file is thinned out; the difference makes that rare."""


class HeadsFile:
    """One file; a single process appends to it, any number may read."""

    def __init__(self, path: Path, *, private: bool = True) -> None:
        """With `private`, others may not read the file, also where it was made otherwise."""
        self.path = path
        self._private = private
        self._size = -1  # as this process left it
        self._lines = 0
        self._turn = threading.Lock()

    def append(self, heads: Sequence[SignedHead]) -> None:
        """Write `heads` to the end, durably.

        Raises:
            OSError: the file can't be written.
        """
        content = b"".join(msgspec.json.encode(head) + b"\n" for head in heads)
        with self._turn:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "ab") as file:
                self._look_at(handle)
                file.write(content)
                file.flush()
                os.fsync(handle)
            self._size += len(content)
            self._lines += len(heads)
            if self._lines > LINES_MAX:
                with suppress(OSError):  # The place may allow appending alone.
                    self._thin_out()

    def _look_at(self, handle: int) -> None:
        """Remove a last line that a power cut tore, and count the lines."""
        status = os.fstat(handle)
        if self._private and status.st_mode & 0o077:
            os.fchmod(handle, 0o600)  # Earlier releases made one that others could read.
        if status.st_size == self._size:
            return
        content = _complete_lines(self.path)
        if len(content) < status.st_size:
            os.ftruncate(handle, len(content))
        self._size, self._lines = len(content), content.count(b"\n")

    def _thin_out(self) -> None:
        content = _complete_lines(self.path)
        self._lines = 0  # What can't be thinned out is looked at again after as many lines.
        retained = _thinned(content.splitlines(keepends=True))
        if retained is None:
            return
        draft = self.path.with_name(f"{self.path.name}.draft")
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), self.path.stat().st_mode & 0o777)
            file.write(b"".join(retained))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        self._size, self._lines = sum(map(len, retained)), len(retained)

    def newest(self) -> SignedHead | None:
        """Return the last head, if there is one that can be read."""
        if not self.path.exists():
            return None
        lines = _complete_lines(self.path).splitlines()
        try:
            head = msgspec.json.decode(lines[-1], type=SignedHead) if lines else None
        except msgspec.DecodeError:
            return None
        return head if head is not None and is_signed(head) else None


class FileHeads:
    """Keeps the heads that this data directory signs in the file `path`, with the key in `key`."""

    def __init__(self, path: Path, key: Path) -> None:
        """Use the key in the file `key`, which is made when the first head is signed."""
        self._file = HeadsFile(path)
        self._key = SigningKey(key)
        self.attest = self._key.attest

    def sign(self, head: Head, time: float) -> SignedHead:
        """See `Heads.sign`."""
        moment = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
        unsigned = SignedHead(head.position, head.hash.hex(), moment, "", "")
        key, signature = self.attest(message_of(unsigned))
        signed = msgspec.structs.replace(unsigned, key=key, signature=signature)
        self._file.append([signed])
        return signed

    def ready(self) -> None:
        """See `Heads.ready`."""
        self._key.ready()

    def newest(self) -> SignedHead | None:
        """See `Heads.newest`."""
        return self._file.newest()

    def all(self) -> list[SignedHead]:
        """See `Heads.all`."""
        return read_heads(self._file.path)


def _thinned(lines: list[bytes]) -> list[bytes] | None:
    """Return the lines that stay, or None where they contradict each other: all are evidence."""
    try:
        heads = [msgspec.json.decode(line, type=SignedHead) for line in lines]
    except msgspec.DecodeError:
        return None
    for before, after in pairwise(heads):
        if after.position < before.position:
            return None
        if after.position == before.position and after.hash != before.hash:
            return None
    older = heads[:-RECENT]
    width = older[-1].position - older[0].position + 1
    by_bucket: dict[int, bytes] = {}
    for head, line in zip(older, lines, strict=False):
        by_bucket.setdefault((head.position - older[0].position) * SPREAD // width, line)
    return [*by_bucket.values(), *lines[-RECENT:]]


def read_heads(path: Path) -> list[SignedHead]:
    """Return the heads in a file, each with its signature checked.

    Raises:
        Corrupt: `heads.bad_signature`, `heads.other_key` or `heads.malformed`, naming the line.
    """
    if not path.exists():
        return []
    heads: list[SignedHead] = []
    for number, line in enumerate(_complete_lines(path).splitlines(), start=1):
        try:
            head = msgspec.json.decode(line, type=SignedHead)
        except msgspec.DecodeError:
            raise Corrupt(
                "heads.malformed",
                f"Line {number} of {str(path)!r} is no signed head.",
                hint="Restore the file from a backup.",
            ) from None
        if not is_signed(head):
            raise Corrupt(
                "heads.bad_signature",
                f"The signature in line {number} of {str(path)!r} does not fit.",
                hint="The file was changed; restore it from a backup.",
            )
        if heads and heads[0].key != head.key:
            raise Corrupt(
                "heads.other_key",
                f"Line {number} of {str(path)!r} is signed with another key than those before it.",
                hint="The key or the file was replaced; restore both from a backup.",
            )
        heads.append(head)
    return heads


def read_external_heads(path: Path, home: Home | None, now: float) -> ExternalHeads:
    """Return the heads in a file that people keep elsewhere; none in `home` counts as that.

    Raises:
        Corrupt: see `read_heads`.
    """
    fault = ""
    if home is not None and is_inside(path, home):
        fault = f"{str(path)!r} lies in the data directory, where a forger of the log can write."
    return ExternalHeads(repr(str(path)), read_heads(path), now, fault)


def is_inside(path: Path, home: Home) -> bool:
    """Whether a file lies in a data directory, or is the same file as its own heads."""
    if path.resolve().is_relative_to(home.root.resolve()):
        return True
    return path.exists() and home.heads.exists() and path.samefile(home.heads)


def _complete_lines(path: Path) -> bytes:
    """Return the file up to its last line feed."""
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1]


def is_signed(head: SignedHead) -> bool:
    """Whether the signature of `head` is one of its key."""
    return is_attested(message_of(head), head.key, head.signature)


def message_of(head: SignedHead) -> bytes:
    """Return what is signed."""
    return msgspec.json.encode(("missioncontrol.head/1", head.position, head.hash, head.time))
