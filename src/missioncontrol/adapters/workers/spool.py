"""One lease on the disk of a worker: its assignment, its messages, and its processes.

Messages stay until the server acknowledges them, so neither a lost connection nor the end of either
side loses one.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.workers import messages
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.wire import Done, LogMessage, Moved, Refused, Used
from missioncontrol.ports.workers import MESSAGE_BYTES_MAX, Given, Lease, Message, Numbered

PENDING_BYTES_MAX = 64 * 1024 * 1024
"""Lines of output beyond it are dropped and counted until the server is reachable again."""

BATCH_BYTES_MAX = 1024 * 1024
FILE_BYTES_MAX = 4 * 1024 * 1024
"""A larger file is rewritten when most of it is acknowledged."""

MESSAGE_OVERHEAD = 256
"""Bytes that each message takes in memory besides its content."""

PROGRESS_MAX = 100
"""Pending messages beyond which progress is dropped."""

MESSAGES_FILE = "said.jsonl"
_decode = msgspec.json.Decoder(Numbered).decode


class Spool:
    """The folder of one lease."""

    def __init__(self, folder: Path, given: Given) -> None:
        """Use `begin` or `load`."""
        self.folder = folder
        self.given = given
        self.heard = 0  # the last message that the server has
        self.number = 0  # of the newest message
        self.ending: Done | Refused | None = None
        self._usages = 0
        self._lines = 0
        self._dropped = 0
        self._pending: dict[int, bytes] = {}
        self._size = 0
        self._file = (folder / MESSAGES_FILE).open("ab", buffering=0)

    @classmethod
    def begin(cls, folder: Path, given: Given) -> "Spool":
        """Record a lease before its work starts."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder / "order.json", msgspec.json.encode(given))
        return cls(folder, given)

    @classmethod
    def load(cls, folder: Path) -> "Spool | None":
        """Return the lease of an earlier worker process, or None if there is none."""
        try:
            given = msgspec.json.decode((folder / "order.json").read_bytes(), type=Given)
        except (OSError, msgspec.DecodeError):
            return None
        spool = cls(folder, given)
        spool._read()
        return spool

    @property
    def lease(self) -> Lease:
        """The lease of the attempt."""
        return self.given.lease

    @property
    def is_reported(self) -> bool:
        """Whether the server has all messages so far."""
        return not self._pending

    def add(self, message: Message) -> None:
        """Store a message until it is acknowledged; nothing follows the end of the attempt.

        Raises:
            AttemptFailed: `worker.unsayable`: the server could not decode it.
        """
        if self.ending is not None or self._is_dropped(message):
            return
        count, self._dropped = self._dropped, 0
        if count:
            note = f"{count:,} lines were dropped while the server was unreachable."
            self._put(LogMessage("warning", note))
        self._put(message)

    def _put(self, message: Message) -> None:
        numbered = self._numbered(message)
        line = messages.encode(numbered, "The message")
        messages.check_decodable(line, _decode, "The message")
        self._usages = max(self._usages, numbered.usage)
        self._lines = max(self._lines, numbered.line)
        if len(line) > MESSAGE_BYTES_MAX:
            line, message = self._too_large(len(line))
        self._append(line, is_vital=isinstance(message, Used | Done | Refused))
        self._accept(self.number + 1, line, message)

    def _numbered(self, message: Message) -> Numbered:
        return Numbered(
            self.number + 1,
            message,
            self._usages + 1 if isinstance(message, Used) else 0,
            self._lines + 1 if isinstance(message, LogMessage) else 0,
        )

    def _append(self, line: bytes, *, is_vital: bool) -> None:
        # On a full disk the message stays in memory and is reported from there.
        with suppress(OSError):
            self._file.write(line + b"\n")
            if is_vital:
                os.fsync(self._file.fileno())

    def _is_dropped(self, message: Message) -> bool:
        if isinstance(message, Moved):
            return len(self._pending) >= PROGRESS_MAX
        if isinstance(message, LogMessage) and self._size > PENDING_BYTES_MAX:
            self._dropped += 1
            return True
        return False

    def _too_large(self, size: int) -> tuple[bytes, Refused]:
        refused = Refused(
            "worker.too_large",
            f"The attempt sent a message of {size:,} bytes; {MESSAGE_BYTES_MAX:,} fit.",
            "Store large results as artifacts.",
            retryable=False,
        )
        return msgspec.json.encode(Numbered(self.number + 1, refused)), refused

    def _accept(self, number: int, line: bytes, message: Message) -> None:
        self.number = number
        self._hold(number, line)
        if isinstance(message, Done | Refused):
            self.ending = message

    def _hold(self, number: int, line: bytes) -> None:
        self._drop(number)
        self._pending[number] = line
        self._size += len(line) + MESSAGE_OVERHEAD

    def _drop(self, number: int) -> None:
        line = self._pending.pop(number, None)
        if line is not None:
            self._size -= len(line) + MESSAGE_OVERHEAD

    def replace_ending(self, refused: Refused) -> None:
        """End as failed after all, because the server refused the work."""
        if self.ending is None or self.number not in self._pending:
            return
        line = msgspec.json.encode(Numbered(self.number, refused))
        self._append(line, is_vital=True)
        self._hold(self.number, line)
        self.ending = refused

    def batch(self) -> tuple[Numbered, ...]:
        """Return the oldest pending messages that fit into one report."""
        return tuple(_decode(line) for line in self._some())

    def _some(self) -> Iterator[bytes]:
        size = 0
        for line in self._pending.values():
            size += len(line)
            if size > BATCH_BYTES_MAX and size > len(line):
                return
            yield line

    def acknowledge(self, number: int) -> None:
        """Drop all messages up to `number`."""
        for old in [each for each in self._pending if each <= number]:
            self._drop(old)
        self.heard = max(self.heard, number)
        with suppress(OSError):  # Without it, messages are reported again, which has no effect.
            _write(self.folder / "heard", str(self.heard).encode(), is_vital=False)
            if self._file.tell() > max(FILE_BYTES_MAX, 2 * self._size):
                self._rewrite()

    def _rewrite(self) -> None:
        """Rewrite the file without acknowledged messages; their counts go to files of their own."""
        _write(self.folder / "heard", str(self.heard).encode())
        _write(self.folder / "usages", str(self._usages).encode())
        _write(self.folder / "lines", str(self._lines).encode())
        _write(
            self.folder / MESSAGES_FILE, b"".join(line + b"\n" for line in self._pending.values())
        )
        self._file.close()
        self._file = (self.folder / MESSAGES_FILE).open("ab", buffering=0)

    def record(self, process: ProcessHandle) -> None:
        """Record a process before it executes anything."""
        with (self.folder / "processes.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(process) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def processes(self) -> list[ProcessHandle]:
        """Return the recorded processes."""
        found = []
        with suppress(OSError):
            for line in (self.folder / "processes.jsonl").read_bytes().splitlines():
                with suppress(
                    msgspec.DecodeError
                ):  # The process of a cut line never started: its gate stayed closed.
                    found.append(msgspec.json.decode(line, type=ProcessHandle))
        return found

    def close(self) -> None:
        """Close the file; the folder stays."""
        self._file.close()

    def remove(self) -> None:
        """Remove the lease, whose end the server has processed."""
        self.close()
        (self.folder / "order.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> None:
        self.heard = self.number = _number_in(self.folder / "heard")
        self._usages = _number_in(self.folder / "usages")
        self._lines = _number_in(self.folder / "lines")
        for line in (self.folder / MESSAGES_FILE).read_bytes().splitlines():
            try:
                numbered = _decode(line)
            except msgspec.DecodeError:
                break  # The worker ended while it wrote this line.
            self._usages = max(self._usages, numbered.usage)
            self._lines = max(self._lines, numbered.line)
            if isinstance(numbered.message, Done | Refused):
                self.ending = numbered.message
            if numbered.number > self.heard:
                self._accept(numbered.number, line, numbered.message)
        self._repair()

    def _repair(self) -> None:
        """Remove a cut line from the file, so the next one starts on a new line."""
        content = (self.folder / MESSAGES_FILE).read_bytes()
        if content and not content.endswith(b"\n"):
            self._file.truncate(content.rfind(b"\n") + 1)


def _number_in(file: Path) -> int:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _write(file: Path, content: bytes, *, is_vital: bool = True) -> None:
    """Write a small file atomically."""
    draft = file.with_name(f".{file.name}")
    with draft.open("wb") as opened:
        opened.write(content)
        opened.flush()
        if is_vital:
            os.fsync(opened.fileno())
    draft.replace(file)
